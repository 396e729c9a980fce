// llama.cpp (prebuilt, npm `node-llama-cpp` 3.22.1) as the oracle: cuts prompts and continues them greedily.
//   node oracle.mjs FOLDER_WITH_NODE_MODULES MODEL.gguf CASES.json   CASES: [{rendered, n}]
// Prints [{prompt_ids, greedy_ids}] as JSON; stops at the end token (kept) or after n tokens.
import {createRequire} from "node:module";
import {readFileSync, realpathSync} from "node:fs";
import {pathToFileURL} from "node:url";

const [folder, modelPath, casesPath] = process.argv.slice(2);
const require = createRequire(pathToFileURL(realpathSync(folder) + "/"));
const {getLlama, LlamaLogLevel} = await import(pathToFileURL(require.resolve("node-llama-cpp")));

const llama = await getLlama({gpu: false, build: "never", maxThreads: 1, logLevel: LlamaLogLevel.error, progressLogs: false});
const model = await llama.loadModel({modelPath: realpathSync(modelPath)});
const context = await model.createContext({contextSize: 1024, threads: 1});
const sequence = context.getSequence();
const out = [];
for (const {rendered, n} of JSON.parse(readFileSync(casesPath, "utf8"))) {
    await sequence.clearHistory();
    const prompt_ids = [...model.tokenize(rendered, true)];
    const greedy_ids = [];
    for await (const token of sequence.evaluate(prompt_ids, {temperature: 0, yieldEogToken: true})) {
        greedy_ids.push(token);
        if (model.isEogToken(token) || greedy_ids.length === n) break;
    }
    out.push({prompt_ids, greedy_ids});
}
console.log(JSON.stringify(out));
process.exit(0);
