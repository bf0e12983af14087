// Times in records: 64 bits without a bigint.

import type { Anchor } from "./clock.js";

/** Milliseconds for which one base serves: their nanoseconds stay below 2³². */
const SPAN_MILLIS = 4000;
const TWO_32 = 0x100000000;

// The base: whole milliseconds of an anchor's clock, as the two words of that time since 1970.
let anchorOfBase: Anchor | null = null;
let baseMillis = 0;
let baseLow = 0;
let baseHigh = 0;

/** Writes nanoseconds since 1970 as two little-endian words at `place`, without a bigint. */
export function writeUnixNanos(words: Uint32Array, place: number, anchor: Anchor, monotonicMillis: number): void {
  let past = monotonicMillis - baseMillis;
  if (anchor !== anchorOfBase || !(past >= 0 && past < SPAN_MILLIS)) {
    moveBase(anchor, Math.floor(monotonicMillis));
    past = monotonicMillis - baseMillis;
  }
  const low = baseLow + Math.round(past * 1e6);
  words[place] = low;
  words[place + 1] = low < TWO_32 ? baseHigh : baseHigh + 1;
}

function moveBase(anchor: Anchor, wholeMillis: number): void {
  const nanos = BigInt(anchor.millis + wholeMillis) * 1_000_000n + BigInt(anchor.nanos);
  anchorOfBase = anchor;
  baseMillis = wholeMillis;
  baseLow = Number(nanos & 0xffffffffn);
  baseHigh = Number(nanos >> 32n);
}
