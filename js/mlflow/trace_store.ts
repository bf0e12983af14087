// What MLflow's exporters need of a server. TracingClient is one; tests have their own.

import type { Span } from "../tracing/span.js";
import type { TraceInfo } from "../tracing/trace_info.js";
import type { PromptVersion } from "../tracing/trace_manager.js";

/** Every method may reject with TraceError. */
export interface TraceStore {
  readonly trackingUri: string;
  /** The info as the server answers it: its tags say where the spans belong. */
  startTrace(info: TraceInfo): Promise<TraceInfo>;
  /** `location`: an experiment id, or "catalog.schema" or "catalog.schema.table_prefix". */
  logSpans(location: string, spans: readonly Span[]): Promise<void>;
  /** Writes the spans to the artifacts of a trace whose spans are not in the tracking store. */
  uploadTraceData(info: TraceInfo, data: { readonly spans: readonly Span[] }): Promise<void>;
  linkPromptVersionsToTrace(traceId: string, prompts: readonly PromptVersion[]): Promise<void>;
}
