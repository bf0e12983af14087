// What the module may be made from.

import { tagOf } from "../tracing/values.js";

// The host's classes by way of globalThis: projects for Node alone have no library of types that names them,
// and what is not there is no choice.
type Compiled = typeof globalThis extends { WebAssembly: { Module: { prototype: infer Module } } } ? Module : never;
type Url = typeof globalThis extends { URL: { prototype: infer Url } } ? Url : never;
type Answer = typeof globalThis extends { Response: { prototype: infer Response } } ? Response : never;
type WasmBytes = typeof globalThis extends { WebAssembly: { compile(bytes: infer Bytes): unknown } }
  ? Bytes
  : ReturnType<Uint8Array["slice"]> | ArrayBuffer;

/** A URL, bytes, a compiled module, or a response that is on its way. */
export type WasmSource = string | Url | WasmBytes | Compiled | Promise<Answer>;

// By shape: classes of another realm are other classes.
export function isCompiled(value: unknown): value is Compiled {
  return tagOf(value) === "[object WebAssembly.Module]";
}
export function isBytes(value: unknown): value is WasmBytes {
  return ArrayBuffer.isView(value) || tagOf(value) === "[object ArrayBuffer]";
}
export function isResponse(value: unknown): value is Answer {
  return typeof value === "object" && value !== null && typeof (value as { arrayBuffer?: unknown }).arrayBuffer === "function";
}
