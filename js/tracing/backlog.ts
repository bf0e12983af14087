// Ended spans of the time in which even the code that records them is still being loaded.

import type { LossReason } from "../load/core.js";
import type { LiveSpan } from "./live_span.js";
import type { LocalTrace } from "./local_trace.js";
import type { SpanSink } from "./runtime.js";
import { JsonText, type FrozenValue } from "./values.js";

export class Backlog implements SpanSink {
  #spans: LiveSpan[] = [];
  #losses: { destinations: number; reason: LossReason }[] = [];
  #bytes = 0;
  /** As the queue's budget, about. */
  maxBytes = 32 << 20;

  record(span: LiveSpan): void {
    this.#bytes += sizeOf(span);
    if (this.#bytes <= this.maxBytes) this.#spans.push(span);
    else this.countLost(span._trace.destinations, "not_ready");
  }

  countLost(destinations: number, reason: LossReason): void {
    if (this.#losses.length < 100_000) this.#losses.push({ destinations, reason });
  }

  commit(): void {
    // there is nothing to commit to
  }

  snapshot(): null {
    return null;
  }

  /** Hands everything on, in order of arrival; `tell` hears of each span's trace before. */
  drainTo(sink: SpanSink, tell: (trace: LocalTrace) => void): void {
    const spans = this.#spans;
    const losses = this.#losses;
    this.#spans = [];
    this.#losses = [];
    this.#bytes = 0;
    for (const { destinations, reason } of losses) sink.countLost(destinations, reason);
    for (const span of spans) tell(span._trace);
    for (const span of spans) sink.record(span);
  }
}

/** About what a waiting span holds on to. */
function sizeOf(span: LiveSpan): number {
  let bytes = 512 + span._name.length;
  for (const value of span._values) bytes += 32 + lengthOf(value);
  for (const event of span._events ?? []) for (const value of event.values) bytes += 64 + lengthOf(value);
  return bytes;
}

function lengthOf(value: FrozenValue): number {
  if (value instanceof JsonText) return value.text.length;
  return typeof value === "string" || value instanceof Uint8Array ? value.length : 8;
}
