// What Node offers from the start. Its built-ins are imported here, in node_host.ts, node_http.ts and js/cli.

import type * as asyncHooks from "node:async_hooks";
import * as service from "../load/service.js";
import type { Frame, FrameStore } from "../tracing/context.js";
import { builtin } from "./node_builtin.js";

export function makeFrameStore(): FrameStore {
  const { AsyncLocalStorage } = builtin<typeof asyncHooks>("node:async_hooks");
  const storage = new AsyncLocalStorage<Frame>();
  return {
    current: () => storage.getStore(),
    run: (frame, body) => storage.run(frame, body),
    enter: (frame) => {
      storage.enterWith(frame);
    },
  };
}

/** The code behind init(), which is there already. */
export function loadService(): typeof service {
  return service;
}

export { laterCode } from "../tracing/later.js";
