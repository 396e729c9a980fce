// Notes when each token reaches the page, and offers `bench` to the script that drives the browser.

const arrivals = [];
const RealWorker = window.Worker;
window.Worker = class extends RealWorker {
  constructor(...args) {
    super(...args);
    this.addEventListener("message", ({ data }) => {
      for (const message of data?.messages ?? []) {
        if (typeof message === "object" && "Token" in message) arrivals.push(performance.now());
      }
    });
  }
};

const channel = new BroadcastChannel("moescope-bench");
const counts = () => new Promise((resolve) => {
  channel.onmessage = ({ data }) => resolve(data);
  channel.postMessage("read");
});
const sum = (items, value) => items.reduce((total, item) => total + value(item), 0);

// Each pass once, though all its positions tell of it.
function passes(positions) {
  return positions.filter(({ cost }, at) => at === 0 || cost.batchTokens === 1
    || positions[at - 1].cost.wallMicros !== cost.wallMicros || positions[at - 1].cost.batchTokens !== cost.batchTokens);
}

function groups(positions) {
  const micros = {};
  for (const { cost } of passes(positions)) {
    for (const group of cost.groups) micros[group.name] = (micros[group.name] ?? 0) + (group.micros ?? NaN);
  }
  return micros;
}

window.bench = {
  /** Resolves when the first model answers. */
  async ready() {
    while (!window.moescope) await new Promise((resume) => setTimeout(resume, 1));
    await moescope.ready;
  },

  /** Milliseconds to the first token and from there to the last, and what was counted meanwhile. */
  async generate(prompt, maxTokens) {
    const before = await counts();
    arrivals.length = 0;
    const started = performance.now();
    const { prompt: promptTokens, trace } = await moescope.generate({
      prompt, maxTokens, raw: true, seed: 1, temperature: 0, ignoreEos: true, cachePrompt: false,
    });
    const after = await counts();
    const n = promptTokens.length;
    const decoded = trace.positions.filter(({ position }) => position >= n);
    const engineDecode = sum(decoded, ({ cost }) => cost.wallMicros) / 1e3;
    return {
      promptTokens: n,
      firstToken: arrivals[0] - started,
      // Tokens of a small model arrive in bundles; none is there before it was computed.
      decode: Math.max(arrivals.at(-1) - arrivals[0], engineDecode),
      decoded: arrivals.length - 1,
      engineDecode,
      dispatches: after.dispatches - before.dispatches,
      submits: after.submits - before.submits,
      readbacks: after.readbacks - before.readbacks,
      writes: after.writes - before.writes,
      groups: groups(decoded),
    };
  },

  /** Fetches a file, then opens it as if from disk; milliseconds of both. */
  async load(url) {
    const started = performance.now();
    // By way of memory: a disk that is nearly full would refuse a Blob straight from the network.
    const blob = new Blob([await (await fetch(url)).arrayBuffer()]);
    await blob.slice(-1).arrayBuffer();
    const fetched = performance.now();
    await moescope.load(new File([blob], "model.gguf"));
    return { fetch: fetched - started, load: performance.now() - fetched };
  },

  /** Opens an address, which also keeps the file in the browser; milliseconds. */
  async loadUrl(url) {
    const started = performance.now();
    await moescope.load(url);
    return performance.now() - started;
  },

  /** Milliseconds from navigation to the first token of the model that comes with the page. */
  async start() {
    await bench.ready();
    arrivals.length = 0;
    await moescope.generate({ prompt: "What is 27 + 58?", seed: 1, temperature: 0, maxTokens: 1 });
    return arrivals[0];
  },

  counts,
};
