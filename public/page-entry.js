// Starts the page's main thread.
import init from "./page.js";

try {
  await init({ module_or_path: new URL("page_bg.wasm", import.meta.url) });
} catch (error) {
  const told = document.createElement("p");
  told.className = "boot";
  told.setAttribute("role", "alert");
  told.textContent = `moescope could not start (${error.message ?? error}). It needs a browser with WebAssembly SIMD: a current Chrome, Edge, Firefox or Safari.`;
  document.getElementById("app").replaceChildren(told);
  throw error;
}
