// As the main entry, with the module inside: nothing is fetched. For places where a file beside the
// code cannot be had.

import { wasmBase64 } from "../build/module/spandrel_inline.mjs";
import { carryModule } from "./load/load_module.js";

function bytes(): Uint8Array<ArrayBuffer> {
  const text = atob(wasmBase64);
  const decoded = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) decoded[i] = text.charCodeAt(i);
  return decoded;
}

carryModule(bytes);

export * from "./index.js";
