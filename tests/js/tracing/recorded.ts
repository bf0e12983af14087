// Values and cases as tests/golden/ writes them.
import { readFileSync } from "node:fs";
import { join } from "node:path";

export function goldenFile(name: string): unknown {
  return JSON.parse(readFileSync(join(__dirname, "../../golden", name), "utf8"));
}

/** {"$int": "1"} and its like as the values they stand for. */
export function untag(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(untag);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value);
  const [key, content] = entries[0] ?? [];
  if (entries.length === 1) {
    if (key === "$int") return BigInt(content as string);
    if (key === "$float") return content === "Infinity" ? Infinity : content === "-Infinity" ? -Infinity : Number(content);
    if (key === "$bytes") return Uint8Array.from(Buffer.from(content as string, "hex"));
    if (key === "$utf16") return String.fromCharCode(...(content as string).split(" ").map((unit) => Number.parseInt(unit, 16)));
    if (key === "$dict") return new Map((content as [unknown, unknown][]).map(([k, v]) => [untag(k), untag(v)]));
  }
  return Object.fromEntries(entries.map(([k, v]) => [k, untag(v)]));
}
