// What a page or a worker offers.

import type { FrameStore } from "../tracing/context.js";
import { makeAsyncContextStore, makeFrameStack } from "./frame_stack.js";

export { exportPlatform } from "./browser_http.js";

export const isNode = false;

export function makeFrameStore(): FrameStore {
  return makeAsyncContextStore() ?? makeFrameStack();
}

/** No environment variables here. */
export function environment(): Record<string, string | undefined> {
  return {};
}

/** Where the module's bytes stand beside this file; null: fetch the URL. */
export function readModuleFile(): null {
  return null;
}

export function moduleUrl(): URL {
  return new URL("../../build/module/spandrel.wasm", import.meta.url);
}

export async function importGlue(): Promise<unknown> {
  return await import("../../build/module/spandrel_glue.mjs");
}

/** Synchronous loading of the glue exists in Node alone. */
export function requireGlue(): null {
  return null;
}

export function defaultServiceName(): string {
  return "unknown_service:browser";
}
