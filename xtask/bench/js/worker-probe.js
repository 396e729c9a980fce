// Counts what the worker asks of WebGPU, and the most memory it held. It looks on from outside, so that
// the counts hold whatever the engine says of itself. Answers on a channel when asked.

const counts = { dispatches: 0, submits: 0, readbacks: 0, writes: 0, gpuBytes: 0, gpuPeakBytes: 0 };
const memories = new Set();

function onCall(type, name, tell) {
  const method = type?.prototype[name];
  if (!method) return;
  type.prototype[name] = function (...args) {
    const result = method.apply(this, args);
    tell(this, args, result);
    return result;
  };
}

const held = new WeakMap();
const free = (buffer) => {
  counts.gpuBytes -= held.get(buffer) ?? 0;
  held.delete(buffer);
};
const collected = new FinalizationRegistry((bytes) => { counts.gpuBytes -= bytes.value; });

onCall(globalThis.GPUComputePassEncoder, "dispatchWorkgroups", () => { counts.dispatches += 1; });
onCall(globalThis.GPUComputePassEncoder, "dispatchWorkgroupsIndirect", () => { counts.dispatches += 1; });
// wgpu flushes writes with an empty submission; that is counted as what it is, a submission.
onCall(globalThis.GPUQueue, "submit", () => { counts.submits += 1; });
onCall(globalThis.GPUQueue, "writeBuffer", () => { counts.writes += 1; });
onCall(globalThis.GPUBuffer, "mapAsync", () => { counts.readbacks += 1; });
onCall(globalThis.GPUDevice, "createBuffer", (_, [{ size }], buffer) => {
  const bytes = { value: size };
  held.set(buffer, size);
  collected.register(buffer, bytes, buffer);
  counts.gpuBytes += size;
  counts.gpuPeakBytes = Math.max(counts.gpuPeakBytes, counts.gpuBytes);
});
onCall(globalThis.GPUBuffer, "destroy", (buffer) => {
  collected.unregister(buffer);
  free(buffer);
});

function keepMemories(object) {
  for (const value of Object.values(object ?? {})) {
    if (value instanceof WebAssembly.Memory) memories.add(value);
    else if (value && typeof value === "object" && !ArrayBuffer.isView(value)) {
      Object.values(value).filter((inner) => inner instanceof WebAssembly.Memory).forEach((memory) => memories.add(memory));
    }
  }
}
for (const name of ["instantiate", "instantiateStreaming"]) {
  const make = WebAssembly[name];
  WebAssembly[name] = async (source, imports) => {
    keepMemories(imports);
    const made = await make.call(WebAssembly, source, imports);
    keepMemories((made.instance ?? made).exports);
    return made;
  };
}

const channel = new BroadcastChannel("moescope-bench");
channel.onmessage = ({ data }) => {
  // Workers that help have a name, and wait for work without hearing anything else.
  if (data !== "read" || self.name) return;
  // A wasm memory never shrinks: its size is its high water.
  const wasmBytes = [...memories].reduce((sum, memory) => sum + memory.buffer.byteLength, 0);
  channel.postMessage({ ...counts, wasmBytes });
};
