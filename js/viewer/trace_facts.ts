// What is known about a trace besides its spans, for the page: from an info dictionary of MLflow's (version 3, version
// 2, REST) as it came, or from the root span of a trace that came by OTLP. Everything in it is foreign: what has not the
// expected shape is left out, texts are cut, lists end.

import type { Assessment, SpanDetail, TraceFacts } from "./model.js";

const MAX_ENTRIES = 200;
const MAX_TEXT = 5000;
const TAG = "mlflow.traceTag.";
const METADATA = "mlflow.traceMetadata.";

type Dict = Record<string, unknown>;

/** `text` is the core's answer: an info dictionary, or the detail of a root span. Null: nothing is known. */
export function readFacts(text: string): TraceFacts | null {
  const json = dictOf(parse(text));
  if (!json) return null;
  const facts =
    "spanId" in json && Array.isArray(json["attributes"]) ? factsOfRoot(json as unknown as SpanDetail) : factsOfInfo(json);
  const isEmpty = Object.values(facts).every((value) => value === undefined || value === "" || isEmptyList(value));
  return isEmpty ? null : facts;
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

/** Infinite numbers stand bare where Python wrote the text. */
function parse(text: string): unknown {
  if (text === "") return null;
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function factsOfInfo(info: Dict): TraceFacts {
  const location = dictOf(dictOf(info["trace_location"])?.["mlflow_experiment"]);
  const metadata = entriesOf(info["trace_metadata"] ?? info["request_metadata"]);
  return {
    traceId: textOf(info["trace_id"] ?? info["request_id"]),
    experimentId: textOf(location?.["experiment_id"] ?? info["experiment_id"]),
    state: textOf(info["state"] ?? info["status"]),
    clientRequestId: textOf(info["client_request_id"]),
    requestPreview: textOf(info["request_preview"]),
    responsePreview: textOf(info["response_preview"]),
    tags: entriesOf(info["tags"]),
    metadata,
    assessments: listOf(info["assessments"]).map(assessmentOf),
    ...costOf(metadata),
  };
}

function factsOfRoot(root: SpanDetail): TraceFacts {
  const withPrefix = (prefix: string): [string, string][] =>
    root.attributes
      .filter(({ key }) => key.startsWith(prefix))
      .slice(0, MAX_ENTRIES)
      .map(({ key, value }) => [key.slice(prefix.length), value]);
  const metadata = withPrefix(METADATA);
  return {
    traceId: "",
    experimentId: "",
    state: "",
    clientRequestId: root.attributes.find(({ key }) => key === "mlflow.traceClientRequestId")?.value ?? "",
    requestPreview: "",
    responsePreview: "",
    tags: withPrefix(TAG),
    metadata,
    assessments: [],
    ...costOf(metadata),
  };
}

function assessmentOf(value: unknown): Assessment {
  const json = dictOf(value) ?? {};
  const feedback = dictOf(json["feedback"]);
  const content = feedback ?? dictOf(json["expectation"]) ?? {};
  const error = dictOf(feedback?.["error"]);
  const source = dictOf(json["source"]);
  const sourceId = textOf(source?.["source_id"]);
  return {
    name: textOf(json["assessment_name"]),
    kind: feedback ? "feedback" : "expectation",
    value: textOf(content["value"] ?? dictOf(content["serialized_value"])?.["value"]),
    rationale: textOf(json["rationale"]),
    error: [textOf(error?.["error_code"]), textOf(error?.["error_message"])].filter(Boolean).join(": "),
    source: [textOf(source?.["source_type"]), sourceId === "default" ? "" : sourceId].filter(Boolean).join(" "),
    spanId: textOf(json["span_id"]),
    isValid: json["valid"] !== false,
  };
}

function costOf(metadata: readonly [string, string][]): { cost?: number } {
  const text = metadata.find(([key]) => key === "mlflow.trace.cost")?.[1];
  const total = dictOf(parse(text ?? ""))?.["total_cost"];
  return typeof total === "number" && Number.isFinite(total) ? { cost: total } : {};
}

/** `{key: value}` and, as REST of version 2 answers, `[{key, value}]`. */
function entriesOf(value: unknown): [string, string][] {
  const entries = Array.isArray(value)
    ? listOf(value).map((entry): [unknown, unknown] => [dictOf(entry)?.["key"], dictOf(entry)?.["value"]])
    : Object.entries(dictOf(value) ?? {}).slice(0, MAX_ENTRIES);
  return entries.map(([key, content]) => [textOf(key), textOf(content)]);
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? (value as unknown[]).slice(0, MAX_ENTRIES) : [];
}

function dictOf(value: unknown): Dict | null {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Dict) : null;
}

function textOf(value: unknown): string {
  if (value === undefined || value === null) return "";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;
}
