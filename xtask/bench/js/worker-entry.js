// The worker's entry, with what it asks of the GPU and of memory counted from the start.
import "./bench-worker-probe.js";
import "./bench-moescope-worker-entry.js";
