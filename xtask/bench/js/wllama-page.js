// A page that holds nothing but wllama, and offers `bench` to the script that drives the browser.
import { Wllama, LoggerWithoutDebug } from "./wllama/esm/index.js";

const params = new URLSearchParams(location.search);
const isCompat = params.get("build") === "compat";
// wllama takes its compat build where the browser cannot suspend wasm; this says so of a browser that can.
if (isCompat) delete WebAssembly.Suspending;

const logger = { ...LoggerWithoutDebug, log() {}, warn() {} };
const wllama = new Wllama({ default: "wllama/esm/wasm/wllama.wasm" }, { suppressNativeLog: true, logger });
wllama.setCompat({ worker: new URL("wllama-compat/wasm/wllama.js", location).href, wasm: "wllama-compat/wasm/wllama.wasm" });

window.bench = {
  /** Fetches the file, then loads it as if from disk; milliseconds of both. */
  async load(url, context) {
    const started = performance.now();
    // By way of memory: a disk that is nearly full would refuse a Blob straight from the network.
    const blob = new Blob([await (await fetch(url)).arrayBuffer()]);
    await blob.slice(-1).arrayBuffer();
    const fetched = performance.now();
    await wllama.loadModel([blob], {
      n_ctx: context, n_batch: 512, n_ubatch: 512, n_threads: Number(params.get("threads")), n_gpu_layers: 0, n_parallel: 1,
    });
    return { fetch: fetched - started, load: performance.now() - fetched };
  },

  /** llama.cpp's own clock: milliseconds to the first token, and from there to the last. */
  async generate(prompt, maxTokens) {
    const { timings } = await wllama.createCompletion({
      prompt, max_tokens: maxTokens, temperature: 0, seed: 1, cache_prompt: false, ignore_eos: true,
    });
    return { promptTokens: timings.prompt_n, firstToken: timings.prompt_ms, decode: timings.predicted_ms, decoded: timings.predicted_n - 1 };
  },

  threads: () => wllama.getNumThreads(),
};
