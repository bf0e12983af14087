// Spans to a server, by OTLP: to an experiment of a tracking server, or to tables of a Databricks workspace.

import { clientCore } from "../load/client_core.js";
import { TraceError } from "../trace_error.js";
import type { Span } from "../tracing/span.js";
import { isMissingEndpoint, MlflowHttpError } from "./http_error.js";
import type { RestClient } from "./rest_client.js";

const PROTOBUF = "application/x-protobuf";

export type UploadCompression = "none" | "gzip";

export async function logSpans(
  rest: RestClient,
  location: string,
  spans: readonly Span[],
  compression: UploadCompression,
): Promise<void> {
  if (spans.length === 0) return;
  const records = spans.map((span) => span._record());
  const request = clientCore().requestOfRecords(records, !isTable(location));
  try {
    await exportOtlpSpans(rest, location, request, compression);
  } catch (error) {
    const isTooLarge = error instanceof MlflowHttpError && error.httpStatus === 413;
    if (!isTooLarge || spans.length < 2) throw error;
    const half = spans.length >> 1;
    await logSpans(rest, location, spans.slice(0, half), compression);
    await logSpans(rest, location, spans.slice(half), compression);
  }
}

/** An ExportTraceServiceRequest. NOT_IMPLEMENTED where the server takes no spans. */
export async function exportOtlpSpans(
  rest: RestClient,
  location: string,
  request: Uint8Array,
  compression: UploadCompression,
): Promise<void> {
  if (typeof location !== "string" || !/^[\x21-\x7e]+$/.test(location))
    throw new TraceError("INVALID_PARAMETER_VALUE", "spans are logged to an experiment id, or to 'catalog.schema[.table]'");
  const isGzip = compression === "gzip";
  const target: Record<string, string> = isTable(location)
    ? { "x-databricks-uc-table-name": location }
    : { "x-mlflow-experiment-id": location };
  try {
    const { body, type } = await rest.bytes({
      method: "POST",
      path: isTable(location) ? "/api/2.0/otel/v1/traces" : "/v1/traces",
      headers: isGzip ? { ...target, "content-encoding": "gzip" } : target,
      body: { type: PROTOBUF, bytes: isGzip ? await rest.gzip(request) : request },
    });
    refusePartial(body, type);
  } catch (error) {
    if (!isMissingEndpoint(error)) throw error;
    const { message, httpStatus } = error as MlflowHttpError;
    throw new MlflowHttpError(
      "NOT_IMPLEMENTED",
      `REST OTLP span logging is not supported by this server: ${message}`,
      httpStatus,
    );
  }
}

function isTable(location: string): boolean {
  return location.includes(".");
}

/** MLflow answers with an empty body; what stands before it may not. */
function refusePartial(body: Uint8Array, type: string): void {
  if (body.byteLength === 0) return;
  const isJson = type.includes("json");
  if (!isJson && !type.includes("protobuf")) return;
  const { rejectedSpans, message } = clientCore().readExportAnswer(body, isJson);
  if (rejectedSpans > 0)
    throw new MlflowHttpError("INVALID_PARAMETER_VALUE", `the server refused ${String(rejectedSpans)} spans: ${message}`, 200);
}
