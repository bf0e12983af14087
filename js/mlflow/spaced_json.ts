// JSON text as Python's json.dumps writes it: ", " and ": ", everything beyond ASCII escaped. For values that people give; what
// comes from spans is spaced by the core.

import { TraceError } from "../trace_error.js";

const MAX_DEPTH = 500;

/** Throws TraceError where the value is no JSON. */
export function spacedJson(value: unknown, depth = 0): string {
  if (depth > MAX_DEPTH) throw new TraceError("TOO_DEEP", `more than ${String(MAX_DEPTH)} levels`);
  if (typeof value === "bigint") return value.toString();
  if (typeof value !== "object" || value === null) {
    const text = JSON.stringify(value) as string | undefined;
    return text === undefined ? "null" : asciiOf(text);
  }
  if (Array.isArray(value)) return `[${value.map((item) => spacedJson(item, depth + 1)).join(", ")}]`;
  if ("toJSON" in value && typeof value.toJSON === "function") return spacedJson(value.toJSON(), depth + 1);
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return `{${members.map(([key, member]) => `${asciiOf(JSON.stringify(key))}: ${spacedJson(member, depth + 1)}`).join(", ")}}`;
}

function asciiOf(json: string): string {
  // eslint-disable-next-line no-control-regex -- U+007F is where Python begins to escape
  return json.replace(/[^\x00-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
