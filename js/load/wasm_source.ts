// What the module may be made from.

import { tagOf } from "../tracing/values.js";

/** A URL, bytes, a compiled module, or a response that is on its way. */
export type WasmSource = string | URL | BufferSource | WebAssembly.Module | Promise<Response>;

// By shape: classes of another realm are other classes.
export function isCompiled(value: unknown): value is WebAssembly.Module {
  return tagOf(value) === "[object WebAssembly.Module]";
}
export function isBytes(value: unknown): value is BufferSource {
  return ArrayBuffer.isView(value) || tagOf(value) === "[object ArrayBuffer]";
}
export function isResponse(value: unknown): value is Response {
  return typeof value === "object" && value !== null && typeof (value as Response).arrayBuffer === "function";
}
