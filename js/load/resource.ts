// Who sends the spans: the attributes of the resource.

import { freezeValue, type FrozenValue } from "../tracing/values.js";
import { VERSION } from "../version.js";

export const SCOPE_NAME = "spandrel";

/** All attributes of the resource, ours first. What cannot be an attribute is left out. */
export function resourceAttributes(
  serviceName: string,
  attributes: Readonly<Record<string, unknown>>,
  language: string,
): Map<string, FrozenValue> {
  const all = new Map<string, FrozenValue>([
    ["service.name", serviceName],
    ["telemetry.sdk.language", language],
    ["telemetry.sdk.name", "spandrel"],
    ["telemetry.sdk.version", VERSION],
  ]);
  for (const key of Object.keys(attributes)) {
    const frozen = freezeValue(attributes[key]);
    if (frozen !== undefined && frozen !== null && key !== "") all.set(key, frozen);
  }
  return all;
}
