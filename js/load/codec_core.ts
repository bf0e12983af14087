// Span dictionaries and OTLP spans, by the core's codecs (wasm/codec_bindings.cpp). Texts and bytes
// cross; objects are made and read here.

import { parseJson } from "../tracing/json.js";
import type { OtlpSpan, SpanDict } from "../tracing/span.js";
import type { Logger } from "../tracing/runtime.js";
import { readRecord, splitRecords } from "../tracing/record_reader.js";
import type { SpanCodec } from "../tracing/span_codec.js";
import type { SpanFields } from "../tracing/span_fields.js";
import { withToJson } from "../tracing/dict.js";
import { exactJson } from "../tracing/exact_json.js";
import type { Core } from "./core.js";
import type { Handover } from "./handover.js";
import { ManagerCore } from "./manager_core.js";
import { QueryCore } from "./query_core.js";

interface CodecBindings {
  traceJsonOfRecords(length: number, infoLength: number, withSizeStats: boolean): number;
  sizeStatsOfRecords(length: number, infoLength: number): number;
  recordOfOtlpSpanAt(length: number, locationLength: number): number;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function isBytes(value: unknown): value is Uint8Array {
  return Object.prototype.toString.call(value) === "[object Uint8Array]";
}

export class CodecCore implements SpanCodec {
  readonly #core: Core;
  readonly #logger: Logger;
  #manager: ManagerCore | null = null;

  constructor(core: Core, logger: Logger) {
    this.#core = core;
    this.#logger = logger;
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
    handover.need("recordOfOtlpSpanAt");
    return handover.guard((raw) => {
      const length = handover.putBytes(both);
      return handover.takeBytes((raw as unknown as CodecBindings).recordOfOtlpSpanAt(length, location.length));
    });
  }

  recordOfOtherSdk(span: OtlpSpan): Uint8Array {
    return this.#core.handover.callBytes("recordOfOtherSdkSpan", exactJson(span));
  }

  traceText(infoJson: string, records: readonly Uint8Array[]): string {
    const { handover } = this.#core;
    const info = encoder.encode(infoJson);
    const input = joined([info, ...records]);
    handover.need("traceJsonOfRecords");
    return handover.guard((raw) => {
      const length = handover.putBytes(input);
      return handover.takeText((raw as unknown as CodecBindings).traceJsonOfRecords(length, info.length, false));
    });
  }

  sizeStats(infoJson: string, records: readonly Uint8Array[]): Record<string, string> {
    const { handover } = this.#core;
    const info = encoder.encode(infoJson);
    const input = joined([info, ...records]);
    handover.need("sizeStatsOfRecords");
    const text = handover.guard((raw) => {
      const length = handover.putBytes(input);
      return handover.takeText((raw as unknown as CodecBindings).sizeStatsOfRecords(length, info.length));
    });
    return JSON.parse(text) as Record<string, string>;
  }

  readTrace(text: string): { info: Record<string, unknown>; records: Uint8Array[] } {
    const bytes = this.#core.handover.callBytes("recordsOfTraceJson", text);
    const length = new DataView(bytes.buffer).getUint32(0, true);
    const info = parseJson(decoder.decode(bytes.subarray(4, 4 + length))) as Record<string, unknown>;
    return { info, records: splitRecords(bytes.subarray((4 + length + 3) & ~3)) };
  }

  pendingRecords(traceIdHex: string): Uint8Array[] {
    return splitRecords(this.#core.pendingRecords(traceIdHex));
  }

  manager(): ManagerCore {
    return (this.#manager ??= new ManagerCore(this.#core.handover, ([level, message]) => {
      this.#logger[level](message);
    }));
  }

  query(): QueryCore {
    return new QueryCore(this.#core.handover);
  }

  anyValueBytes(json: string): Uint8Array {
    return this.#core.handover.callBytes("anyValueOfJson", json);
  }

  anyValueText(bytes: Uint8Array): string {
    return this.#core.handover.callText("jsonOfAnyValue", bytes);
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
