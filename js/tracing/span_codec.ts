// The codecs of the loaded module, as spans use them. They come with the module; until then spans
// have their fields alone.

import type { ManagerCore } from "../load/manager_core.js";
import type { QueryCore } from "../load/query_core.js";
import { TraceError } from "../trace_error.js";
import { tracer } from "./realm.js";
import type { OtlpSpan, SpanDict } from "./span.js";
import type { SpanFields } from "./span_fields.js";

export interface SpanCodec {
  readRecord(record: Uint8Array): SpanFields;
  spanDict(record: Uint8Array): SpanDict;
  spanDictText(record: Uint8Array): string;
  recordOfDict(dict: unknown): Uint8Array;
  otlpSpan(record: Uint8Array): OtlpSpan;
  otlpSpanBytes(record: Uint8Array): Uint8Array;
  recordOfOtlp(span: OtlpSpan | Uint8Array, locationId: string | null): Uint8Array;
  /** A finished span of another SDK: attributes stay as they are. */
  recordOfOtherSdk(span: OtlpSpan): Uint8Array;
  /** `infoJson` is the dictionary of a trace info. */
  traceText(infoJson: string, records: readonly Uint8Array[]): string;
  /** The size keys of a trace's metadata; `infoJson` as above. */
  sizeStats(infoJson: string, records: readonly Uint8Array[]): Record<string, string>;
  readTrace(text: string): { info: Record<string, unknown>; records: Uint8Array[] };
  /** Records of one trace that no batch has taken yet. */
  pendingRecords(traceIdHex: string): Uint8Array[];
  manager(): ManagerCore;
  query(): QueryCore;
  anyValueBytes(json: string): Uint8Array;
  anyValueText(bytes: Uint8Array): string;
}

/** Throws TraceError where there is no module. */
export function codec(): SpanCodec {
  const shared = tracer();
  if (typeof shared.codec === "function") shared.codec = shared.codec();
  return shared.codec || notReady();
}

export function notReady(): never {
  const why = tracer().codec === false ? "the tracing module has stopped" : "the tracing module is not ready: await init() first";
  throw new TraceError("INTERNAL_ERROR", why);
}

/** `make` is called with the first use; null: the module has stopped, or will not come. */
export function setCodec(make: (() => SpanCodec) | null): void {
  tracer().codec = make ?? false;
}
