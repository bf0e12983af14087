// For tests of applications that are traced.

import { init, flushTraces } from "../load/init.js";
import type { Outcome, SpanBatch, SpanExporter } from "../export/exporter.js";
import type { Clock } from "../tracing/clock.js";
import type { Span } from "../tracing/span.js";

/** Keeps what it is given. */
export class InMemorySpanExporter implements SpanExporter {
  readonly #spans: Span[] = [];

  async export(batch: SpanBatch): Promise<Outcome> {
    this.#spans.push(...batch.spans());
    return { status: "success" };
  }

  /** In the order of arrival. */
  get spans(): readonly Span[] {
    return this.#spans;
  }

  /** Empties it. */
  reset(): void {
    this.#spans.length = 0;
  }

  /** The spans by trace, each trace in the order of start. */
  get traces(): Span[][] {
    const byId = new Map<string, Span[]>();
    for (const span of this.#spans) {
      const trace = byId.get(span.traceId);
      if (trace === undefined) byId.set(span.traceId, [span]);
      else trace.push(span);
    }
    return [...byId.values()].map((spans) => spans.sort((a, b) => a._fields().ordinal - b._fields().ordinal));
  }
}

/** Time that moves when it is told to. */
export class FakeClock implements Clock {
  #wall: number;
  #monotonic = 0;

  /** Milliseconds since 1970. */
  constructor(wallMillis = 1_700_000_000_000) {
    this.#wall = wallMillis;
  }
  wallMillis(): number {
    return this.#wall;
  }
  monotonicMillis(): number {
    return this.#monotonic;
  }
  advance(millis: number): void {
    this.#wall += millis;
    this.#monotonic += millis;
  }
  /** The wall clock is set; the monotonic one goes on. */
  setWall(millis: number): void {
    this.#wall = millis;
  }
}

/** Runs `fn` and gives the spans that ended, grouped by trace in the order of start. */
export async function captureTraces(fn: () => unknown): Promise<Span[][]> {
  const exporter = new InMemorySpanExporter();
  await init({ exporter });
  await fn();
  await flushTraces();
  return exporter.traces;
}
