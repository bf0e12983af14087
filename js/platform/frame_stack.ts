// Context without the host's help: it holds for the duration of a synchronous call.

import type { Frame, FrameStore } from "../tracing/context.js";

interface ContextVariable<T> {
  get(): T | undefined;
  run<R>(value: T, body: () => R): R;
}

export function makeFrameStack(): FrameStore {
  let active: Frame | undefined;
  return {
    current: () => active,
    run(frame, body) {
      const before = active;
      active = frame;
      try {
        return body();
      } finally {
        active = before;
      }
    },
  };
}

/** The AsyncContext proposal, where the host has it. */
export function makeAsyncContextStore(): FrameStore | null {
  const { AsyncContext } = globalThis as { AsyncContext?: { Variable?: new () => ContextVariable<Frame> } };
  if (typeof AsyncContext?.Variable !== "function") return null;
  const variable = new AsyncContext.Variable();
  return { current: () => variable.get(), run: (frame, body) => variable.run(frame, body) };
}
