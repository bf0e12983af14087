// What MLflow's exporters need of a server. TracingClient is one; tests have their own.

import type { Span } from "../tracing/span.js";
import type { TraceInfo } from "../tracing/trace_info.js";
import type { PromptVersion } from "../tracing/trace_manager.js";
import type { Attachment } from "./attachment.js";

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

  // A store that has all three takes attachments out of spans; without them contents stay where they are.

  /** Whether files can be put beside the traces of this experiment. */
  takesArtifacts?(experimentId: string): boolean | Promise<boolean>;
  getTraceInfo?(traceId: string): Promise<TraceInfo>;
  uploadAttachment?(info: TraceInfo, attachment: Attachment): Promise<void>;
}
