// The page's worker: decoding, tree and layout happen here, never on the main thread.

import { serveViewer, type WorkerPort } from "../../js/viewer/worker_host.js";

/** Of spans in memory; the module itself may grow to 1 GiB. */
const MAX_BYTES = 512 * 1024 * 1024;

async function wasmBytes(): Promise<ArrayBuffer> {
  const response = await fetch(new URL("./spandrel_viewer.wasm", import.meta.url));
  if (!response.ok) throw new Error(`spandrel_viewer.wasm: status ${String(response.status)}`);
  return response.arrayBuffer();
}

void serveViewer(self as unknown as WorkerPort, wasmBytes(), MAX_BYTES);
