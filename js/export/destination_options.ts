// What a destination is made from, and what all kinds of them do.

import type { Core, QueueLimits } from "../load/core.js";
import type { ExportPolicies } from "../load/export_core.js";
import type { Clock } from "../tracing/clock.js";
import type { LocalTrace } from "../tracing/local_trace.js";
import type { Logger } from "../tracing/runtime.js";
import type { CoreBatch, SpansFromRecords } from "./core_batch.js";
import type { DestinationCounters, UnreportedLoss } from "./destination_counters.js";
import type { SpanExporter } from "./exporter.js";
import type { FlushResult } from "./flush_result.js";
import type { SentNow } from "./otlp_http_sender.js";
import type { Timers } from "./timers.js";

export interface BatchOptions {
  maxSpans: number;
  /** Of records in a batch. */
  maxBytes: number;
  /** From the first span of a batch to its leaving. */
  delayMillis: number;
  /** Of records kept, batches under way included. */
  queueBytes: number;
  /** 0: bytes alone count. */
  queueSpans: number;
}

export const DEFAULT_BATCH: Readonly<BatchOptions> = {
  maxSpans: 512,
  // Records, their encoding and the request then fit a processor's second cache (2 MiB) side by side.
  maxBytes: 256 << 10,
  delayMillis: 5_000,
  queueBytes: 32 << 20,
  queueSpans: 0,
};

export interface DestinationOptions {
  /** Its bit in a record's set of destinations, and its queue's number in the core. */
  id: number;
  /** As stats() shows it. */
  name: string;
  exporter: SpanExporter;
  /** Null before the module is ready; dead after its end. */
  core: () => Core | null;
  policies: () => ExportPolicies | null;
  /** Hands the recorder's staged records to the core. */
  commitStaged: () => void;
  spansFromRecords: SpansFromRecords;
  suppressTracing: <T>(body: () => T) => T;
  /** Losses the recorder counted while there was no module. */
  unreportedLosses?: () => readonly UnreportedLoss[];
  batch?: Partial<BatchOptions>;
  /** Keep a trace's records back until the trace is complete. */
  holdsTraces?: boolean;
  /** How long an exporter may take; one that takes longer has an unknown outcome. Default 30,000. */
  exportTimeoutMillis?: number;
  logger: Logger;
  clock: Clock;
  timers: Timers;
  /** 0 … 1, for jitter. */
  random?: () => number;
}

/** One that sends batches of spans (destination.ts), or one that sends whole traces (trace_destination.ts). */
export interface AnyDestination {
  readonly id: number;
  readonly name: string;
  readonly exporter: SpanExporter;
  readonly limits: QueueLimits;
  /** For each ended span. */
  noteRecord(): void;
  /** The root of a trace has ended before some of its spans. */
  noteRootEnded(trace: LocalTrace): void;
  noteTraceComplete(trace: LocalTrace): void;
  noteTraceGone(trace: LocalTrace): void;
  moduleIsReady(): void;
  moduleIsDead(): void;
  configure(batch: Partial<BatchOptions>): void;
  counters(): DestinationCounters;
  flush(options?: { timeoutMillis?: number }): Promise<FlushResult>;
  shutdown(options?: { timeoutMillis?: number }): Promise<FlushResult>;
  setHidden(onSpan: (() => void) | null): void;
  sendNow(send: (batch: CoreBatch) => SentNow): void;
}
