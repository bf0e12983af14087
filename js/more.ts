// The public names but those of start.ts.

export type { InitOptions } from "./load/options.js";
export {
  getLastActiveTraceId,
  currentIds,
  enable,
  disable,
  isEnabled,
  registerOnSpanStartHook,
  registerOnSpanEndHook,
  setSpanProcessors,
} from "./tracing/fluent.js";
export { reset } from "./tracing/reset.js";
export type { TraceOptions } from "./tracing/trace_function.js";
export { bindContext, suppressTracing } from "./tracing/context.js";
export { updateCurrentTrace, tracingContext } from "./tracing/update_current_trace.js";
export type { TraceUpdate, TracingContextOptions } from "./tracing/update_current_trace.js";
export { setDestination } from "./tracing/destination.js";
export type { TraceDestination } from "./tracing/placement.js";
export { withEvaluationContext } from "./tracing/evaluation_context.js";
export type { EvaluationOptions } from "./tracing/evaluation_context.js";
export { getTrace, getTrackingUri, isUsingTrackingServer, searchTraces, setExperiment, setTrackingUri } from "./mlflow/fluent.js";
export type { GetTraceOptions } from "./mlflow/fluent.js";
export { extractTraceContext, injectTraceContext, withRemoteContext } from "./tracing/propagation.js";
export type { HeaderCarrier, InjectOptions, RemoteContext } from "./tracing/propagation.js";
export { TraceManager } from "./tracing/trace_manager.js";
export type { PromptVersion } from "./tracing/trace_manager.js";
export { Trace } from "./tracing/trace.js";
export { TraceInfo } from "./tracing/trace_info.js";
export { decodeAnyValue, encodeAnyValue } from "./tracing/any_value.js";
export type { OtlpAnyValue } from "./tracing/any_value.js";
export { createSpan } from "./tracing/create_span.js";
export { generateTraceIdV3, generateTraceIdV4, parseTraceIdV4, encodeSpanId } from "./tracing/trace_ids.js";
export type { ActiveSpan, SpanOptions, TracerStats } from "./tracing/tracer.js";
export { Span, SpanStatus } from "./tracing/span.js";
export type { EventInput, Link, LinkInput, OtlpSpan, SpanContext, SpanDict } from "./tracing/span.js";
export { LiveSpan } from "./tracing/live_span.js";
export type { EndOptions } from "./tracing/live_span.js";
export { NoOpSpan } from "./tracing/noop_span.js";
export { SpanEvent } from "./tracing/span_event.js";
export {
  SpanType,
  SpanStatusCode,
  SpanLogLevel,
  SpanAttributeKey,
  TraceState,
  TraceTagKey,
  TraceMetadataKey,
  NO_OP_SPAN_TRACE_ID,
} from "./tracing/constants.js";
export { AlwaysOffSampler, AlwaysOnSampler, ParentBasedSampler, TraceIdRatioBasedSampler } from "./tracing/sampling.js";
export type { Sampler, SamplingRequest, SamplingResult } from "./tracing/sampling.js";
export type { Logger, SpanLimits } from "./tracing/runtime.js";
export type { Outcome, SpanExporter } from "./export/exporter.js";
export { SpanBatch } from "./export/span_batch.js";
export type { FlushResult } from "./export/flush_result.js";
export { OtlpHttpExporter } from "./export/otlp_exporter.js";
export type { OtlpHttpExporterOptions } from "./export/otlp_http_sender.js";
export { disableNotebookDisplay, enableNotebookDisplay, getDisplayHandler } from "./mlflow/display_handler.js";
export type { DisplayHandler, DisplaySink } from "./mlflow/display_handler.js";
export type { MimeBundle } from "./mlflow/mime_bundle.js";
export { getNotebookIframeHtml } from "./mlflow/notebook_html.js";
export { getTraceHtml } from "./mlflow/trace_html.js";
export { MlflowExporter } from "./mlflow/mlflow_exporter.js";
export type { MlflowExporterOptions } from "./mlflow/mlflow_exporter.js";
export { SpanTableExporter } from "./mlflow/span_table_exporter.js";
export type { SpanTableExporterOptions } from "./mlflow/span_table_exporter.js";
export { InferenceTableExporter } from "./mlflow/inference_table_exporter.js";
export type { InferenceTableExporterOptions } from "./mlflow/inference_table_exporter.js";
export { popInferenceTrace } from "./mlflow/inference_buffer.js";
export type { TraceStore } from "./mlflow/trace_store.js";
export { TracingClient } from "./mlflow/tracing_client.js";
export type { TracingClientOptions } from "./mlflow/tracing_client.js";
export type { SearchTracesOptions, SearchTracesResult } from "./mlflow/trace_search.js";
export type { TraceDeletion } from "./mlflow/trace_records.js";
export type { Experiment, NewExperiment } from "./mlflow/experiments.js";
export { Attachment } from "./mlflow/attachment.js";
export type { AttachmentReference } from "./mlflow/attachment.js";
export { Assessment } from "./mlflow/assessment.js";
export type { AssessmentError, AssessmentSource } from "./mlflow/assessment.js";
export type { AssessmentUpdate, ExpectationInput, FeedbackInput } from "./mlflow/assessment_calls.js";
export { groupTraceInfosByLocation } from "./mlflow/trace_loader.js";
export { SpansLocation } from "./mlflow/spans_location.js";
export { MlflowHttpError } from "./mlflow/http_error.js";
export { AsyncExportQueue } from "./mlflow/async_export_queue.js";
export type { AsyncExportQueueOptions } from "./mlflow/async_export_queue.js";
export { SpanBatcher } from "./mlflow/span_batcher.js";
export type { LogSpans, SpanBatcherOptions } from "./mlflow/span_batcher.js";
export { Task } from "./mlflow/task.js";
export type { OnDropped } from "./mlflow/task.js";
export type { ExitHook, ExitHooks } from "./mlflow/exit_hooks.js";
export { TraceError } from "./trace_error.js";
