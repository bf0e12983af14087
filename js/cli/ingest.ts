// POST /v1/traces: one OTLP/HTTP request, protobuf or JSON, gzip or plain, into the store.
//
// Only the two OTLP content types pass: a form or plain text post needs no preflight, so a page of another site
// could send one; these it cannot send without asking first (OPTIONS), and only listed origins get a yes.
import type { IncomingMessage, ServerResponse } from "node:http";
import { sendExported, sendStatus, sendText, StatusCode, type Encoding } from "./answers.js";
import { discardRest, readBody, type BodyLimits, type InFlight } from "./body.js";
import type { CheckResult, Decoder } from "./decoder.js";
import type { OriginStanding } from "./guard.js";
import type { RequestStore } from "./store.js";

export interface IngestContext {
  store: RequestStore;
  decoder: Decoder;
  limits: BodyLimits;
  inFlight: InFlight;
}

export async function ingest(
  request: IncomingMessage,
  response: ServerResponse,
  origin: OriginStanding,
  context: IngestContext,
): Promise<void> {
  allowOrigin(request, response, origin);
  const encoding = encodingOf(request.headers["content-type"]);
  const refuse = (httpStatus: number, code: number, message: string): void => {
    discardRest(request, 2 * context.limits.maxBodyBytes);
    sendStatus(response, httpStatus, encoding ?? "json", code, message);
  };

  if (request.method !== "POST") {
    response.setHeader("Allow", "POST, OPTIONS");
    return refuse(405, StatusCode.unimplemented, `${request.method ?? ""} is not allowed here: POST traces`);
  }
  if (!encoding) {
    return refuse(415, StatusCode.invalidArgument, "content type must be application/x-protobuf or application/json");
  }
  const coding = (request.headers["content-encoding"] ?? "identity").trim().toLowerCase();
  if (coding !== "gzip" && coding !== "identity") {
    return refuse(415, StatusCode.invalidArgument, "content encoding must be gzip or absent");
  }
  if (Number(request.headers["content-length"] ?? 0) > context.limits.maxBodyBytes) {
    const message = `body is larger than ${context.limits.maxBodyBytes} bytes`;
    return refuse(413, StatusCode.resourceExhausted, message);
  }
  const refuseBusy = (): void => {
    response.setHeader("Retry-After", "1");
    refuse(429, StatusCode.resourceExhausted, "too many requests at once: try again");
  };
  if (context.inFlight.isFull) return refuseBusy();

  if (request.headers.expect) response.writeContinue();
  const body = await readBody(request, coding === "gzip", context.limits, context.inFlight);
  switch (body.status) {
    case "gone":
      return;
    case "busy":
      return refuseBusy();
    case "slow":
      return refuse(408, StatusCode.unavailable, "body took too long to arrive");
    case "too_large":
      return refuse(413, StatusCode.resourceExhausted, body.message);
  }

  const checked = checkSafely(context.decoder, body.bytes, encoding);
  if (!checked) {
    response.setHeader("Retry-After", "1");
    return refuse(503, StatusCode.unavailable, "the decoder is starting again");
  }
  if (checked.spans > 0) context.store.add(encoding, body.bytes, checked.spans);
  const kept = checked.spans > 0 ? `; ${checked.spans} spans before it were kept` : "";
  if (body.status === "broken") {
    return refuse(400, StatusCode.invalidArgument, `gzip: ${body.message}${kept}`);
  }
  if (checked.error) {
    const { message, offset } = checked.error;
    return refuse(400, StatusCode.invalidArgument, `${message} at byte ${offset}${kept}`);
  }
  const { rejected } = checked;
  sendExported(response, encoding, rejected && { rejectedSpans: rejected.spans, errorMessage: rejected.message });
}

/** Null where the decoder itself broke: that is nobody's bad data, and the request may be sent again. */
function checkSafely(decoder: Decoder, bytes: Uint8Array, encoding: Encoding): CheckResult | null {
  try {
    return decoder.check(bytes, encoding);
  } catch {
    return null;
  }
}

/** OPTIONS for an origin that may send; what the browser asked for is what it gets. */
export function answerPreflight(request: IncomingMessage, response: ServerResponse, origin: OriginStanding): void {
  if (origin === "none") {
    response.setHeader("Allow", "POST, OPTIONS");
    return sendText(response, 405, "OPTIONS is only for cross-origin requests");
  }
  allowOrigin(request, response, origin);
  response.setHeader("Access-Control-Allow-Methods", "POST");
  const headers = String(request.headers["access-control-request-headers"] ?? "");
  if (headers.length <= 1024 && /^[\w\-, ]+$/.test(headers)) {
    response.setHeader("Access-Control-Allow-Headers", headers);
  }
  if (request.headers["access-control-request-private-network"] === "true") {
    response.setHeader("Access-Control-Allow-Private-Network", "true");
  }
  response.setHeader("Access-Control-Max-Age", "600");
  response.statusCode = 204;
  response.end();
}

function allowOrigin(request: IncomingMessage, response: ServerResponse, origin: OriginStanding): void {
  response.setHeader("Vary", "Origin");
  if (origin !== "own" && origin !== "listed") return;
  response.setHeader("Access-Control-Allow-Origin", request.headers.origin ?? "");
  response.setHeader("Access-Control-Expose-Headers", "Retry-After");
}

const TYPE = /^(application\/(?:json|x-protobuf))(?:[ \t]*;[ \t]*charset="?utf-8"?)?$/i;

function encodingOf(contentType: string | undefined): Encoding | null {
  const type = TYPE.exec(contentType?.trim() ?? "")?.[1]?.toLowerCase();
  if (type === undefined) return null;
  return type === "application/json" ? "json" : "protobuf";
}
