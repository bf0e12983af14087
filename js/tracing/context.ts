// Which span is active here. The host decides how far that reaches: AsyncLocalStorage in Node,
// AsyncContext where it exists, else a stack that holds as long as the call does.

import { makeFrameStore } from "#platform";
import type { LiveSpan } from "./live_span.js";
import type { LocalTrace } from "./local_trace.js";
import type { NoOpSpan } from "./noop_span.js";
import type { SpanContext } from "./span.js";

/** What a context says of every trace that starts inside (ambient.ts). */
export interface Ambient {
  /** The request that is evaluated. */
  readonly evaluationId: string | null;
  applyTo(trace: LocalTrace): void;
}

/** One level of context; but for `lastTrace` never changed once it is active. */
export interface Frame {
  readonly span: LiveSpan | NoOpSpan | null;
  /** Another service's span that a local root continues. */
  readonly remote: SpanContext | null;
  /** No spans are made inside. */
  readonly isSuppressed: boolean;
  readonly ambient: Ambient | null;
  /** W3C baggage as it came in. */
  readonly baggage: string;
  /** Of the traces that began in this very frame, the one whose root ended last. */
  lastTrace: LocalTrace | null;
}

export interface FrameStore {
  current(): Frame | undefined;
  run<R>(frame: Frame, body: () => R): R;
  /** The frame holds until the context that is running ends; not every host can do that. */
  enter?(frame: Frame): void;
}

export const EMPTY_FRAME: Frame = { span: null, remote: null, isSuppressed: false, ambient: null, baggage: "", lastTrace: null };

export function frameWithSpan(frame: Frame, span: LiveSpan | NoOpSpan): Frame {
  return {
    span,
    remote: null,
    isSuppressed: frame.isSuppressed,
    ambient: frame.ambient,
    baggage: frame.baggage,
    lastTrace: null,
  };
}

/** Shared by every copy of the package in this realm, whatever its version. */
const KEY = Symbol.for("spandrel.context");

let store: FrameStore | null = null;

export function frames(): FrameStore {
  if (store !== null) return store;
  const realm = globalThis as { [KEY]?: FrameStore };
  store = realm[KEY] ?? makeFrameStore();
  if (realm[KEY] === undefined) Object.defineProperty(realm, KEY, { value: store, configurable: true });
  return store;
}

export function currentFrame(): Frame {
  return (store ?? frames()).current() ?? EMPTY_FRAME;
}

/** `fn` runs in the context of this call, whenever it is called. */
export function bindContext<F extends (...args: never[]) => unknown>(fn: F): F {
  if (typeof fn !== "function") return fn;
  const frame = currentFrame();
  const bound = function (this: unknown, ...args: never[]): unknown {
    return frames().run(frame, () => fn.apply(this, args));
  };
  return bound as unknown as F;
}

/** Runs `fn`; nothing it does makes spans. */
export function suppressTracing<R>(fn: () => R): R {
  return frames().run({ ...currentFrame(), span: null, isSuppressed: true }, fn);
}
