// llama.cpp's own prebuilt library, through npm's node-llama-cpp: what one round on one file takes, as JSON.
//   node llama-cpp.mjs FOLDER_WITH_NODE_MODULES CASE.json
// CASE: { model, gpu: "vulkan" | false, threads, context, warmUp, prompts: [[tokens, text]], decode, patience }
// Prompts after the first are left out where the one before took longer than `patience` milliseconds.
import {createRequire} from "node:module";
import {readFileSync} from "node:fs";
import {pathToFileURL} from "node:url";

const [folder, casePath] = process.argv.slice(2);
const require = createRequire(pathToFileURL(folder + "/"));
const {getLlama, LlamaLogLevel} = await import(pathToFileURL(require.resolve("node-llama-cpp")));
const wanted = JSON.parse(readFileSync(casePath, "utf8"));

const llama = await getLlama({
    gpu: wanted.gpu, build: "never", maxThreads: wanted.threads, logLevel: LlamaLogLevel.error, progressLogs: false,
});
const started = performance.now();
const model = await llama.loadModel({modelPath: wanted.model, gpuLayers: wanted.gpu ? "max" : 0});
const context = await model.createContext({
    contextSize: wanted.context, batchSize: 512, threads: wanted.threads, flashAttention: false,
});
const loadMs = performance.now() - started;
const sequence = context.getSequence();

/** Milliseconds to the first sampled token, and from there through `decode` more. */
async function generate(text, decode) {
    const tokens = model.tokenize(text, false);
    await sequence.clearHistory();
    const start = performance.now();
    let first = start, last = start, n = 0;
    for await (const _token of sequence.evaluate(tokens, {temperature: 0, yieldEogToken: true})) {
        last = performance.now();
        if (n === 0) first = last;
        if (n === decode) break;
        n += 1;
    }
    return {promptTokens: tokens.length, firstTokenMs: first - start, decodeMs: last - first, decoded: n};
}

await generate(wanted.warmUp, 4);
const results = [];
for (const [, text] of wanted.prompts) {
    const result = await generate(text, results.length === 0 ? wanted.decode : 0);
    results.push(result);
    if (result.firstTokenMs > wanted.patience) break;
}
const devices = wanted.gpu ? await llama.getGpuDeviceNames() : [];
process.stdout.write(JSON.stringify({loadMs, results, devices, ranOn: llama.gpu}));
process.exit(0);
