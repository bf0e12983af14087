// A trace info as MLflow's REST endpoints write it: protobuf's JSON. What it differs in from TraceInfo's dictionary: the
// duration is text with an "s", ids of traces in tables stand without their location, long texts are cut.

import { TraceError } from "../trace_error.js";
import { TraceInfo } from "../tracing/trace_info.js";
import { parseTraceIdV4 } from "../tracing/trace_ids.js";
import { safeText } from "../tracing/values.js";
import { Assessment } from "./assessment.js";
import { durationMillis, durationText, timestampText } from "./utc_text.js";

/** Characters, not bytes; longer ones are cut without a mark. */
const MAX_KEY = 250;
const MAX_METADATA_VALUE = 250;
const MAX_TAG_VALUE = 4096;

type Dict = Record<string, unknown>;

export function infoToProto(info: TraceInfo, warn: (message: string) => void): Dict {
  const proto: Dict = { trace_id: isInTable(info.traceLocation) ? parseTraceIdV4(info.traceId).traceId : info.traceId };
  if (info.clientRequestId !== null) proto["client_request_id"] = info.clientRequestId;
  proto["trace_location"] = info.traceLocation;
  proto["request_time"] = timestampText(info.requestTime);
  if (info.executionDuration !== null) proto["execution_duration"] = durationText(info.executionDuration);
  proto["state"] = info.state;
  const metadata = limited(info.traceMetadata, MAX_METADATA_VALUE, "metadata", warn);
  const tags = limited(info.tags, MAX_TAG_VALUE, "tag", warn);
  if (Object.keys(metadata).length > 0) proto["trace_metadata"] = metadata;
  if (Object.keys(tags).length > 0) proto["tags"] = tags;
  if (info.assessments.length > 0) proto["assessments"] = info.assessments;
  if (info.requestPreview !== null) proto["request_preview"] = info.requestPreview;
  if (info.responsePreview !== null) proto["response_preview"] = info.responsePreview;
  return proto;
}

/** Throws TraceError where the server's object is no trace info. */
export function infoFromProto(value: unknown): TraceInfo {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return refuse("it is no object");
  const proto = value as Dict;
  const id = proto["trace_id"] ?? proto["request_id"];
  if (typeof id !== "string" || id === "") return refuse("it has no trace_id");
  const location = (proto["trace_location"] ?? {}) as Dict;
  const table = locationTextOf(location);
  const duration = proto["execution_duration"];
  const assessments = Array.isArray(proto["assessments"]) ? (proto["assessments"] as unknown[]) : [];
  return TraceInfo.fromDict({
    ...proto,
    trace_id: table === null || id.startsWith("trace:/") ? id : `trace:/${table}/${id}`,
    trace_location: location,
    // A default is left out by protobuf's JSON.
    request_time: proto["request_time"] ?? 0,
    assessments: assessments.map((each) => Assessment.fromDict(each).toDict()),
    execution_duration_ms: typeof duration === "string" ? durationMillis(duration) : null,
  });
}

/** "catalog.schema" or "catalog.schema.table_prefix" of a trace in a table; null for any other. */
export function locationTextOf(location: Dict): string | null {
  const table = (location["uc_schema"] ?? location["uc_table_prefix"]) as Dict | undefined;
  if (typeof table !== "object" || table === null) return null;
  const parts = [table["catalog_name"], table["schema_name"], table["table_prefix"]];
  return parts.filter((part) => typeof part === "string" && part !== "").join(".");
}

/** The location that a text names: an experiment, or a table of two or three parts. Throws TraceError. */
export function locationOfText(text: string): Dict {
  const parts = text.split(".");
  const [first = "", schema = "", prefix = ""] = parts;
  if (text === "" || parts.length > 3 || parts.includes(""))
    throw new TraceError(
      "INVALID_PARAMETER_VALUE",
      `'${text}' is no location: it is an experiment id, 'catalog.schema' or 'catalog.schema.table_prefix'`,
    );
  if (parts.length === 1) return { type: "MLFLOW_EXPERIMENT", mlflow_experiment: { experiment_id: first } };
  const names = { catalog_name: first, schema_name: schema };
  if (parts.length === 2) return { type: "UC_SCHEMA", uc_schema: names };
  return { type: "UC_TABLE_PREFIX", uc_table_prefix: { ...names, table_prefix: prefix } };
}

function isInTable(location: Dict): boolean {
  return locationTextOf(location) !== null;
}

function limited(map: Dict, maxValue: number, what: string, warn: (message: string) => void): Record<string, string> {
  const entries: [string, string][] = [];
  for (const [key, value] of Object.entries(map)) {
    if (typeof value !== "string") warn(`the ${what} '${cut(key, 50)}' is no string: its text is sent`);
    entries.push([cut(key, MAX_KEY), cut(textOf(value), maxValue)]);
  }
  return Object.fromEntries(entries);
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : safeText(value);
}

function cut(text: string, maxCharacters: number): string {
  return text.length <= maxCharacters ? text : [...text.slice(0, 2 * maxCharacters)].slice(0, maxCharacters).join("");
}

function refuse(why: string): never {
  throw new TraceError("MALFORMED", `the server's trace info could not be read: ${why}`);
}
