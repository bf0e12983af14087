// Batches built by hand: spans somebody holds, as what an exporter takes.

import { ExportCore, type ExportPolicies } from "../load/export_core.js";
import type { Handover } from "../load/handover.js";
import type { Span } from "../tracing/span.js";
import { codec, notReady } from "../tracing/span_codec.js";
import type { SpanBatch as Batch } from "./exporter.js";

export type SpanBatch = Batch;

export const SpanBatch = {
  /** A batch of these spans. Throws TraceError before the module is ready. */
  of(spans: readonly Span[]): SpanBatch {
    const codecs = codec();
    // The codecs of the loaded module know its door (js/load/codec_core.ts).
    if (!("handover" in codecs)) return notReady();
    return new HeldBatch([...spans], codecs.handover as Handover);
  },
};

class HeldBatch implements Batch {
  readonly #spans: Span[];
  readonly #handover: Handover;
  readonly #records: Uint8Array;
  #byteLength = -1;

  constructor(spans: Span[], handover: Handover) {
    this.#spans = spans;
    this.#handover = handover;
    this.#records = joined(spans.map((span) => span._record()));
  }

  /** @internal */
  get _policies(): ExportPolicies {
    return new ExportCore(this.#handover);
  }

  get spanCount(): number {
    return this.#spans.length;
  }

  get byteLength(): number {
    if (this.#byteLength < 0) this.#byteLength = this.toOtlpBytes().byteLength;
    return this.#byteLength;
  }

  toOtlpBytes(into?: Uint8Array): Uint8Array {
    return this.#handover.callBytes("otlpRequestOfRecords", this.#records, into);
  }

  toOtlpJson(): string {
    return this.#handover.callText("otlpJsonRequestOfRecords", this.#records);
  }

  spans(): Span[] {
    return [...this.#spans];
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.byteLength;
  }
  return whole;
}
