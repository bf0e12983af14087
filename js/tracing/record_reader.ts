// Portable records (src/record/portable.h) to fields: for spans that have left the core.
//
// The bytes come from our own module, so structure is trusted; src/record checks foreign ones.

import { thawValue } from "./json.js";
import {
  EXPERIMENT_ID_ATTRIBUTE,
  LOG_LEVEL_ATTRIBUTE,
  SPAN_TYPE_ATTRIBUTE,
  START_TIME_ATTRIBUTE,
  TRACE_ID_ATTRIBUTE,
} from "./constants.js";
import { hexOfWord, otelTraceIdOf } from "./ids.js";
import { Span, SpanSource } from "./span.js";
import type { EventFields, LinkFields, SpanFields } from "./span_fields.js";
import { type FrozenValue, JsonText, jsonTextOf, type Primitive } from "./values.js";

const HEADER_WORDS = 26;
const NO_TEXT = 0xffffffff;

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Lengths of the records that stand back to back. */
export function splitRecords(bytes: Uint8Array): Uint8Array[] {
  const records: Uint8Array[] = [];
  for (let at = 0; at + HEADER_WORDS * 4 <= bytes.length;) {
    const length = new DataView(bytes.buffer, bytes.byteOffset + at).getUint32(0, true);
    if (length < HEADER_WORDS * 4 || at + length > bytes.length) break;
    records.push(bytes.subarray(at, at + length));
    at += length;
  }
  return records;
}

/** Spans of portable records that stand back to back; decoded when looked at. */
export function spansFromRecords(bytes: Uint8Array): Span[] {
  return splitRecords(bytes).map((record) => new Span(new SpanSource(record, null)));
}

export function readRecord(bytes: Uint8Array): SpanFields {
  return new RecordReader(bytes).read();
}

type Attributes = { attributes: Map<string, FrozenValue>; nativeKeys: Set<string> | null };

class RecordReader {
  readonly #w: Uint32Array;
  readonly #bytes: Uint8Array;
  #at = HEADER_WORDS;
  #text: number;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
    this.#w = new Uint32Array(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.length >>> 2);
    this.#text = bytes.length - ((this.#word(23) + 3) & ~3);
  }

  read(): SpanFields {
    const flags = this.#word(1);
    const traceIdHex = this.#hex(2, 4);
    const name = this.#textAt(14) ?? "";
    const spanType = this.#textAt(15);
    const description = flags & (1 << 11) ? this.#nextText() : "";
    const traceState = flags & (1 << 12) ? this.#nextText() : "";
    const traceId = flags & (1 << 13) ? this.#nextText() : `tr-${traceIdHex}`;
    const experimentId = flags & (1 << 14) ? this.#nextText() : null;
    const startTimeNs = this.#wide(10);
    const end = this.#wide(12);

    const traceAttributes = this.#word(25);
    const { attributes: listed, nativeKeys } = this.#attributes(this.#word(16) - traceAttributes);
    this.#attributes(traceAttributes);
    const attributes = new Map<string, FrozenValue>();
    if ((flags & (1 << 8)) === 0) {
      if (flags & (1 << 9)) attributes.set(START_TIME_ATTRIBUTE, startTimeNs);
      if (experimentId !== null) attributes.set(EXPERIMENT_ID_ATTRIBUTE, experimentId);
      attributes.set(TRACE_ID_ATTRIBUTE, traceId);
      attributes.set(SPAN_TYPE_ATTRIBUTE, spanType ?? "UNKNOWN");
    }
    for (const [key, value] of listed) attributes.set(key, value);
    const logLevel = this.#word(24) & 0xff;
    if ((flags & (1 << 8)) === 0 && logLevel > 0) attributes.set(LOG_LEVEL_ATTRIBUTE, logLevel);

    const parentIdHex = this.#hex(8, 2);
    const named = (flags & (1 << 8)) === 0 ? null : thawValue(attributes.get(TRACE_ID_ATTRIBUTE) ?? null);
    return {
      traceIdHex,
      // Where all attributes stand in the list, MLflow's id is one of them.
      traceId: typeof named === "string" && otelTraceIdOf(named) === traceIdHex ? named : traceId,
      spanIdHex: this.#hex(6, 2),
      parentIdHex: parentIdHex === "0000000000000000" ? null : parentIdHex,
      name,
      kind: flags & 7,
      flags: ((flags >>> 16) & 0xff) | 0x100 | (flags & (1 << 6) ? 0x200 : 0),
      traceState,
      startTimeNs,
      endTimeNs: flags & (1 << 5) ? null : end,
      statusCode: (flags >>> 3) & 3,
      description,
      attributes,
      nativeKeys,
      events: Array.from({ length: this.#word(17) }, () => this.#event()),
      links: Array.from({ length: this.#word(18) }, () => this.#link()),
      droppedAttributes: this.#word(19),
      droppedEvents: this.#word(20),
      droppedLinks: this.#word(21),
      ordinal: this.#word(22),
    };
  }

  #event(): EventFields {
    const timeNs = this.#wide(this.#at);
    this.#at += 2;
    const name = this.#nextText();
    const count = this.#word(this.#at++);
    const droppedAttributes = this.#word(this.#at++);
    return { name, timeNs, attributes: this.#attributes(count).attributes, droppedAttributes };
  }

  #link(): LinkFields {
    const traceIdHex = this.#hex(this.#at, 4);
    const spanIdHex = this.#hex(this.#at + 4, 2);
    const flags = this.#word(this.#at + 6);
    this.#at += 7;
    const traceState = this.#nextText();
    const traceIdText = this.#nextText();
    const count = this.#word(this.#at++);
    const droppedAttributes = this.#word(this.#at++);
    return {
      traceIdHex,
      traceIdText: traceIdText === "" ? `tr-${traceIdHex}` : traceIdText,
      spanIdHex,
      flags,
      traceState,
      attributes: this.#attributes(count).attributes,
      droppedAttributes,
    };
  }

  #attributes(count: number): Attributes {
    const attributes = new Map<string, FrozenValue>();
    let nativeKeys: Set<string> | null = null;
    for (let i = 0; i < count; i++) {
      const isNative = (this.#word(this.#at) & (1 << 4)) !== 0;
      const { key, value } = this.#member();
      attributes.set(key, frozenOf(value));
      if (isNative) (nativeKeys ??= new Set()).add(key);
    }
    return { attributes, nativeKeys };
  }

  /** A tag with its payload; arrays and maps come as plain values. */
  #member(): { key: string; value: unknown } {
    const tag = this.#word(this.#at++);
    const key = this.#take(tag >>> 7);
    return { key, value: this.#payload(tag) };
  }

  #payload(tag: number): unknown {
    switch (tag & 15) {
      case 1:
        return false;
      case 2:
        return true;
      case 3:
        return this.#word(this.#at++) | 0;
      case 4: {
        const value = BigInt.asIntN(64, this.#wide(this.#at));
        this.#at += 2;
        return value >= -0x1fffffffffffffn && value <= 0x1fffffffffffffn ? Number(value) : value;
      }
      case 5: {
        const place = this.#bytes.byteOffset + this.#at * 4;
        this.#at += 2;
        return new DataView(this.#bytes.buffer).getFloat64(place, true);
      }
      case 6:
        return this.#content(tag);
      case 7:
        return new JsonText(this.#content(tag));
      case 8:
        return this.#inline().slice();
      case 9:
        return Array.from({ length: this.#word(this.#at++) }, () => this.#member().value);
      case 10:
        return new Map(
          Array.from({ length: this.#word(this.#at++) }, () => {
            const { key, value } = this.#member();
            return [key, value];
          }),
        );
      default:
        return null;
    }
  }

  #content(tag: number): string {
    if (tag & (1 << 5)) return decoder.decode(this.#inline());
    return this.#take(this.#word(this.#at++));
  }

  #inline(): Uint8Array {
    const length = this.#word(this.#at++);
    const start = this.#at * 4;
    this.#at += (length + 3) >>> 2;
    return this.#bytes.subarray(start, start + length);
  }

  #nextText(): string {
    return this.#textAt(this.#at++) ?? "";
  }

  #textAt(place: number): string | null {
    const word = this.#word(place);
    return word === NO_TEXT ? null : this.#take(word);
  }

  /** The next bytes of the strings at the end. */
  #take(length: number): string {
    if (length === 0) return "";
    const start = this.#text;
    this.#text += length;
    return decoder.decode(this.#bytes.subarray(start, this.#text));
  }

  #word(place: number): number {
    return this.#w[place] ?? 0;
  }

  #wide(place: number): bigint {
    return (BigInt(this.#word(place + 1)) << 32n) | BigInt(this.#word(place));
  }

  #hex(place: number, words: number): string {
    let hex = "";
    for (let i = 0; i < words; i++) hex += hexOfWord(this.#word(place + i));
    return hex;
  }
}

function isPrimitive(value: unknown): value is Primitive {
  return value !== null && typeof value !== "object";
}

function frozenOf(value: unknown): FrozenValue {
  if (value === null || isPrimitive(value) || value instanceof JsonText || value instanceof Uint8Array) return value;
  if (Array.isArray(value)) {
    const kinds = new Set(value.map((member) => (typeof member === "bigint" ? "number" : typeof member)));
    if (value.every(isPrimitive) && kinds.size <= 1) return value;
  }
  return new JsonText(jsonTextOf(unwrapped(value)));
}

/** Text of JSON inside arrays and maps as the value it stands for. */
function unwrapped(value: unknown): unknown {
  if (value instanceof JsonText) return value.text;
  if (Array.isArray(value)) return value.map(unwrapped);
  if (value instanceof Map)
    return new Map([...(value as Map<unknown, unknown>)].map(([key, member]) => [key, unwrapped(member)]));
  return value;
}
