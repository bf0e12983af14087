import type { FrozenValue, JsonText } from "./values.js";

/** By shape: a span may be made by another copy of the package, whose class is another. */
export function isJsonText(value: FrozenValue | undefined): value is JsonText {
  return (value as Partial<JsonText> | null | undefined)?.text !== undefined;
}
