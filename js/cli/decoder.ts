// What the receiver asks of the core: is this an OTLP request, and how many spans can be read from it?
import type { Encoding } from "./answers.js";

export interface CheckResult {
  /** Spans that can be read, also where an error follows them. */
  spans: number;
  /** Set where the bytes are not what they claim to be; the readable spans before it still count. */
  error?: { code: string; message: string; offset: number };
}

export interface Decoder {
  check(bytes: Uint8Array, encoding: Encoding): CheckResult;
}
