// Ids of traces and spans in MLflow's forms.

import { TraceError } from "../trace_error.js";
import { otelTraceIdOf } from "./ids.js";

/** "tr-" and 32 hex digits. Takes 32 hex digits or a bigint; throws TraceError. */
export function generateTraceIdV3(otelTraceId: string | bigint): string {
  return `tr-${toTraceIdHex(otelTraceId)}`;
}

/** "trace:/<location>/<32 hex digits>"; the location is "catalog.schema" or one with a table prefix. */
export function generateTraceIdV4(otelTraceId: string | bigint, location: string): string {
  if (typeof location !== "string" || location === "" || location.includes("/")) {
    throw new TraceError("INVALID_PARAMETER_VALUE", "a location is 'catalog.schema' or 'catalog.schema.prefix'");
  }
  return `trace:/${location}/${toTraceIdHex(otelTraceId)}`;
}

/** The parts of a v4 id; any other id has no location. Throws TraceError for a broken v4 id. */
export function parseTraceIdV4(traceId: string | null): { location: string | null; traceId: string | null } {
  if (traceId === null || traceId === undefined) return { location: null, traceId: null };
  if (typeof traceId !== "string" || !traceId.startsWith("trace:/")) return { location: null, traceId };
  const [location, id, ...more] = traceId.slice(7).split("/");
  if (location === undefined || location === "" || id === undefined || id === "" || more.length > 0) {
    throw new TraceError("INVALID_PARAMETER_VALUE", `'${traceId}' is not 'trace:/<location>/<trace id>'`);
  }
  return { location, traceId: id };
}

/** 16 hex digits of a span id given as a number. */
export function encodeSpanId(id: bigint | number): string {
  const number = typeof id === "bigint" ? id : Number.isSafeInteger(id) && id >= 0 ? BigInt(id) : -1n;
  if (number < 0n || number >= 2n ** 64n) throw new TraceError("INVALID_PARAMETER_VALUE", "a span id is a number of 64 bits");
  return number.toString(16).padStart(16, "0");
}

/** A 32-digit hex id or a bigint to 32 lower-case digits. Throws TraceError for anything else. */
export function toTraceIdHex(id: string | bigint): string {
  if (typeof id === "bigint") return (id & ((1n << 128n) - 1n)).toString(16).padStart(32, "0");
  const hex = typeof id === "string" ? otelTraceIdOf(id) : null;
  if (hex === null)
    throw new TraceError("INVALID_PARAMETER_VALUE", `'${String(id)}' is not a trace id: 32 hex digits or a bigint`);
  return hex;
}
