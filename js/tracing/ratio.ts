// The share of traces that is kept, decided by the trace id alone.

export function isRatio(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value <= 1;
}

/** `high` and `low` are the id's last eight bytes as two big-endian numbers. */
export function isBelowRatio(high: number, low: number, ratio: number): boolean {
  return ratio >= 1 || high * 0x100000000 + low < ratio * 2 ** 64;
}
