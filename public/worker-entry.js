// Starts the worker that holds the engine. A failure reaches the page as the worker's error event.
import init from "./worker.js";

await init();
