// The traces under way: looking one up, and bringing them to an end.

import { UNFINISHED_ATTRIBUTE } from "./late_names.js";
import type { LiveSpan } from "./live_span.js";
import type { LocalTrace } from "./local_trace.js";
import type { Tracer } from "./tracer.js";

export function findTrace(tracer: Tracer, traceIdHex: string): LocalTrace | null {
  for (const trace of tracer.openTraces) if (trace.hex === traceIdHex) return trace;
  return null;
}

export function findSpan(tracer: Tracer, traceIdHex: string, spanId: string): LiveSpan | null {
  const trace = findTrace(tracer, traceIdHex);
  for (let span = trace?.firstOpen ?? null; span !== null; span = span._nextOpen) if (span.spanId === spanId) return span;
  return null;
}

/** Open spans go out as they are, marked; later calls on them do nothing. */
export function finishOpenSpans(tracer: Tracer): void {
  for (const trace of [...tracer.openTraces]) {
    trace.isHalted = true;
    for (let span = trace.lastOpen; span !== null;) {
      const previous: LiveSpan | null = span._previousOpen;
      span.setAttribute(UNFINISHED_ATTRIBUTE, true);
      tracer.recorder.record(span);
      span._abandon();
      tracer.unfinished++;
      span = previous;
    }
    tracer.openTraces.delete(trace);
    tracer.commit();
    tracer.hub.releaseTrace(trace);
  }
}
