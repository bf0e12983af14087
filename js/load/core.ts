// The tracing module as the rest of js/ sees it: no heap, no addresses, no embind objects.

import { Handover } from "./handover.js";
import type { RawModule } from "./raw_module.js";

/** In the order of LossReason in src/exporting/loss.h; the number is what crosses. */
export const LOSS_REASONS = [
  "queue_full",
  "too_large",
  "rejected",
  "http_4xx",
  "gave_up",
  "shutdown",
  "unknown_outcome",
  "late",
  "not_ready",
  "module_dead",
  "trace_evicted",
  "trace_expired",
  "redaction_error",
] as const;
export type LossReason = (typeof LOSS_REASONS)[number];

export interface QueueCounters {
  produced: number;
  delivered: number;
  dropped: Record<LossReason, number>;
}

export interface QueueLimits {
  /** Bytes of records kept, batches under way included. */
  maxBytes: number;
  /** Spans kept; 0: the byte budget alone counts. */
  maxSpans: number;
  /** Keep a trace's records back until the trace is complete. */
  holdsTraces: boolean;
}

export class Core {
  readonly handover: Handover;

  constructor(raw: RawModule, onDeath: (cause: unknown) => void) {
    this.handover = new Handover(raw, onDeath);
  }

  get isDead(): boolean {
    return this.handover.isDead;
  }

  // --- destinations -------------------------------------------------------------------------

  /** A new destination with its own queue: 0 … 255. */
  addDestination(limits: QueueLimits): number {
    return this.handover.guard((raw) => {
      const destination = raw.addDestination();
      raw.setDestinationLimits(destination, limits.maxBytes, limits.maxSpans, limits.holdsTraces);
      return destination;
    });
  }

  setLimits(destination: number, limits: QueueLimits): void {
    this.handover.guard((raw) => {
      raw.setDestinationLimits(destination, limits.maxBytes, limits.maxSpans, limits.holdsTraces);
    });
  }

  /** Spans that wait in the queue, not counting batches and held traces. */
  readySpans(destination: number): number {
    return this.handover.guard((raw) => raw.readySpans(destination));
  }

  /** The oldest spans as a batch; 0 when nothing is ready. It stays in the budget until settled. */
  takeBatch(destination: number, maxSpans: number, maxBytes: number): number {
    return this.handover.guard((raw) => raw.takeBatch(destination, maxSpans, maxBytes));
  }

  batchSpanCount(destination: number, batch: number): number {
    return this.handover.guard((raw) => raw.batchSpanCount(destination, batch));
  }

  /** An ExportTraceServiceRequest, copied (Handover.takeBytes). */
  encodeBatch(destination: number, batch: number, into?: Uint8Array): Uint8Array {
    return this.handover.guard((raw) => this.handover.takeBytes(raw.encodeBatch(destination, batch), into));
  }

  /** Size of that request without copying it. */
  encodedBatchLength(destination: number, batch: number): number {
    return this.handover.guard((raw) => raw.encodeBatch(destination, batch));
  }

  encodeBatchJson(destination: number, batch: number): string {
    return this.handover.guard((raw) => this.handover.takeText(raw.encodeBatchJson(destination, batch)));
  }

  /** The batch's spans as portable records, back to back (src/record/portable.h). */
  batchRecords(destination: number, batch: number): Uint8Array {
    return this.handover.guard((raw) => this.handover.takeBytes(raw.batchRecords(destination, batch)));
  }

  settleDelivered(destination: number, batch: number, rejected = 0): void {
    this.handover.guard((raw) => {
      raw.settleDelivered(destination, batch, rejected);
    });
  }

  settleLost(destination: number, batch: number, reason: LossReason): void {
    this.handover.guard((raw) => {
      raw.settleLost(destination, batch, LOSS_REASONS.indexOf(reason));
    });
  }

  /** Halves a batch; null when it has fewer than two spans. */
  splitBatch(destination: number, batch: number): [number, number] | null {
    return this.handover.guard((raw) => {
      const first = raw.splitBatch(destination, batch);
      return first === 0 ? null : [first, first + 1];
    });
  }

  /** Whole-trace destinations: sends on what is held of this trace (32 hex digits). */
  releaseTrace(destination: number, traceIdHex: string): void {
    this.handover.guard((raw) => raw.releaseTrace(destination, this.handover.putText(traceIdHex)));
  }

  releaseAllTraces(destination: number): void {
    this.handover.guard((raw) => {
      raw.releaseAllTraces(destination);
    });
  }

  /** Everything kept for a destination is lost under this reason. */
  drain(destination: number, reason: LossReason): void {
    this.handover.guard((raw) => {
      raw.drainDestination(destination, LOSS_REASONS.indexOf(reason));
    });
  }

  /** Counts spans as produced and lost that never became records. */
  countLost(destination: number, reason: LossReason, spans = 1): void {
    this.handover.guard((raw) => {
      raw.countLost(destination, LOSS_REASONS.indexOf(reason), spans);
    });
  }

  counters(destination: number): QueueCounters {
    const bytes = this.handover.guard((raw) => this.handover.takeBytes(raw.destinationCounters(destination)));
    const numbers = new Float64Array(bytes.buffer);
    const dropped = {} as Record<LossReason, number>;
    for (let i = 0; i < LOSS_REASONS.length; i++) dropped[LOSS_REASONS[i] as LossReason] = numbers[2 + i] ?? 0;
    return { produced: numbers[0] ?? 0, delivered: numbers[1] ?? 0, dropped };
  }

  /** Portable records of one trace that no batch has taken yet, of all destinations. */
  pendingRecords(traceIdHex: string): Uint8Array {
    return this.handover.guard((raw) => this.handover.takeBytes(raw.pendingRecords(this.handover.putText(traceIdHex))));
  }
}
