// Who sends the spans: resource and scope, in the form in which the core takes them.

import { VERSION } from "../version.js";

interface AnyValue {
  stringValue?: string;
  boolValue?: boolean;
  intValue?: string;
  doubleValue?: number;
  arrayValue?: { values: AnyValue[] };
}

function anyValueOf(value: unknown): AnyValue {
  switch (typeof value) {
    case "boolean":
      return { boolValue: value };
    case "bigint":
      return { intValue: value.toString() };
    case "number":
      return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value };
    default:
      return Array.isArray(value) ? { arrayValue: { values: value.map(anyValueOf) } } : { stringValue: String(value) };
  }
}

/** An OTLP/JSON request with one empty span, whose resource and scope are ours. */
export function resourceJson(serviceName: string, attributes: Readonly<Record<string, unknown>>, language: string): string {
  const all = new Map<string, unknown>([
    ["service.name", serviceName],
    ["telemetry.sdk.language", language],
    ["telemetry.sdk.name", "spandrel"],
    ["telemetry.sdk.version", VERSION],
  ]);
  for (const key of Object.keys(attributes)) if (attributes[key] !== undefined && attributes[key] !== null) all.set(key, attributes[key]);
  const resource = { attributes: [...all].map(([key, value]) => ({ key, value: anyValueOf(value) })) };
  const scopeSpans = [{ scope: { name: "spandrel", version: VERSION }, spans: [{}] }];
  return JSON.stringify({ resourceSpans: [{ resource, scopeSpans }] });
}
