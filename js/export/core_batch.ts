// The batch an exporter is given: a number that names records in the core, until it is settled.

import type { Core } from "../load/core.js";
import type { ExportPolicies } from "../load/export_core.js";
import type { Span } from "../tracing/span.js";
import type { SpanBatch } from "./exporter.js";

export type SpansFromRecords = (records: Uint8Array) => Span[];

export class CoreBatch implements SpanBatch {
  readonly spanCount: number;
  readonly #destination: number;
  readonly #batch: number;
  readonly #spansFromRecords: SpansFromRecords;
  #core: Core | null;
  readonly #policies: ExportPolicies;

  constructor(core: Core, policies: ExportPolicies, destination: number, batch: number, spansFromRecords: SpansFromRecords) {
    this.#core = core;
    this.#policies = policies;
    this.#destination = destination;
    this.#batch = batch;
    this.#spansFromRecords = spansFromRecords;
    this.spanCount = core.batchSpanCount(destination, batch);
  }

  /** @internal Decisions of the core, for exporters of this package. */
  get _policies(): ExportPolicies {
    return this.#policies;
  }

  get byteLength(): number {
    return this.#core?.encodedBatchLength(this.#destination, this.#batch) ?? 0;
  }

  toOtlpBytes(into?: Uint8Array): Uint8Array {
    return this.#core?.encodeBatch(this.#destination, this.#batch, into) ?? new Uint8Array(0);
  }

  toOtlpJson(): string {
    return this.#core?.encodeBatchJson(this.#destination, this.#batch) ?? '{"resourceSpans":[]}';
  }

  spans(): Span[] {
    if (this.#core === null) return [];
    return this.#spansFromRecords(this.#core.batchRecords(this.#destination, this.#batch));
  }

  /** @internal The exporter has settled: from now on the batch is empty. */
  _close(): void {
    this.#core = null;
  }
}

/** Null for batches that are not this package's. */
export function policiesOf(batch: SpanBatch): ExportPolicies | null {
  return "_policies" in batch ? (batch._policies as ExportPolicies) : null;
}
