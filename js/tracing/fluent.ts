// The functions users call first. None of them throws anything but the user's own errors.

import { currentFrame } from "./context.js";
import type { LiveSpan } from "./live_span.js";
import { tracer } from "./realm.js";
import { TraceError } from "../trace_error.js";
import type { ActiveSpan, SpanOptions } from "./tracer.js";

export function startSpan(options: SpanOptions): ActiveSpan {
  return tracer().startSpan(options);
}

type Body<R> = (span: ActiveSpan) => R;

/**
 * Runs the function with a new span active; the span ends when the function returns, settles or
 * throws. Both orders of the arguments are taken.
 */
export function withSpan<R>(body: Body<R>, options?: SpanOptions): R;
export function withSpan<R>(options: SpanOptions, body: Body<R>): R;
export function withSpan(first: unknown, second?: unknown): unknown {
  return tracer().withSpan(first, second);
}

/** null outside of spans, and where tracing is off. */
export function getCurrentActiveSpan(): LiveSpan | null {
  const { span } = currentFrame();
  // By shape: the class of another copy of the package is another class.
  return span !== null && "_trace" in span ? span : null;
}

/**
 * The trace whose root ended last in this process; `contextLocal`: among those that began directly
 * inside of the innermost tracingContext(), span or other context around this call.
 */
export function getLastActiveTraceId(options: { contextLocal?: boolean } = {}): string | null {
  const isLocal = (options as typeof options | null)?.contextLocal === true;
  return (isLocal ? currentFrame() : tracer()).lastTrace?.traceId ?? null;
}

/** For log lines. */
export function currentIds(): { traceId: string; spanId: string } | null {
  const span = getCurrentActiveSpan();
  return span === null ? null : { traceId: span.traceId, spanId: span.spanId };
}

export function enable(): void {
  tracer().setEnabled(true);
}
export function disable(): void {
  tracer().setEnabled(false);
}
export function isEnabled(): boolean {
  return tracer().isEnabled;
}
type SpanHook = (span: LiveSpan) => unknown;

/** Called when a span has started; returns its remover. */
export function registerOnSpanStartHook(hook: SpanHook): () => void {
  return register(tracer().startHooks, hook);
}
/** Called inside end(), while the span still takes values; returns its remover. */
export function registerOnSpanEndHook(hook: SpanHook): () => void {
  return register(tracer().endHooks, hook);
}

/**
 * What runs in order inside end(), in the place of what did; the result puts that back. Throws
 * TraceError at once unless all are functions: found later, it would cost spans.
 */
export function setSpanProcessors(processors: readonly SpanHook[]): () => void {
  const shared = tracer();
  if (!Array.isArray(processors) || !processors.every((process) => typeof process === "function"))
    throw new TraceError("INVALID_PARAMETER_VALUE", "span processors are an array: each a function");
  const before = shared.spanProcessors;
  shared.spanProcessors = [...(processors as readonly SpanHook[])];
  return () => {
    shared.spanProcessors = before;
  };
}

function register(hooks: Set<SpanHook>, hook: SpanHook): () => void {
  if (typeof hook !== "function") {
    tracer().logger.warn("a hook is a function; ignored");
    return () => undefined;
  }
  hooks.add(hook);
  return () => {
    hooks.delete(hook);
  };
}
