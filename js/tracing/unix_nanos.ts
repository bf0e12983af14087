// Times in records: 64 bits without a bigint.

import type { Anchor } from "./clock.js";

/**
 * Writes nanoseconds since 1970 as two little-endian words at `place`, without a bigint.
 * ms · 10⁶ + ns is split at 16 bits of ms so that every product stays below 2⁵³.
 */
export function writeUnixNanos(words: Uint32Array, place: number, anchor: Anchor, monotonicMillis: number): void {
  const whole = Math.floor(monotonicMillis);
  const millis = anchor.millis + whole;
  const nanos = anchor.nanos + Math.round((monotonicMillis - whole) * 1e6);
  const lowMillis = millis & 0xffff;
  const high = ((millis - lowMillis) / 0x10000) * 1e6;
  const low = (high % 0x10000) * 0x10000 + lowMillis * 1e6 + nanos;
  words[place] = low;
  words[place + 1] = Math.floor(high / 0x10000) + Math.floor(low / 0x100000000);
}
