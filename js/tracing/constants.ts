// Names of MLflow's tracing schema, and the small rules that hang on them.

export const SpanType = {
  LLM: "LLM",
  CHAIN: "CHAIN",
  AGENT: "AGENT",
  TOOL: "TOOL",
  CHAT_MODEL: "CHAT_MODEL",
  RETRIEVER: "RETRIEVER",
  PARSER: "PARSER",
  EMBEDDING: "EMBEDDING",
  RERANKER: "RERANKER",
  MEMORY: "MEMORY",
  WORKFLOW: "WORKFLOW",
  TASK: "TASK",
  GUARDRAIL: "GUARDRAIL",
  EVALUATOR: "EVALUATOR",
  UNKNOWN: "UNKNOWN",
} as const;

export const SpanStatusCode = { UNSET: "UNSET", OK: "OK", ERROR: "ERROR" } as const;
export type SpanStatusCode = (typeof SpanStatusCode)[keyof typeof SpanStatusCode];

export const SpanLogLevel = { DEBUG: 10, INFO: 20, WARNING: 30, ERROR: 40, CRITICAL: 50 } as const;

export const TraceState = {
  STATE_UNSPECIFIED: "STATE_UNSPECIFIED",
  OK: "OK",
  ERROR: "ERROR",
  IN_PROGRESS: "IN_PROGRESS",
} as const;
export type TraceState = (typeof TraceState)[keyof typeof TraceState];

export const SpanAttributeKey = {
  TRACE_ID: "mlflow.traceRequestId",
  EXPERIMENT_ID: "mlflow.experimentId",
  INPUTS: "mlflow.spanInputs",
  OUTPUTS: "mlflow.spanOutputs",
  SPAN_TYPE: "mlflow.spanType",
  FUNCTION_NAME: "mlflow.spanFunctionName",
  START_TIME_NS: "mlflow.spanStartTimeNs",
  LOG_LEVEL: "mlflow.spanLogLevel",
  DESCRIPTION: "mlflow.spanDescription",
  CHAT_TOOLS: "mlflow.chat.tools",
  TOKEN_USAGE: "mlflow.chat.tokenUsage",
  COST: "mlflow.llm.cost",
  MODEL: "mlflow.llm.model",
  PROVIDER: "mlflow.llm.provider",
  MESSAGE_FORMAT: "mlflow.message.format",
} as const;

export const TraceTagKey = {
  TRACE_NAME: "mlflow.traceName",
  EVAL_REQUEST_ID: "mlflow.eval.requestId",
  SPANS_LOCATION: "mlflow.trace.spansLocation",
  LINKED_PROMPTS: "mlflow.linkedPrompts",
  ARTIFACT_LOCATION: "mlflow.artifactLocation",
} as const;

export const TraceMetadataKey = {
  INPUTS: "mlflow.traceInputs",
  OUTPUTS: "mlflow.traceOutputs",
  SOURCE_RUN: "mlflow.sourceRun",
  MODEL_ID: "mlflow.modelId",
  SIZE_BYTES: "mlflow.trace.sizeBytes",
  SIZE_STATS: "mlflow.trace.sizeStats",
  TOKEN_USAGE: "mlflow.trace.tokenUsage",
  COST: "mlflow.trace.cost",
  SCHEMA_VERSION: "mlflow.trace_schema.version",
  USER: "mlflow.trace.user",
  SESSION: "mlflow.trace.session",
} as const;

export const NO_OP_SPAN_TRACE_ID = "MLFLOW_NO_OP_SPAN_TRACE_ID";
export const TRACE_ID_PREFIX = "tr-";
export const TRACE_ID_V4_PREFIX = "trace:/";
export const DEFAULT_SPAN_NAME = "span";
export const UNKNOWN_SPAN_TYPE = "UNKNOWN";

// The keys that the recording path itself needs, apart from the object above: minifiers inline these.
export const TRACE_ID_ATTRIBUTE = "mlflow.traceRequestId";
export const EXPERIMENT_ID_ATTRIBUTE = "mlflow.experimentId";
export const INPUTS_ATTRIBUTE = "mlflow.spanInputs";
export const OUTPUTS_ATTRIBUTE = "mlflow.spanOutputs";
export const SPAN_TYPE_ATTRIBUTE = "mlflow.spanType";
export const FUNCTION_NAME_ATTRIBUTE = "mlflow.spanFunctionName";
export const START_TIME_ATTRIBUTE = "mlflow.spanStartTimeNs";
export const LOG_LEVEL_ATTRIBUTE = "mlflow.spanLogLevel";
export const DESCRIPTION_ATTRIBUTE = "mlflow.spanDescription";
export const MODEL_ATTRIBUTE = "mlflow.llm.model";
export const COST_ATTRIBUTE = "mlflow.llm.cost";

export const LOG_LEVEL_DEBUG = 10;
export const LOG_LEVEL_INFO = 20;
export const LOG_LEVEL_ERROR = 40;

/** Keys that neither count against the attribute limit nor are dropped or cut by one. */
export function isReservedKey(key: string): boolean {
  return key.startsWith("mlflow.") || key === "session.id" || key === "user.id";
}

/** The number of a level given by name (in any case) or as one of the five numbers; null otherwise. */
export function logLevelOf(level: unknown): number | null {
  if (typeof level === "number") return level >= 10 && level <= 50 && level % 10 === 0 ? level : null;
  if (typeof level !== "string") return null;
  const place = ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"].indexOf(level.toUpperCase());
  return place < 0 ? null : (place + 1) * 10;
}

/** The level of a span that was given none: INFO where a model or a tool is at work, else DEBUG. */
export function defaultLogLevel(spanType: string | null): number {
  switch (spanType) {
    case "LLM":
    case "CHAT_MODEL":
    case "TOOL":
    case "RETRIEVER":
    case "AGENT":
    case "EMBEDDING":
      return LOG_LEVEL_INFO;
    default:
      return LOG_LEVEL_DEBUG;
  }
}
