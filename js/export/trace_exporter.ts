// What an exporter of whole traces tells its destination, and what it is told of a batch.

import type { LocalTrace } from "../tracing/local_trace.js";
import { CoreBatch } from "./core_batch.js";
import type { SpanBatch, SpanExporter } from "./exporter.js";

export interface TraceExporter extends SpanExporter {
  /** Each trace is a batch of its own; how many are under way is this exporter's business. */
  readonly sendsTraces: true;
  /** As stats() shows its destination: names of classes do not outlive a minifier. */
  readonly destinationName: string;
  /** The first request starts inside the end() that completes the trace. */
  isSynchronousFor(trace: LocalTrace): boolean;
  /** Ended spans of open traces are wanted too. */
  readonly takesOpenTraces: boolean;
  /** Of this one, where that is not so for all. */
  takesOpenTrace?(traceIdHex: string): boolean;
  /** How long those wait for one another; undefined: as long as any batch. */
  readonly spanDelayMillis?: number | undefined;
  /** The page goes away: what waits for its turn starts within the call. */
  startNow?(): void;
  /** Spans may be sent without their trace: late ones, and those whose root is in another process. */
  readonly mayLogSpans: boolean;
  /** Characters of the previews that its server takes; undefined: MLflow's number. */
  readonly previewMaxLength?: number | undefined;
  /** Contents taken out of spans; null or missing: none. */
  readonly attachments?: AttachmentCounts | null;
}

export interface AttachmentCounts {
  uploaded: number;
  /** A reference has left, its content is lost. */
  failed: number;
  /** Thrown away by a limit of the user's. */
  tooLarge: number;
}

export function isTraceExporter(exporter: SpanExporter): exporter is TraceExporter {
  return "sendsTraces" in exporter && exporter.sendsTraces === true;
}

/** Which trace a batch belongs to. */
export interface Departure {
  readonly traceIdHex: string;
  /** Nothing more is waited for: info and spans leave. False: spans alone. */
  readonly isComplete: boolean;
  /** What is known of the trace has left before. */
  readonly isLate?: boolean;
}

/** All spans of one trace that wait. */
export class TraceBatch extends CoreBatch {
  readonly departure: Departure;

  constructor(departure: Departure, ...batch: ConstructorParameters<typeof CoreBatch>) {
    super(...batch);
    this.departure = departure;
  }
}

/** null: a batch of another destination, or one that was made by hand. */
export function departureOf(batch: SpanBatch): Departure | null {
  return "departure" in batch ? (batch.departure as Departure) : null;
}
