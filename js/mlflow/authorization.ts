// Values of the header by which a client shows who it is.

import { TraceError } from "../trace_error.js";

export function basic(user: string, password: string): string {
  const bytes = new TextEncoder().encode(`${user}:${password}`);
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return `Basic ${btoa(text)}`;
}

/** Throws TraceError: a line break would end the header and begin another. */
export function bearer(token: string): string {
  if (!/^[\x21-\x7e]+$/.test(token))
    throw new TraceError("INVALID_PARAMETER_VALUE", "the token has characters that a header cannot carry");
  return `Bearer ${token}`;
}
