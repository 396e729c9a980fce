// Starts the worker that holds the engine. A failure reaches the page as the worker's error event.
import init from "./worker.js";

// A module whose one function is a relaxed dot product of bytes, of three constants: what the CPU kernels use
// where the browser has it. The same program without it lies beside it.
const zeros = [0xfd, 0x0c, ...Array(16).fill(0)]; // v128.const
const body = [0, ...zeros, ...zeros, ...zeros, 0xfd, 0x93, 0x02, 0x0b];
const probe = [
  0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, // magic and version
  1, 5, 1, 0x60, 0, 1, 0x7b, // () -> v128
  3, 2, 1, 0,
  10, body.length + 2, 1, body.length, ...body,
];
const hasRelaxedSimd = WebAssembly.validate(new Uint8Array(probe));
const program = hasRelaxedSimd ? "worker_bg.wasm" : "worker_bg.simd128.wasm";

await init({ module_or_path: new URL(program, import.meta.url) });
