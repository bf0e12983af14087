// What the module may be made from.

/** A URL, bytes, a compiled module, or a response that is on its way. */
export type WasmSource = string | URL | BufferSource | WebAssembly.Module | Promise<Response>;

// By shape: classes of another realm are other classes.
function tagOf(value: unknown): string {
  return Object.prototype.toString.call(value);
}
export function isCompiled(value: unknown): value is WebAssembly.Module {
  return tagOf(value) === "[object WebAssembly.Module]";
}
export function isBytes(value: unknown): value is BufferSource {
  return ArrayBuffer.isView(value) || tagOf(value) === "[object ArrayBuffer]";
}
export function isResponse(value: unknown): value is Response {
  return typeof value === "object" && value !== null && typeof (value as Response).arrayBuffer === "function";
}

export function isWasmSource(value: unknown): boolean {
  const isPromise = typeof value === "object" && value !== null && typeof (value as Promise<Response>).then === "function";
  return typeof value === "string" || tagOf(value) === "[object URL]" || isCompiled(value) || isBytes(value) || isPromise;
}
