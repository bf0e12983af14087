// What the receiver asks of the core: is this an OTLP request, and how many spans can be read from it?
import type { Encoding } from "./answers.js";

export interface CheckResult {
  /** Spans that can be read, also where an error follows them. */
  spans: number;
  /** Spans that were left out one by one (no valid id, say) and why; the request as such is sound. */
  rejected?: { spans: number; message: string };
  /** Set where the bytes are not what they claim to be; the readable spans before it still count. */
  error?: { code: string; message: string; offset: number };
}

export interface Decoder {
  check(bytes: Uint8Array, encoding: Encoding): CheckResult;
}

/** What the core's checkProtobuf and checkJson report. */
export interface ImportReport {
  spans: number;
  broken: number;
  errors: { code: string; message: string; offset: number }[];
}

/**
 * A report as a verdict: an invalid value costs its span, anything worse (cut or malformed bytes, nesting, size)
 * condemns the request.
 */
export function verdictOf({ spans, broken, errors }: ImportReport): CheckResult {
  const error = errors.find(({ code }) => code !== "INVALID_PARAMETER_VALUE");
  if (error) return { spans, error };
  const first = errors[0];
  return first ? { spans, rejected: { spans: broken, message: `${first.message} (at byte ${first.offset})` } } : { spans };
}
