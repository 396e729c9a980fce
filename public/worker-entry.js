// Starts the worker that holds the engine. A failure reaches the page as the worker's error event.
import init from "./worker.js";

await init({ module_or_path: new URL("worker_bg.wasm", import.meta.url) });
