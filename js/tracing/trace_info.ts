// What is known of a trace as a whole, in MLflow's shape.

import { TraceError } from "../trace_error.js";
import { parseJson } from "./json.js";
import { withToJson } from "./dict.js";

export interface TraceInfoFields {
  traceId: string;
  traceLocation?: Record<string, unknown>;
  /** Milliseconds since 1970. */
  requestTime?: number;
  /** Milliseconds; null while the root is open. */
  executionDuration?: number | null;
  state?: string;
  requestPreview?: string | null;
  responsePreview?: string | null;
  clientRequestId?: string | null;
  traceMetadata?: Record<string, string>;
  tags?: Record<string, string>;
  assessments?: Record<string, unknown>[];
}

export class TraceInfo {
  traceId: string;
  traceLocation: Record<string, unknown>;
  requestTime: number;
  executionDuration: number | null;
  state: string;
  requestPreview: string | null;
  responsePreview: string | null;
  clientRequestId: string | null;
  traceMetadata: Record<string, string>;
  tags: Record<string, string>;
  assessments: Record<string, unknown>[];

  constructor(fields: TraceInfoFields) {
    this.traceId = fields.traceId;
    this.traceLocation = fields.traceLocation ?? { type: "MLFLOW_EXPERIMENT", mlflow_experiment: { experiment_id: "0" } };
    this.requestTime = fields.requestTime ?? 0;
    this.executionDuration = fields.executionDuration ?? null;
    this.state = fields.state ?? "IN_PROGRESS";
    this.requestPreview = fields.requestPreview ?? null;
    this.responsePreview = fields.responsePreview ?? null;
    this.clientRequestId = fields.clientRequestId ?? null;
    this.traceMetadata = fields.traceMetadata ?? {};
    this.tags = fields.tags ?? {};
    this.assessments = fields.assessments ?? [];
  }

  get requestId(): string {
    return this.traceId;
  }
  get experimentId(): string | null {
    const experiment = this.traceLocation["mlflow_experiment"] as { experiment_id?: string } | undefined;
    return experiment?.experiment_id ?? null;
  }
  /** Sums over the spans; null where no span had any. */
  get tokenUsage(): Record<string, number> | null {
    return parsed(this.traceMetadata["mlflow.trace.tokenUsage"]);
  }
  get cost(): Record<string, number> | null {
    return parsed(this.traceMetadata["mlflow.trace.cost"]);
  }

  /** MLflow's dictionary; what is null or empty is left out. */
  toDict(): Record<string, unknown> {
    const dict: Record<string, unknown> = { trace_id: this.traceId };
    if (this.clientRequestId !== null) dict["client_request_id"] = this.clientRequestId;
    dict["trace_location"] = this.traceLocation;
    dict["request_time"] = new Date(this.requestTime).toISOString().replace(".000Z", "Z");
    dict["state"] = this.state;
    if (Object.keys(this.traceMetadata).length > 0) dict["trace_metadata"] = { ...this.traceMetadata };
    if (this.assessments.length > 0) dict["assessments"] = this.assessments;
    if (Object.keys(this.tags).length > 0) dict["tags"] = { ...this.tags };
    if (this.requestPreview !== null) dict["request_preview"] = this.requestPreview;
    if (this.responsePreview !== null) dict["response_preview"] = this.responsePreview;
    if (this.executionDuration !== null) dict["execution_duration_ms"] = this.executionDuration;
    return withToJson(dict);
  }

  /** Throws TraceError where it is no such dictionary. */
  static fromDict(value: unknown): TraceInfo {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return refuse("it is no object");
    const dict = value as Record<string, unknown>;
    const { trace_id: traceId, request_time: time } = dict;
    if (typeof traceId !== "string" || traceId === "") return refuse("it has no trace_id");
    const requestTime = typeof time === "number" ? time : typeof time === "string" ? Date.parse(time) : NaN;
    if (Number.isNaN(requestTime)) return refuse("it has no request_time");
    const text = (key: string): string | null => (typeof dict[key] === "string" ? (dict[key] as string) : null);
    const duration = dict["execution_duration_ms"];
    return new TraceInfo({
      traceId,
      traceLocation: dict["trace_location"] as Record<string, unknown> | undefined,
      requestTime,
      executionDuration: duration === undefined || duration === null ? null : Number(duration),
      state: text("state") ?? "STATE_UNSPECIFIED",
      requestPreview: text("request_preview"),
      responsePreview: text("response_preview"),
      clientRequestId: text("client_request_id"),
      traceMetadata: { ...(dict["trace_metadata"] as Record<string, string> | undefined) },
      tags: { ...(dict["tags"] as Record<string, string> | undefined) },
      assessments: (dict["assessments"] as Record<string, unknown>[] | undefined) ?? [],
    });
  }
}

function refuse(why: string): never {
  throw new TraceError("INVALID_PARAMETER_VALUE", `the trace info could not be read: ${why}`);
}

function parsed(text: string | undefined): Record<string, number> | null {
  if (text === undefined) return null;
  try {
    return parseJson(text) as Record<string, number>;
  } catch {
    return null;
  }
}
