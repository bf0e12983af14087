// Files of a trace in a Databricks workspace: the workspace says where in its cloud a file is, by an address that is
// good for a while and for this file alone, and how that cloud takes it.

import { TraceError } from "../trace_error.js";
import { path, type RestClient } from "./rest_client.js";

/** What is needed of a client. */
type Asking = Pick<RestClient, "json" | "bytes" | "settings">;

interface Place {
  url: string;
  headers: Record<string, string>;
  type: string;
}

/** `name`: of a file beside the spans; null: the spans themselves. Rejects with TraceError. */
export async function uploadSigned(rest: Asking, traceId: string, name: string | null, bytes: Uint8Array): Promise<void> {
  const { url, headers, type } = await placeOf(rest, "upload", traceId, name);
  // Without a content type: an address may be signed for none.
  const body = { type: "", bytes };
  switch (type) {
    case "AWS_PRESIGNED_URL":
    case "GCP_SIGNED_URL":
      await rest.bytes({ method: "PUT", path: "", url, headers, body });
      return;
    case "AZURE_SAS_URI":
      await rest.bytes({ method: "PUT", path: "", url, headers: { ...headers, "x-ms-blob-type": "BlockBlob" }, body });
      return;
    case "AZURE_ADLS_GEN2_SAS_URI": {
      await rest.bytes({ method: "PUT", path: "", url: withQuery(url, "resource=file"), headers });
      if (bytes.byteLength === 0) return;
      await rest.bytes({ method: "PATCH", path: "", url: withQuery(url, "action=append&position=0&flush=true"), headers, body });
      return;
    }
    default:
      throw new TraceError("NOT_IMPLEMENTED", `the workspace keeps files in a way that is not known here: ${type}`);
  }
}

export async function downloadSigned(rest: Asking, traceId: string, name: string | null): Promise<Uint8Array> {
  const { url, headers } = await placeOf(rest, "download", traceId, name);
  return (await rest.bytes({ method: "GET", path: "", url, headers })).body;
}

async function placeOf(rest: Asking, way: "upload" | "download", traceId: string, name: string | null): Promise<Place> {
  const answer = await rest.json({
    method: "GET",
    path: `${path`/api/2.0/mlflow/traces/${traceId}`}/credentials-for-data-${way}`,
    query: name === null ? [] : [["path", name]],
  });
  const place = answer["credential_info"] as { signed_uri?: unknown; headers?: unknown; type?: unknown } | undefined;
  const url = place?.signed_uri;
  if (typeof url !== "string" || !isFit(url, rest.settings.baseUrl))
    throw new TraceError("MALFORMED", `the workspace gives no address for the files of ${traceId}`);
  return { url, headers: headersOf(place?.headers), type: String(place?.type) };
}

/** What is asked in secret does not go out in the open. */
function isFit(url: string, baseUrl: string): boolean {
  return /^https:\/\/./i.test(url) || (/^http:\/\/./i.test(url) && baseUrl.startsWith("http://"));
}

function headersOf(list: unknown): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const each of Array.isArray(list) ? (list as ({ name?: unknown; value?: unknown } | null)[]) : []) {
    const { name, value } = each ?? {};
    if (typeof name === "string" && typeof value === "string" && /^[\w-]+$/.test(name) && /^[\x20-\x7e]*$/.test(value))
      headers[name.toLowerCase()] = value;
  }
  return headers;
}

function withQuery(url: string, more: string): string {
  return `${url}${url.includes("?") ? "&" : "?"}${more}`;
}
