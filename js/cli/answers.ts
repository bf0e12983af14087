// What the receiver says back: the headers every answer carries, and the two shapes of OTLP answers.
//
// An OTLP client gets its answer in the encoding it sent: an empty ExportTraceServiceResponse, or a
// google.rpc.Status (code, message) when the request was refused.
import type { ServerResponse } from "node:http";

export type Encoding = "json" | "protobuf";

export const CONTENT_TYPES: Record<Encoding, string> = {
  json: "application/json",
  protobuf: "application/x-protobuf",
};

/** The codes of google.rpc.Code that we use. */
export const StatusCode = {
  invalidArgument: 3,
  permissionDenied: 7,
  resourceExhausted: 8,
  unimplemented: 12,
  unavailable: 14,
} as const;

export const CONTENT_POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "connect-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types spandrel",
].join("; ");

/** Headers of every answer, whatever the route. */
export function setBaseHeaders(response: ServerResponse): void {
  response.setHeader("X-Content-Type-Options", "nosniff");
  response.setHeader("Cache-Control", "no-store");
  response.setHeader("Cross-Origin-Resource-Policy", "same-origin");
  response.setHeader("Cross-Origin-Opener-Policy", "same-origin");
  response.setHeader("Referrer-Policy", "no-referrer");
  response.setHeader("Content-Security-Policy", CONTENT_POLICY);
}

/** A short plain answer for routes that are not OTLP. */
export function sendText(response: ServerResponse, status: number, text: string): void {
  response.statusCode = status;
  response.setHeader("Content-Type", "text/plain; charset=utf-8");
  response.end(`${text}\n`);
}

export interface PartialSuccess {
  rejectedSpans: number;
  errorMessage: string;
}

/** 200 with an ExportTraceServiceResponse: `{}` or no bytes where everything was taken. */
export function sendExported(response: ServerResponse, encoding: Encoding, partial?: PartialSuccess): void {
  response.statusCode = 200;
  response.setHeader("Content-Type", CONTENT_TYPES[encoding]);
  if (encoding === "json") {
    const body = partial && {
      partialSuccess: { rejectedSpans: String(partial.rejectedSpans), errorMessage: partial.errorMessage },
    };
    response.end(JSON.stringify(body ?? {}));
    return;
  }
  response.end(partial ? lengthDelimited(1, partialBytes(partial)) : Buffer.alloc(0));
}

/** A google.rpc.Status in the client's encoding. */
export function sendStatus(
  response: ServerResponse,
  httpStatus: number,
  encoding: Encoding,
  code: number,
  message: string,
): void {
  response.statusCode = httpStatus;
  response.setHeader("Content-Type", CONTENT_TYPES[encoding]);
  response.end(encoding === "json" ? JSON.stringify({ code, message }) : statusBytes(code, message));
}

// Field numbers: google.rpc.Status has code = 1, message = 2; ExportTraceServiceResponse has
// partial_success = 1; ExportTracePartialSuccess has rejected_spans = 1, error_message = 2.
function statusBytes(code: number, message: string): Buffer {
  return Buffer.concat([varintField(1, code), lengthDelimited(2, Buffer.from(message))]);
}

function partialBytes(partial: PartialSuccess): Buffer {
  return Buffer.concat([varintField(1, partial.rejectedSpans), lengthDelimited(2, Buffer.from(partial.errorMessage))]);
}

function varintField(field: number, value: number): Buffer {
  return Buffer.from([field << 3, ...varint(value)]);
}

function lengthDelimited(field: number, bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from([(field << 3) | 2, ...varint(bytes.length)]), bytes]);
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  bytes.push(rest);
  return bytes;
}
