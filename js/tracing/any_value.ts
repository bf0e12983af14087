// OTLP's AnyValue in OTLP/JSON's shape, and the values it stands for.

import { TraceError } from "../trace_error.js";
import { setOwn } from "./span.js";
import { isJsonText } from "./json_text.js";
import { base64, freezeValue, safeText } from "./values.js";
import { parseJson } from "./json.js";

export interface OtlpAnyValue {
  stringValue?: string;
  boolValue?: boolean;
  /** Decimal digits. */
  intValue?: string;
  /** A number, or "NaN", "Infinity", "-Infinity". */
  doubleValue?: number | string;
  /** Base64. */
  bytesValue?: string;
  arrayValue?: { values?: OtlpAnyValue[] };
  kvlistValue?: { values?: { key: string; value?: OtlpAnyValue }[] };
}

const MAX_DEPTH = 64;
const MAX_INT64 = 2n ** 63n - 1n;

/** Keeps all levels up to 64; what has no form of its own becomes the text it is recorded as. */
export function encodeAnyValue(value: unknown): OtlpAnyValue {
  return encode(value, 0);
}

function encode(value: unknown, depth: number): OtlpAnyValue {
  switch (typeof value) {
    case "string":
      return { stringValue: value };
    case "boolean":
      return { boolValue: value };
    case "number":
      if (Number.isSafeInteger(value) && !Object.is(value, -0)) return { intValue: String(value) };
      return { doubleValue: Number.isFinite(value) ? value : String(value) };
    case "bigint":
      return value <= MAX_INT64 && value >= -MAX_INT64 - 1n ? { intValue: String(value) } : { stringValue: String(value) };
    case "undefined":
      return {};
    case "object":
      break;
    default:
      return encode(freezeValue(value), depth);
  }
  if (value === null || depth >= MAX_DEPTH) return {};
  if (Array.isArray(value)) return { arrayValue: { values: value.map((member) => encode(member, depth + 1)) } };
  if (value instanceof Map) return members([...(value as Map<unknown, unknown>)], depth);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === null || Object.getPrototypeOf(prototype) === null) return members(Object.entries(value), depth);
  const frozen = freezeValue(value);
  if (frozen instanceof Uint8Array) return { bytesValue: base64(frozen) };
  return encode(isJsonText(frozen) ? parseJson(frozen.text) : frozen, depth + 1);
}

function members(entries: [unknown, unknown][], depth: number): OtlpAnyValue {
  return { kvlistValue: { values: entries.map(([key, member]) => ({ key: safeText(key), value: encode(member, depth + 1) })) } };
}

/** Integers beyond 2^53 are bigints; an empty value is null. Throws TraceError beyond 64 levels. */
export function decodeAnyValue(any: OtlpAnyValue): unknown {
  return decode(any, 0);
}

function decode(any: OtlpAnyValue | undefined, depth: number): unknown {
  if (depth > MAX_DEPTH) throw new TraceError("TOO_DEEP", `more than ${String(MAX_DEPTH)} levels`);
  if (any === undefined || any === null) return null;
  if (any.stringValue !== undefined) return any.stringValue;
  if (any.boolValue !== undefined) return any.boolValue;
  if (any.intValue !== undefined) return integerOf(any.intValue);
  if (any.doubleValue !== undefined) return Number(any.doubleValue);
  if (any.bytesValue !== undefined) return Uint8Array.from(atob(any.bytesValue), (character) => character.charCodeAt(0));
  if (any.arrayValue !== undefined) return (any.arrayValue.values ?? []).map((member) => decode(member, depth + 1));
  if (any.kvlistValue === undefined) return null;
  const object: Record<string, unknown> = {};
  for (const { key, value } of any.kvlistValue.values ?? []) setOwn(object, key, decode(value, depth + 1));
  return object;
}

function integerOf(text: string): number | bigint {
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : BigInt(text);
}
