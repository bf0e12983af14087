// The immutable view of a span, and the shapes that spans take and give.
//
// Its content is a record in portable form, decoded when first asked for, or plain fields. What
// getters return is the caller's: changing it changes nothing here.

import {
  COST_ATTRIBUTE,
  DESCRIPTION_ATTRIBUTE,
  INPUTS_ATTRIBUTE,
  LOG_LEVEL_ATTRIBUTE,
  MODEL_ATTRIBUTE,
  OUTPUTS_ATTRIBUTE,
  SPAN_TYPE_ATTRIBUTE,
} from "./constants.js";
import { thawNativeValue, thawValue } from "./json.js";
import { codec, notReady } from "./span_codec.js";
import { SpanEvent } from "./span_event.js";
import type { SpanFields } from "./span_fields.js";
import type { FrozenValue } from "./values.js";

/** Status of a span; the description stands only with ERROR. */
export class SpanStatus {
  statusCode: "OK" | "ERROR" | "UNSET";
  description: string;

  constructor(statusCode: "OK" | "ERROR" | "UNSET", description = "") {
    this.statusCode = statusCode;
    this.description = description;
  }
}

export interface EventInput {
  name: string;
  /** Nanoseconds since 1970; now where it is not given. */
  timestamp?: bigint;
  attributes?: Record<string, unknown>;
}

export interface Link {
  /** "tr-…" or 32 hex digits, as the caller wrote it. */
  traceId: string;
  spanId: string;
  attributes: Record<string, unknown> | null;
}

export interface LinkInput {
  traceId: string;
  spanId: string;
  attributes?: Record<string, unknown> | null;
  traceFlags?: number;
  traceState?: string;
}

/** What is known of a span in another process. */
export interface SpanContext {
  /** 32 hex digits. */
  traceId: string;
  /** 16 hex digits. */
  spanId: string;
  traceFlags: number;
  traceState?: string;
  isRemote?: boolean;
}

/** MLflow's dictionary of a span, schema v3: times are bigints, attribute values JSON texts. */
export interface SpanDict {
  trace_id: string;
  span_id: string;
  parent_span_id: string | null;
  name: string;
  start_time_unix_nano: bigint;
  end_time_unix_nano: bigint | null;
  events: { name: string; time_unix_nano: bigint; attributes: Record<string, unknown> }[];
  status: { code: string; message: string };
  attributes: Record<string, unknown>;
  links: { trace_id: string; span_id: string; attributes: Record<string, unknown> | null }[];
}

/** A span in OTLP/JSON's shape: ids in hex, 64-bit numbers as decimal strings. */
export type OtlpSpan = Record<string, unknown>;

/** Where the content of a span stands. Filled once, shared by the views of one span. */
export class SpanSource {
  #bytes: (() => Uint8Array) | Uint8Array | null;
  #fields: SpanFields | null;
  readonly #thawed = new Map<string, unknown>();

  constructor(bytes: (() => Uint8Array) | Uint8Array | null, fields: SpanFields | null) {
    this.#bytes = bytes;
    this.#fields = fields;
  }

  get fields(): SpanFields {
    return (this.#fields ??= codec().readRecord(this.record));
  }

  /** The portable record. */
  get record(): Uint8Array {
    if (typeof this.#bytes === "function") this.#bytes = this.#bytes();
    return this.#bytes ?? notReady();
  }

  /** The value itself: parsed once, so a caller gets a copy of it. */
  attribute(key: string): unknown {
    const frozen = this.fields.attributes.get(key);
    if (frozen === undefined) return null;
    if (frozen === null || (typeof frozen !== "object" && !this.#isNative(key))) return frozen;
    let value = this.#thawed.get(key);
    if (value === undefined) {
      value = this.#isNative(key) ? thawNativeValue(frozen) : thawValue(frozen);
      this.#thawed.set(key, value);
    }
    return copyOf(value);
  }

  #isNative(key: string): boolean {
    return this.fields.nativeKeys?.has(key) ?? false;
  }
}

const STATUS_NAMES = ["UNSET", "OK", "ERROR"] as const;

export class Span {
  // null in a live span, which overrides what reads it.
  _source: SpanSource | null;

  /** Not for callers: spans come from the tracer, from fromDict or from fromOtlp. */
  constructor(source: SpanSource | null) {
    this._source = source;
  }

  _fields(): SpanFields {
    return (this._source as SpanSource).fields;
  }

  /** The portable record; what dictionaries and OTLP are made from. */
  _record(): Uint8Array {
    return (this._source as SpanSource).record;
  }

  /** MLflow's id of the trace: "tr-…" or "trace:/…". */
  get traceId(): string {
    return this._fields().traceId;
  }
  get requestId(): string {
    return this.traceId;
  }
  /** 16 hex digits. */
  get spanId(): string {
    return this._fields().spanIdHex;
  }
  /** null for a root. */
  get parentId(): string | null {
    return this._fields().parentIdHex;
  }
  get name(): string {
    return this._fields().name;
  }
  get startTimeNs(): bigint {
    return this._fields().startTimeNs;
  }
  /** null while the span was open. */
  get endTimeNs(): bigint | null {
    return this._fields().endTimeNs;
  }
  get status(): SpanStatus {
    const { statusCode, description } = this._fields();
    return { statusCode: STATUS_NAMES[statusCode] ?? "UNSET", description };
  }
  get spanType(): string | null {
    const type = this.getAttribute(SPAN_TYPE_ATTRIBUTE);
    return typeof type === "string" ? type : null;
  }
  get inputs(): unknown {
    return this.getAttribute(INPUTS_ATTRIBUTE);
  }
  get outputs(): unknown {
    return this.getAttribute(OUTPUTS_ATTRIBUTE);
  }
  /** A number of SpanLogLevel, or null. */
  get logLevel(): number | null {
    const level = this.getAttribute(LOG_LEVEL_ATTRIBUTE);
    return typeof level === "number" ? level : null;
  }
  get description(): string | null {
    const text = this.getAttribute(DESCRIPTION_ATTRIBUTE);
    return typeof text === "string" ? text : null;
  }
  get modelName(): unknown {
    return this.getAttribute(MODEL_ATTRIBUTE);
  }
  get llmCost(): unknown {
    return this.getAttribute(COST_ATTRIBUTE);
  }
  get attributes(): Record<string, unknown> {
    return objectOf(this._fields().attributes.keys(), (key) => this.getAttribute(key));
  }
  get events(): SpanEvent[] {
    return this._fields().events.map(({ name, timeNs, attributes }) => new SpanEvent(name, thawedObject(attributes), timeNs));
  }
  get links(): Link[] {
    return this._fields().links.map(({ traceIdText, spanIdHex, attributes }) => ({
      traceId: traceIdText,
      spanId: spanIdHex,
      attributes: attributes.size === 0 ? null : thawedObject(attributes),
    }));
  }
  /** The ids as OpenTelemetry and W3C know them. */
  get context(): SpanContext {
    const { traceIdHex, spanIdHex, flags, traceState } = this._fields();
    return { traceId: traceIdHex, spanId: spanIdHex, traceFlags: flags & 0xff, traceState };
  }

  /** The value that was set, as a copy of the caller's own; null where there is none. */
  getAttribute(key: string): unknown {
    return (this._source as SpanSource).attribute(key);
  }

  /** A detached view of what the span is now. */
  toImmutableSpan(): Span {
    return this;
  }

  /** MLflow's dictionary. JSON.stringify of it works: times become decimal strings there. */
  toDict(): SpanDict {
    return codec().spanDict(this._record());
  }
  /** MLflow's dictionary as exact JSON text. */
  toJsonString(): string {
    return codec().spanDictText(this._record());
  }
  toOtlp(): OtlpSpan {
    return codec().otlpSpan(this._record());
  }
  /** A protobuf `Span` message. */
  toOtlpBytes(): Uint8Array {
    return codec().otlpSpanBytes(this._record());
  }

  /** Reads a dictionary of schema v3 or v2, or its JSON text. Throws TraceError. */
  static fromDict(dict: unknown): Span {
    return new Span(new SpanSource(codec().recordOfDict(dict), null));
  }

  /** Reads an OTLP span: protobuf bytes or OTLP/JSON's shape. `locationId` makes a v4 trace id. Throws TraceError. */
  static fromOtlp(span: OtlpSpan | Uint8Array, locationId?: string): Span {
    return new Span(new SpanSource(codec().recordOfOtlp(span, locationId ?? null), null));
  }
}

/** An ordinary object, with `__proto__` as a key like any other. */
export function objectOf(keys: Iterable<string>, read: (key: string) => unknown): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  for (const key of keys) setOwn(object, key, read(key));
  return object;
}

export function setOwn(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key === "__proto__") Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
  else object[key] = value;
}

function thawedObject(attributes: ReadonlyMap<string, FrozenValue>): Record<string, unknown> {
  return objectOf(attributes.keys(), (key) => thawValue(attributes.get(key) as FrozenValue));
}

/** JSON values and bytes, copied; recursion is as deep as the JSON was. */
function copyOf(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  try {
    return structuredClone(value);
  } catch {
    return value;
  }
}
