// What a notebook shows for traces: content by MIME type.

import type { Trace } from "../tracing/trace.js";
import { environmentVariable, isDatabricks, trackingUri } from "./display_settings.js";
import { getNotebookIframeHtml } from "./notebook_html.js";

export type MimeBundle = Readonly<Record<string, string>>;

const DATABRICKS_MIME = "application/databricks.mlflow.trace";

export function mimeBundle(traces: readonly Trace[]): MimeBundle {
  const names = traces.map((trace) => `Trace(trace_id=${quoted(trace.info.traceId)})`);
  const plain = { "text/plain": names.length === 1 ? (names[0] as string) : `[${names.join(", ")}]` };
  if (!isDatabricks(trackingUri())) return { ...plain, "text/html": getNotebookIframeHtml(traces) };
  return { ...plain, [DATABRICKS_MIME]: databricksJson(traces) };
}

/** Databricks finds the content of the traces by itself. */
function databricksJson(traces: readonly Trace[]): string {
  const warehouse = environmentVariable("MLFLOW_TRACING_SQL_WAREHOUSE_ID") ?? null;
  const texts = traces.map(
    (trace) => `{"trace_id": ${JSON.stringify(trace.info.traceId)}, "sql_warehouse_id": ${JSON.stringify(warehouse)}}`,
  );
  return texts.length === 1 ? (texts[0] as string) : `[${texts.join(", ")}]`;
}

/** As Python writes a string for reading. */
function quoted(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text
    .replace(/\\/g, "\\\\")
    // eslint-disable-next-line no-control-regex -- these are the characters to write otherwise
    .replace(/[\u0000-\u001f\u007f-\u00a0\u00ad\u2028-\u202e\u2066-\u2069]/g, (unit) => {
      const code = unit.charCodeAt(0);
      return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16)}`;
    });
  return quote + (quote === "'" ? escaped.replace(/'/g, "\\'") : escaped) + quote;
}
