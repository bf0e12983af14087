// Reading of JSON without loss: integers beyond 2^53 become bigint; the bare NaN and Infinity that
// Python writes are understood.

import { JsonText, type FrozenValue, type Primitive } from "./values.js";

/** Only with this many digits in a row can an integer be beyond 2^53. */
const LONG_DIGITS = /\d{16}/;

/** Parses JSON text. Throws SyntaxError for anything that is not JSON of the kind above. */
export function parseJson(text: string): unknown {
  if (!LONG_DIGITS.test(text)) {
    try {
      return JSON.parse(text) as unknown;
    } catch (error) {
      if (!text.includes("NaN") && !text.includes("Infinity")) throw error;
    }
  }
  return parseExactly(text);
}

/** A fresh copy of a frozen value as the caller set it; text that is no JSON stays text. */
export function thawValue(value: FrozenValue): unknown {
  if (value instanceof JsonText) return parseOrText(value.text);
  if (typeof value === "object" && value !== null) return (value as Uint8Array | readonly Primitive[]).slice();
  return value;
}

/** A string set by another instrumentation: parsed where it holds an object, array or quoted string. */
export function thawNativeValue(value: FrozenValue): unknown {
  if (typeof value === "string" && /^\s*[{["]/.test(value)) return parseOrText(value);
  return thawValue(value);
}

function parseOrText(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return text;
  }
}

/** Strings are stepped over; integers that may be beyond 2^53 and the bare words are found. */
const SPECIAL = /"[^"\\]*(?:\\[^][^"\\]*)*"|-?\d{16,}(?![\d.eE])|NaN|-?Infinity/g;

/** Begins a string that stands for something else; nobody else's string begins so. */
const MARK = `\ue000${Math.random().toString(36).slice(2)}:`;

/** What JSON cannot say is parsed as marked strings, which are then turned into what they say. */
function parseExactly(text: string): unknown {
  const marked = text.replace(SPECIAL, (token) => (token.startsWith('"') ? token : `"${MARK}${token}"`));
  return JSON.parse(marked, (_, value: unknown) => {
    if (typeof value !== "string" || !value.startsWith(MARK)) return value;
    const token = value.slice(MARK.length);
    const number = Number(token);
    return Number.isSafeInteger(number) || !/\d/.test(token) ? number : BigInt(token);
  }) as unknown;
}
