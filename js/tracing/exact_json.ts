// JSON text of dictionaries that are handed to the core: every integer exact, nothing cut.

import { TraceError } from "../trace_error.js";
import { base64, wellFormed } from "./values.js";

/** What the core reads is bounded far below this. */
const MAX_DEPTH = 500;

/** Throws TraceError where the value is no JSON or too deep. */
export function exactJson(value: unknown, depth = 0): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(wellFormed(value));
    case "number":
      return Number.isFinite(value) ? JSON.stringify(value) : String(value);
    case "bigint":
    case "boolean":
      return String(value);
    case "object":
      break;
    default:
      return "null";
  }
  if (value === null) return "null";
  if (depth > MAX_DEPTH) throw new TraceError("TOO_DEEP", `more than ${String(MAX_DEPTH)} levels`);
  if (value instanceof Uint8Array) return JSON.stringify(base64(value));
  if (Array.isArray(value)) return `[${value.map((member) => exactJson(member, depth + 1)).join(",")}]`;
  const entries = value instanceof Map ? [...(value as Map<unknown, unknown>)] : Object.entries(value);
  const members: string[] = [];
  for (const [key, member] of entries) {
    if (member !== undefined) members.push(`${JSON.stringify(wellFormed(String(key)))}:${exactJson(member, depth + 1)}`);
  }
  return `{${members.join(",")}}`;
}
