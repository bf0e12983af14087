// What is said of a request that failed: what happened, where, and what to do.

import { shownText } from "../export/log_once.js";
import type { HttpAnswer } from "../export/transport.js";
import { parseJson } from "../tracing/json.js";
import { codeOfStatus, MlflowHttpError } from "./http_error.js";

type WholeAnswer = Extract<HttpAnswer, { kind: "answer" }>;

/** More of an error's body is not looked at. */
const MAX_ERROR_BYTES = 64 << 10;
const MAX_MESSAGE = 2_000;

export function noAnswerError(shown: string, cause: string, timeoutMillis: number): MlflowHttpError {
  if (cause === "timeout") {
    const seconds = String(timeoutMillis / 1000);
    return new MlflowHttpError(
      "DEADLINE_EXCEEDED",
      `${shown}: no answer within ${seconds} s. Give a longer timeoutMillis if the server is slow`,
      null,
    );
  }
  const isCut = /^(?:ECONNRESET|EPIPE|closed)$/.test(cause);
  const what = isCut ? "the connection broke before the answer was whole" : "no connection";
  return new MlflowHttpError(
    "TEMPORARILY_UNAVAILABLE",
    `${shown}: ${what} (${shownText(cause)}). Is an MLflow server running there, and is the tracking URI right?`,
    null,
  );
}

export function tooLargeError(shown: string, maxBytes: number, status: number): MlflowHttpError {
  const size = maxBytes >= 1 << 20 ? `${String(Math.floor(maxBytes / (1 << 20)))} MiB` : `${String(maxBytes)} bytes`;
  return new MlflowHttpError(
    "TOO_LARGE",
    `${shown}: the answer is larger than ${size}. Ask for fewer traces, or give a larger maxAnswerBytes`,
    status,
  );
}

export function notJsonError(shown: string, type: string, body: Uint8Array): MlflowHttpError {
  const isTyped = /^application\/(?:[\w.+-]*\+)?json\b/i.test(type.trim());
  const why = isTyped
    ? `the answer is no whole JSON object (${String(body.byteLength)} bytes). Something between here and the server may have cut it`
    : `the answer is ${shownText(type) || "of no type"} where JSON was expected. Does the tracking URI lead to a log-in page or to another service?`;
  return new MlflowHttpError("MALFORMED", `${shown}: ${why}`, 200);
}

/** An answer that is no success. */
export function answerError(shown: string, answer: WholeAnswer): MlflowHttpError {
  const { status } = answer;
  const text = new TextDecoder().decode(answer.body.subarray(0, MAX_ERROR_BYTES));
  const body = objectOf(text);
  const code = body["error_code"];
  const message = body["message"];
  if (typeof code === "string" && code !== "") {
    const said = typeof message === "string" ? bounded(message) : "";
    return new MlflowHttpError(code, `${code}: ${said} (${shown} answered ${String(status)})${advice(status)}`, status);
  }
  const detail = body["detail"] === undefined ? text : detailOf(body["detail"]);
  const quoted = shownText(detail.replace(/<[^>]*>/g, " "));
  return new MlflowHttpError(
    codeOfStatus(status),
    `${shown} answered ${String(status)}${quoted === "" ? "" : `: ${quoted}`}${advice(status)}`,
    status,
  );
}

function advice(status: number): string {
  if (status === 401) return ". Give a user name and password, or a token";
  if (status === 403) return ". The credentials are not enough, or the server does not allow this host or origin";
  if (status >= 300 && status < 400) return ". Redirects are not followed: give the address it leads to as tracking URI";
  if (status === 429) return ". Too many requests: ask less often";
  return "";
}

function objectOf(text: string): Record<string, unknown> {
  try {
    const value = parseJson(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** What FastAPI answers: a text, or a list of what is wrong with a request. */
function detailOf(detail: unknown): string {
  if (typeof detail === "string") return detail;
  try {
    return JSON.stringify(detail) ?? "";
  } catch {
    return "";
  }
}

function bounded(text: string): string {
  return text.length > MAX_MESSAGE ? `${text.slice(0, MAX_MESSAGE)}…` : text;
}
