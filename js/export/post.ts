// One POST of one OTLP request: compressed, with checked headers, as an outcome the retry policy can
// judge. Nothing here retries.

import { VERSION } from "../version.js";
import type { ExportPlatform, HttpAnswer, HttpClient } from "./transport.js";

/** Before compression; the protocol's own limit. */
export const MAX_REQUEST_BYTES = 64 << 20;
/** After inflation; the protocol's own limit. */
export const MAX_ANSWER_BYTES = 4 << 20;

export type Compression = "none" | "gzip";
export type Protocol = "http/protobuf" | "http/json";

export interface PostOptions {
  url: string;
  headers: Record<string, string>;
  protocol: Protocol;
  compression: Compression;
  timeoutMillis: number;
  keepalive: boolean;
}

/** The bare type: some receivers refuse parameters behind it. */
export function contentType(protocol: Protocol): string {
  return protocol === "http/json" ? "application/json" : "application/x-protobuf";
}

export async function post(
  platform: ExportPlatform,
  client: HttpClient,
  body: Uint8Array,
  options: PostOptions,
): Promise<HttpAnswer> {
  const isGzip = options.compression === "gzip";
  const sent = isGzip ? await platform.gzip(body) : body;
  return client.send({
    method: "POST",
    url: options.url,
    headers: requestHeaders(platform, options, isGzip),
    body: sent,
    timeoutMillis: options.timeoutMillis,
    maxAnswerBytes: MAX_ANSWER_BYTES,
    keepalive: options.keepalive,
  });
}

export function requestHeaders(
  platform: ExportPlatform,
  options: Pick<PostOptions, "headers" | "protocol">,
  isGzip: boolean,
): Record<string, string> {
  const headers: Record<string, string> = { ...options.headers, "content-type": contentType(options.protocol) };
  // No "identity": receivers answer 400 and 415 to it.
  if (isGzip) headers["content-encoding"] = "gzip";
  if (platform.setsUserAgent) headers["user-agent"] = userAgent(headers["user-agent"]);
  return headers;
}

const USER_AGENT = `Spandrel-OTLP-Exporter-JavaScript/${VERSION}`;

function userAgent(prefix: string | undefined): string {
  return prefix === undefined || prefix === "" ? USER_AGENT : `${prefix} ${USER_AGENT}`;
}
