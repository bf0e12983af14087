// Values of spans as text for reading: JSON indented, nothing longer than asked for, and no more work
// than that needs. Characters that would be invisible, or change the order of others, are spelled out.

import { parseJson } from "../tracing/json.js";
import { isJsonText } from "../tracing/json_text.js";
import { wellFormed, type FrozenValue } from "../tracing/values.js";

export interface BoundedText {
  readonly text: string;
  /** Characters (UTF-16 units) of the whole, where it was cut; what cannot be told cheaply is at least this. */
  readonly cutFrom: number | null;
}

/** Longer texts are shown as they stand; strings in JSON are cheap to read. */
const MAX_PARSED = 65_536;
const MAX_PARSED_STRING = 16_777_216;
/** Indented levels; deeper ones stand in one line. */
const MAX_INDENT = 24;
const MAX_LEVELS = 200;

export function valueText(value: FrozenValue, limit: number): BoundedText {
  if (isJsonText(value)) return jsonText(value.text, limit);
  if (typeof value === "string") return /^\s*[[{"]/.test(value) ? jsonText(value, limit) : cut(value, limit);
  if (value instanceof Uint8Array) return bytesText(value, limit);
  if (typeof value === "object" && value !== null) return indented(value, limit);
  return cut(String(value), limit);
}

function jsonText(text: string, limit: number): BoundedText {
  if (text.length > (text.startsWith('"') ? MAX_PARSED_STRING : MAX_PARSED)) return cut(text, limit);
  let value: unknown;
  try {
    value = parseJson(text);
    // JSON that was set as a string, or quoted twice on its way.
    if (typeof value === "string" && value.length <= MAX_PARSED && /^\s*[[{]/.test(value)) value = parsedOr(value);
  } catch {
    return cut(text, limit);
  }
  if (typeof value !== "object" || value === null) return cut(String(value), limit);
  return indented(value, limit, text.length);
}

function parsedOr(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return text;
  }
}

function bytesText(bytes: Uint8Array, limit: number): BoundedText {
  const head = [...bytes.subarray(0, Math.ceil(limit / 3))].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
  return { text: `${String(bytes.length)} bytes: ${head}`, cutFrom: bytes.length * 3 > limit ? bytes.length * 3 : null };
}

function cut(text: string, limit: number): BoundedText {
  return text.length > limit
    ? { text: wellFormed(text.slice(0, limit)), cutFrom: text.length }
    : { text: wellFormed(text), cutFrom: null };
}

class Full extends Error {}

function indented(value: unknown, limit: number, wholeLength = 0): BoundedText {
  const out: string[] = [];
  let length = 0;
  const put = (text: string): void => {
    out.push(text);
    length += text.length;
    if (length > limit) throw new Full();
  };
  const gap = (depth: number): string => (depth > MAX_INDENT ? " " : `\n${"  ".repeat(depth)}`);
  const write = (member: unknown, depth: number): void => {
    if (typeof member === "string") return put(JSON.stringify(member.length > limit ? member.slice(0, limit) : member));
    if (typeof member !== "object" || member === null) return put(String(member));
    const isList = Array.isArray(member);
    const entries = isList ? (member as unknown[]).map((each) => ["", each] as const) : Object.entries(member);
    const [open, close] = isList ? "[]" : "{}";
    if (entries.length === 0) return put(`${String(open)}${String(close)}`);
    if (depth >= MAX_LEVELS) return put(`${String(open)} … ${String(close)}`);
    put(String(open));
    for (const [i, [key, each]] of entries.entries()) {
      put(`${i === 0 ? "" : ","}${gap(depth + 1)}${isList ? "" : `${JSON.stringify(key)}: `}`);
      write(each, depth + 1);
    }
    put(`${gap(depth)}${String(close)}`);
  };
  try {
    write(value, 0);
  } catch (error) {
    if (!(error instanceof Full)) throw error;
    return { text: wellFormed(out.join("").slice(0, limit)), cutFrom: Math.max(wholeLength, length) };
  }
  return { text: wellFormed(out.join("")), cutFrom: null };
}

/** Control characters and marks of direction are spelled out: none of them acts on the text around. */
export function visibleText(text: string): string {
  return (
    text
      .replace(/\r\n/g, "\n")
      // eslint-disable-next-line no-control-regex -- these are the characters to show
      .replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g, (unit) => {
        return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
      })
  );
}
