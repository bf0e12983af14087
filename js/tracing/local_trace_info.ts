// What is known of a trace of this process, as MLflow tells it. Previews, times, state and sums that
// follow from the spans are the core's to add.

import { TRACE_NAME_TAG } from "./late_names.js";
import type { LocalTrace } from "./local_trace.js";
import { parseTraceIdV4 } from "./trace_ids.js";
import { TraceInfo } from "./trace_info.js";

const SCHEMA_VERSION = "3";
/** Only the server sets these. */
const IMMUTABLE_TAGS = ["mlflow.user", "mlflow.artifactLocation"];

export function infoOfLocalTrace(trace: LocalTrace): TraceInfo {
  const { values, root, experimentId } = trace;
  const tags: Record<string, string> = { [TRACE_NAME_TAG]: root?.name ?? "", ...Object.fromEntries(values?.tags ?? []) };
  for (const key of IMMUTABLE_TAGS) delete tags[key];
  const metadata: Record<string, string> = {
    "mlflow.trace_schema.version": SCHEMA_VERSION,
    ...Object.fromEntries(values?.metadata ?? []),
  };
  if (typeof values?.sessionId === "string") metadata["mlflow.trace.session"] = values.sessionId;
  if (typeof values?.user === "string") metadata["mlflow.trace.user"] = values.user;
  return new TraceInfo({
    traceId: trace.traceId,
    traceLocation: locationOf(trace.traceIdText) ?? {
      type: "MLFLOW_EXPERIMENT",
      mlflow_experiment: { experiment_id: experimentId ?? "0" },
    },
    requestTime: root === null ? 0 : Number(root.startTimeNs / 1_000_000n),
    state: values?.state ?? "IN_PROGRESS",
    requestPreview: values?.requestPreview ?? null,
    responsePreview: values?.responsePreview ?? null,
    clientRequestId: values?.clientRequestId ?? null,
    traceMetadata: metadata,
    tags,
    assessments: [...(values?.assessments ?? [])],
  });
}

/** Of a v4 id: a schema of Unity Catalog, or tables there that share a prefix. */
function locationOf(traceIdText: string | null): Record<string, unknown> | null {
  const location = traceIdText === null ? null : parseTraceIdV4(traceIdText).location;
  if (location === null) return null;
  const [catalog_name, schema_name, table_prefix] = location.split(".");
  return table_prefix === undefined
    ? { type: "UC_SCHEMA", uc_schema: { catalog_name, schema_name } }
    : { type: "UC_TABLE_PREFIX", uc_table_prefix: { catalog_name, schema_name, table_prefix } };
}
