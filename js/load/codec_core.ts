// Span dictionaries and OTLP spans, by the core's codecs (wasm/codec_bindings.cpp). Texts and bytes
// cross; objects are made and read here.

import { parseJson } from "../tracing/json.js";
import type { OtlpSpan, SpanDict } from "../tracing/span.js";
import { readRecord } from "../tracing/record_reader.js";
import type { SpanCodec } from "../tracing/span_codec.js";
import type { SpanFields } from "../tracing/span_fields.js";
import { withToJson } from "../tracing/dict.js";
import { exactJson } from "../tracing/exact_json.js";
import type { Core } from "./core.js";
import type { Handover } from "./handover.js";

interface CodecBindings {
  recordOfOtlpSpanAt(length: number, locationLength: number): number;
}

const encoder = new TextEncoder();

function isBytes(value: unknown): value is Uint8Array {
  return Object.prototype.toString.call(value) === "[object Uint8Array]";
}

export class CodecCore implements SpanCodec {
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  /** For codecs of other rooms: batches built by hand. */
  get handover(): Handover {
    return this.#core.handover;
  }

  spanDictText(record: Uint8Array): string {
    return this.#core.handover.callText("spanDictOfRecord", record);
  }

  spanDict(record: Uint8Array): SpanDict {
    return dictOfText(this.spanDictText(record));
  }

  recordOfDict(dict: unknown): Uint8Array {
    return this.#core.handover.callBytes("recordOfSpanDict", typeof dict === "string" ? dict : exactJson(dict));
  }

  otlpSpanBytes(record: Uint8Array): Uint8Array {
    return this.#core.handover.callBytes("otlpSpanOfRecord", record);
  }

  otlpSpan(record: Uint8Array): OtlpSpan {
    return parseJson(this.#core.handover.callText("otlpJsonSpanOfRecord", record)) as OtlpSpan;
  }

  recordOfOtlp(span: OtlpSpan | Uint8Array, locationId: string | null): Uint8Array {
    const { handover } = this.#core;
    const input = isBytes(span) ? span : encoder.encode(exactJson(span));
    if (locationId === null) return handover.callBytes("recordOfOtlpSpan", input);
    const location = encoder.encode(locationId);
    const both = new Uint8Array(location.length + input.length);
    both.set(location);
    both.set(input, location.length);
    return handover.guard((raw) => {
      const length = handover.putBytes(both);
      return handover.takeBytes((raw as unknown as CodecBindings).recordOfOtlpSpanAt(length, location.length));
    });
  }

  readRecord(record: Uint8Array): SpanFields {
    return readRecord(record);
  }
}

/** Times are bigints whatever their size; JSON.stringify writes them as decimal strings. */
function dictOfText(text: string): SpanDict {
  const dict = parseJson(text) as SpanDict;
  dict.start_time_unix_nano = BigInt(dict.start_time_unix_nano);
  if (dict.end_time_unix_nano !== null) dict.end_time_unix_nano = BigInt(dict.end_time_unix_nano);
  for (const event of dict.events) event.time_unix_nano = BigInt(event.time_unix_nano);
  return withToJson(dict);
}
