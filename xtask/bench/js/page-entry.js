// The page's entry, with the arrival of every token noted.
import "./bench-page-probe.js";
import "./bench-moescope-page-entry.js";
