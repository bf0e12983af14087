// Random ids as 32-bit words, and their text forms.
//
// Ids are drawn from a pool that crypto.getRandomValues fills 32 kB at a time (5 ns an id instead of
// 2.8 µs). A word holds four bytes of the id in memory order, so that it can be copied into records.

const POOL_WORDS = 8192;
// Signed, so that a word is always a small integer to the engine and never boxed as a double.
const pool = new Int32Array(POOL_WORDS);
let next = POOL_WORDS;

function refill(): void {
  if (typeof crypto === "object" && typeof crypto.getRandomValues === "function") {
    crypto.getRandomValues(pool);
  } else {
    for (let i = 0; i < POOL_WORDS; i++) pool[i] = (Math.random() * 0x100000000) | 0;
  }
  next = 0;
}

/** One random word. Words of an id are drawn one after the other. */
export function randomWord(): number {
  if (next === POOL_WORDS) refill();
  return pool[next++] as number;
}

/** A random word that is not zero: one of these makes an id valid. */
export function nonZeroWord(): number {
  let word = randomWord();
  while (word === 0) word = randomWord();
  return word;
}

const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

export function hexOfWord(word: number): string {
  return (
    (HEX[word & 255] as string) +
    (HEX[(word >>> 8) & 255] as string) +
    (HEX[(word >>> 16) & 255] as string) +
    (HEX[word >>> 24] as string)
  );
}

/** The word of eight hex digits (already checked). */
export function wordOfHex(hex: string, place: number): number {
  const value = Number.parseInt(hex.slice(place, place + 8), 16);
  return ((value & 255) << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24);
}

const TRACE_HEX = /^[0-9a-f]{32}$/i;
const SPAN_HEX = /^[0-9a-f]{16}$/i;

export function isTraceIdHex(text: string): boolean {
  return TRACE_HEX.test(text) && text !== "00000000000000000000000000000000";
}

export function isSpanIdHex(text: string): boolean {
  return SPAN_HEX.test(text) && text !== "0000000000000000";
}

/** "tr-…", "trace:/location/…" or bare hex to 32 lower-case digits; null if it is none of these. */
export function otelTraceIdOf(traceId: string): string | null {
  const hex = traceId.slice(traceId.startsWith("tr-") ? 3 : traceId.startsWith("trace:/") ? traceId.lastIndexOf("/") + 1 : 0);
  return TRACE_HEX.test(hex) ? hex.toLowerCase() : null;
}
