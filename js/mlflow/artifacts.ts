// Spans of traces that are kept as a file among a trace's artifacts.

import { TraceError } from "../trace_error.js";
import { exactJson } from "../tracing/exact_json.js";
import type { Span } from "../tracing/span.js";
import { codec } from "../tracing/span_codec.js";
import { Trace } from "../tracing/trace.js";
import type { TraceInfo } from "../tracing/trace_info.js";
import { MlflowHttpError } from "./http_error.js";
import { path, type RestClient, type RestRequest } from "./rest_client.js";
import { downloadSigned, uploadSigned } from "./signed_files.js";

const ARTIFACT_LOCATION = "mlflow.artifactLocation";
const SPANS_FILE = "traces.json";

export async function uploadTraceData(rest: RestClient, info: TraceInfo, spans: readonly Span[]): Promise<void> {
  const codecs = codec();
  const dicts = spans.map((span) => codecs.spanDictText(span._record()));
  const bytes = new TextEncoder().encode(`{"spans": [${dicts.join(", ")}]}`);
  await uploadArtifact(rest, info, SPANS_FILE, { type: "text/plain", bytes });
}

/** `name` may have folders: "attachments/…". */
export async function uploadArtifact(
  rest: RestClient,
  info: TraceInfo,
  name: string,
  body: { type: string; bytes: Uint8Array },
): Promise<void> {
  if (isSigned(rest, info)) return uploadSigned(rest, info.traceId, name === SPANS_FILE ? null : name, body.bytes);
  await rest.bytes({ method: "PUT", path: artifactPath(rest, info, name), body });
}

/** RESOURCE_DOES_NOT_EXIST where the file is missing, MALFORMED where it cannot be read. */
export async function downloadTrace(rest: RestClient, info: TraceInfo): Promise<Trace> {
  let data: string;
  try {
    const body = isSigned(rest, info)
      ? await downloadSigned(rest, info.traceId, null)
      : (await rest.bytes({ method: "GET", ...spansFile(rest, info) })).body;
    data = new TextDecoder().decode(body);
  } catch (error) {
    if (!(error instanceof MlflowHttpError) || error.httpStatus !== 404) throw error;
    throw new MlflowHttpError("RESOURCE_DOES_NOT_EXIST", `the trace ${info.traceId} has no span data: ${error.message}`, 404);
  }
  try {
    return new Trace(info, Trace.fromJson(`{"info":${exactJson(info.toDict())},"data":${data}}`).data.spans);
  } catch (error) {
    const why = error instanceof Error ? error.message : "";
    throw new TraceError("MALFORMED", `the span data of ${info.traceId} cannot be read: ${why}`, { cause: error });
  }
}

/** A workspace's files are in its cloud. */
function isSigned(rest: RestClient, info: TraceInfo): boolean {
  const location = info.tags[ARTIFACT_LOCATION];
  return rest.settings.isDatabricks && (location === undefined || ownPath(rest, location) === null);
}

/** In the server's own store; the file of any other is read for us by the server, as for its own page. */
function spansFile(rest: RestClient, info: TraceInfo): Pick<RestRequest, "path" | "query"> {
  const location = info.tags[ARTIFACT_LOCATION];
  if (location === undefined || ownPath(rest, location) !== null) return { path: artifactPath(rest, info, SPANS_FILE) };
  return { path: "/ajax-api/3.0/mlflow/get-trace-artifact", query: [["request_id", info.traceId]] };
}

/** Only the server's own store: what other addresses would want of credentials is not here. */
function artifactPath(rest: RestClient, info: TraceInfo, name: string): string {
  const location = info.tags[ARTIFACT_LOCATION];
  if (location === undefined)
    throw new TraceError(
      "RESOURCE_DOES_NOT_EXIST",
      `the trace ${info.traceId} has no artifacts: the tag '${ARTIFACT_LOCATION}' is missing`,
    );
  const own = ownPath(rest, location);
  if (own === null)
    throw new TraceError(
      "NOT_IMPLEMENTED",
      `artifacts at '${location}' cannot be reached: start the server with --serve-artifacts, so that it hands them out itself`,
    );
  const parts = [...own.split("/"), ...name.split("/")].filter((part) => part !== "");
  return parts.reduce((text, part) => `${text}${path`/${part}`}`, "/api/2.0/mlflow-artifacts/artifacts");
}

/** Whether files at this place can be written through the server. */
export function isOwnArtifacts(rest: RestClient, location: string): boolean {
  return ownPath(rest, location) !== null;
}

/** The path inside the server's own store; null: somewhere else. */
function ownPath(rest: RestClient, location: string): string | null {
  const match = /^mlflow-artifacts:(?:\/\/([^/]*))?\/?(.*)$/.exec(location);
  const authority = match?.[1] ?? "";
  const isOwn = match !== null && (authority === "" || authority === new URL(rest.settings.baseUrl).host);
  return isOwn ? (match[2] ?? "") : null;
}
