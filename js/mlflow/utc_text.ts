// Times and durations as protobuf's JSON writes them.

/** RFC 3339; no fraction for a whole second. */
export function timestampText(millis: number): string {
  return new Date(millis).toISOString().replace(".000Z", "Z");
}

/** "0.054s" */
export function durationText(millis: number): string {
  const whole = Math.trunc(millis);
  const [sign, size] = whole < 0 ? ["-", -whole] : ["", whole];
  const rest = size % 1000;
  return `${sign}${String((size - rest) / 1000)}${rest === 0 ? "" : `.${String(rest).padStart(3, "0")}`}s`;
}

/** Whole milliseconds; null where the text is no duration. */
export function durationMillis(text: string): number | null {
  const match = /^(-?)(\d{1,12})(?:\.(\d{1,9}))?s$/.exec(text);
  if (match === null) return null;
  const [, sign = "", seconds = "", fraction = ""] = match;
  const millis = Number(seconds) * 1000 + Number(fraction.padEnd(3, "0").slice(0, 3));
  return sign === "" ? millis : -millis;
}
