// What people, judges and code say about a trace: feedback, or what was expected.

import { TraceError } from "../trace_error.js";
import { parseJson } from "../tracing/json.js";
import { spacedJson } from "./spaced_json.js";
import { timestampText } from "./utc_text.js";

type Dict = Record<string, unknown>;

export type AssessmentSourceType = "HUMAN" | "LLM_JUDGE" | "CODE" | "SOURCE_TYPE_UNSPECIFIED";

export interface AssessmentSource {
  sourceType: AssessmentSourceType;
  sourceId: string;
}

export interface AssessmentError {
  errorCode: string;
  errorMessage?: string;
  stackTrace?: string;
}

export interface AssessmentFields {
  assessmentId?: string | null;
  name: string;
  traceId: string;
  spanId?: string | null;
  source: AssessmentSource;
  /** Milliseconds since 1970. */
  createTime?: number | null;
  lastUpdateTime?: number | null;
  /** One of the two. */
  feedback?: { value: unknown; error?: AssessmentError | null } | null;
  expectation?: { value: unknown } | null;
  rationale?: string | null;
  metadata?: Record<string, string> | null;
  /** The assessment that this one takes the place of. */
  overrides?: string | null;
  valid?: boolean | null;
}

export class Assessment {
  readonly assessmentId: string | null;
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string | null;
  readonly source: AssessmentSource;
  readonly createTime: number | null;
  readonly lastUpdateTime: number | null;
  readonly feedback: { value: unknown; error: AssessmentError | null } | null;
  readonly expectation: { value: unknown } | null;
  readonly rationale: string | null;
  readonly metadata: Record<string, string> | null;
  readonly overrides: string | null;
  /** False: another one has taken its place. null for expectations. */
  readonly valid: boolean | null;

  constructor(fields: AssessmentFields) {
    const { feedback, expectation, metadata } = fields;
    this.assessmentId = fields.assessmentId ?? null;
    this.name = fields.name;
    this.traceId = fields.traceId;
    this.spanId = fields.spanId ?? null;
    this.source = { ...fields.source };
    this.createTime = fields.createTime ?? null;
    this.lastUpdateTime = fields.lastUpdateTime ?? null;
    this.feedback = feedback ? { value: feedback.value ?? null, error: feedback.error ?? null } : null;
    this.expectation = expectation ? { value: expectation.value } : null;
    this.rationale = fields.rationale ?? null;
    this.metadata = metadata ? { ...metadata } : null;
    this.overrides = fields.overrides ?? null;
    this.valid = fields.valid ?? (this.feedback === null ? null : true);
  }

  /** MLflow's dictionary, which is what goes over the wire as well; what is null or empty is left out. */
  toDict(): Dict {
    const dict: Dict = {};
    if (this.assessmentId !== null) dict["assessment_id"] = this.assessmentId;
    dict["assessment_name"] = this.name;
    dict["trace_id"] = this.traceId;
    if (this.spanId !== null) dict["span_id"] = this.spanId;
    dict["source"] = { source_type: this.source.sourceType, source_id: this.source.sourceId };
    if (this.createTime !== null) dict["create_time"] = timestampText(this.createTime);
    if (this.lastUpdateTime !== null) dict["last_update_time"] = timestampText(this.lastUpdateTime);
    if (this.feedback !== null) dict["feedback"] = feedbackDict(this.feedback);
    if (this.expectation !== null) dict["expectation"] = expectationDict(this.expectation.value);
    if (this.rationale !== null) dict["rationale"] = this.rationale;
    if (this.metadata !== null && Object.keys(this.metadata).length > 0) dict["metadata"] = { ...this.metadata };
    if (this.overrides !== null) dict["overrides"] = this.overrides;
    if (this.valid !== null) dict["valid"] = this.valid;
    return dict;
  }

  /** Throws TraceError. */
  static fromDict(value: unknown): Assessment {
    const dict = objectOf(value) ?? refuse("it is no object");
    const source = objectOf(dict["source"]) ?? {};
    const feedback = objectOf(dict["feedback"]);
    const expectation = objectOf(dict["expectation"]);
    const name = textOf(dict["assessment_name"]) ?? refuse("it has no assessment_name");
    return new Assessment({
      assessmentId: textOf(dict["assessment_id"]),
      name,
      traceId: textOf(dict["trace_id"]) ?? "",
      spanId: textOf(dict["span_id"]),
      source: {
        sourceType: (textOf(source["source_type"]) ?? "SOURCE_TYPE_UNSPECIFIED") as AssessmentSourceType,
        sourceId: textOf(source["source_id"]) ?? "default",
      },
      createTime: timeOf(dict["create_time"]),
      lastUpdateTime: timeOf(dict["last_update_time"]),
      feedback: feedback === null ? null : { value: feedback["value"], error: errorOf(feedback["error"]) },
      expectation: expectation === null ? null : { value: expectedValue(expectation) },
      rationale: textOf(dict["rationale"]),
      metadata: objectOf(dict["metadata"]) as Record<string, string> | null,
      overrides: textOf(dict["overrides"]),
      // The server calls expectations valid too; MLflow's objects do not.
      valid: feedback !== null && typeof dict["valid"] === "boolean" ? dict["valid"] : null,
    });
  }
}

export function feedbackDict({ value, error }: { value: unknown; error: AssessmentError | null }): Dict {
  const dict: Dict = { value: value ?? null };
  if (error !== null) {
    dict["error"] = { error_code: error.errorCode };
    if (error.errorMessage !== undefined) (dict["error"] as Dict)["error_message"] = error.errorMessage;
    if (error.stackTrace !== undefined) (dict["error"] as Dict)["stack_trace"] = error.stackTrace;
  }
  return dict;
}

/** Lists and objects stand as text. */
export function expectationDict(value: unknown): Dict {
  if (typeof value !== "object" || value === null) return { value: value ?? null };
  return { serialized_value: { serialization_format: "JSON_FORMAT", value: spacedJson(value) } };
}

/** A type in any case; a judge may be called by its old name. Throws TraceError for any other. */
export function checkedSource(
  source: { sourceType: string; sourceId?: string } | undefined,
  otherwise: AssessmentSourceType,
  warn: (message: string) => void,
): AssessmentSource {
  if (source === undefined) return { sourceType: otherwise, sourceId: "default" };
  let type = String(source.sourceType).toUpperCase();
  if (type === "AI_JUDGE") {
    warn("the source type AI_JUDGE is now called LLM_JUDGE");
    type = "LLM_JUDGE";
  }
  if (!["HUMAN", "LLM_JUDGE", "CODE", "SOURCE_TYPE_UNSPECIFIED"].includes(type))
    throw new TraceError("INVALID_PARAMETER_VALUE", `'${type}' is no source type: it is HUMAN, LLM_JUDGE or CODE`);
  return { sourceType: type as AssessmentSourceType, sourceId: source.sourceId ?? "default" };
}

function expectedValue(expectation: Dict): unknown {
  const serialized = objectOf(expectation["serialized_value"]);
  if (serialized === null) return expectation["value"] ?? null;
  const text = textOf(serialized["value"]) ?? "";
  try {
    return parseJson(text);
  } catch {
    return text;
  }
}

function errorOf(value: unknown): AssessmentError | null {
  const dict = objectOf(value);
  if (dict === null) return null;
  const error: AssessmentError = { errorCode: textOf(dict["error_code"]) ?? "" };
  const message = textOf(dict["error_message"]);
  const stack = textOf(dict["stack_trace"]);
  if (message !== null) error.errorMessage = message;
  if (stack !== null) error.stackTrace = stack;
  return error;
}

function objectOf(value: unknown): Dict | null {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Dict) : null;
}

function textOf(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

function timeOf(value: unknown): number | null {
  const time = typeof value === "string" ? Date.parse(value) : NaN;
  return Number.isNaN(time) ? null : time;
}

function refuse(why: string): never {
  throw new TraceError("MALFORMED", `the assessment could not be read: ${why}`);
}
