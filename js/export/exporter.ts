// What an exporter is, and what it is given.

import type { TraceError } from "../trace_error.js";
import type { Span } from "../tracing/span.js";

/** How one export ended. A union, so that every caller must look at all three. */
export type Outcome =
  | { status: "success"; rejectedSpans?: number; message?: string }
  | { status: "retryable"; afterMillis?: number }
  | { status: "failure"; error: TraceError };

/**
 * Ended spans on their way out. They stay records in the core until the exporter's promise
 * settles; nothing is decoded or copied unless a method asks for it. After that the batch is
 * empty and its methods give empty results.
 */
export interface SpanBatch {
  readonly spanCount: number;
  /** Exact size in bytes of the OTLP protobuf request. */
  readonly byteLength: number;
  /**
   * An `ExportTraceServiceRequest`, copied out of the core. Into memory that the exporter keeps for
   * this, where it is given and large enough: the result is then a view of its beginning. Fresh
   * memory costs more than everything else about a large request.
   */
  toOtlpBytes(into?: Uint8Array): Uint8Array;
  /** The same request as OTLP/JSON. */
  toOtlpJson(): string;
  /** The spans, decoded on demand. */
  spans(): Span[];
}

export interface SpanExporter {
  /** Sends a batch. Must not throw; a rejected promise counts as a failure. */
  export(batch: SpanBatch): Promise<Outcome>;
  flush?(): Promise<void>;
  shutdown?(): Promise<void>;
  /** @internal The first spans wait to be sent. */
  _spansWait?(): void;
}
