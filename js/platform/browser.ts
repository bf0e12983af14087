// What a page or a worker offers from the start.

import type * as service from "../load/service.js";
import type { FrameStore } from "../tracing/context.js";
import type { LaterCode } from "../tracing/later.js";
import { makeAsyncContextStore, makeFrameStack } from "./frame_stack.js";

export function makeFrameStore(): FrameStore {
  return makeAsyncContextStore() ?? makeFrameStack();
}

/** The code behind init(), which pages load when they start tracing. */
export function loadService(): typeof service | Promise<typeof service> {
  return import("../load/service.js");
}

/** Loaded by init(). */
export const laterCode: LaterCode | null = null;
