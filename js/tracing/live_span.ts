// A span while it runs. Its state is here, in JavaScript: no call into the module per attribute and
// none per span. end() hands it to the recorder, which packs it into one record.
//
// Nothing here throws into user code; an ended span ignores everything.

import { toUnixNanos } from "./clock.js";
import {
  SPAN_TYPE_ATTRIBUTE,
  INPUTS_ATTRIBUTE,
  OUTPUTS_ATTRIBUTE,
  LOG_LEVEL_ATTRIBUTE,
  DESCRIPTION_ATTRIBUTE,
  TRACE_ID_ATTRIBUTE,
  EXPERIMENT_ID_ATTRIBUTE,
  START_TIME_ATTRIBUTE,
  isReservedKey,
  logLevelOf,
  defaultLogLevel,
  LOG_LEVEL_ERROR,
} from "./constants.js";
import { hexOfWord, nonZeroWord, randomWord, wordOfHex } from "./ids.js";
import { thawValue } from "./json.js";
import type { LocalTrace } from "./local_trace.js";
import type { ActiveSpan, SpanOptions } from "./tracer.js";
import type { Warning } from "./warnings.js";
import { TraceError } from "../trace_error.js";
import { makeDisposable } from "./disposable.js";
import { notReady } from "./span_codec.js";
import { Span, SpanSource, type LinkInput, type Link, type SpanContext, type SpanStatus, type EventInput } from "./span.js";
import { MAX_SHAPE_KEYS, noteMiss, shapeOf, type Shape } from "./shapes.js";
import { eventOfException, type SpanEvent } from "./span_event.js";
import type { EventFields, LinkFields, SpanFields } from "./span_fields.js";
import { freezeValue, JsonText, jsonTextOf, safeText, truncateValue, type FrozenValue } from "./values.js";

export const STATUS_UNSET = 0;
export const STATUS_OK = 1;
export const STATUS_ERROR = 2;

/** Stands for the attributes of an event or link that has none. */
const NOTHING: never[] = [];

const OPEN = 0;
const ENDING = 1;
const ENDED = 2;

/** From this many attributes on, keys are found by a map instead of by looking through them. */
const INDEX_FROM = 16;

/** An event as it waits for the record: its time is a monotonic reading or exact. */
export interface PendingEvent {
  name: string;
  monotonicMillis: number;
  timeNs: bigint | null;
  keys: string[];
  values: FrozenValue[];
  dropped: number;
}

export interface PendingLink {
  traceIdHex: string;
  traceIdText: string;
  spanIdHex: string;
  flags: number;
  traceState: string;
  keys: string[];
  values: FrozenValue[];
  dropped: number;
}

export interface EndOptions {
  outputs?: unknown;
  attributes?: Record<string, unknown>;
  status?: SpanStatus | string;
  endTimeNs?: bigint | number;
}

export class LiveSpan extends Span {
  // Underscored fields are internal to js/tracing: the recorder reads them in its inner loop.
  _trace: LocalTrace;
  _id0: number;
  _id1: number;
  _parent0: number;
  _parent1: number;
  _hasRemoteParent: boolean;
  _isRoot: boolean;
  _name: string;
  _kind: number;
  _start: number;
  _startNs: bigint | null;
  _end = 0;
  _endNs: bigint | null = null;
  _ordinal: number;
  _spanType: string | null = null;
  _status = STATUS_UNSET;
  _description = "";
  _logLevel = 0;
  /** Keys of the attributes by place; those of its own once the span has left its shape. */
  _shape: Shape;
  _keys: string[] | null = null;
  _values: FrozenValue[] = [];
  _droppedAttributes = 0;
  _events: PendingEvent[] | null = null;
  _droppedEvents = 0;
  _links: PendingLink[] | null = null;
  _droppedLinks = 0;
  _previousOpen: LiveSpan | null = null;
  _nextOpen: LiveSpan | null = null;
  #state = OPEN;
  #index: Map<string, number> | null = null;

  /**
   * Opens a span of `trace`. `parent` is a span of this process; a parent elsewhere is given by its
   * id words and `hasRemoteParent`. `startNs` is exact time given by the caller, else null.
   */
  constructor(
    trace: LocalTrace,
    parent: LiveSpan | null,
    name: string,
    kind: number,
    startNs: bigint | null,
    remoteParent0 = 0,
    remoteParent1 = 0,
    hasRemoteParent = false,
  ) {
    super(null);
    this._trace = trace;
    this._id0 = nonZeroWord();
    this._id1 = randomWord();
    this._parent0 = parent === null ? remoteParent0 : parent._id0;
    this._parent1 = parent === null ? remoteParent1 : parent._id1;
    this._hasRemoteParent = hasRemoteParent;
    this._isRoot = trace.root === null;
    this._name = name;
    this._shape = shapeOf(name);
    this._kind = kind;
    this._startNs = startNs;
    this._start = startNs === null ? trace.runtime.clock.monotonicMillis() : 0;
    this._ordinal = trace.nextOrdinal++;
    if (this._isRoot) trace.root = this;
    trace.add(this);
  }

  // --- reading ------------------------------------------------------------------------------

  override get traceId(): string {
    return this._trace.traceId;
  }
  override get spanId(): string {
    return hexOfWord(this._id0) + hexOfWord(this._id1);
  }
  override get parentId(): string | null {
    return this._parent0 === 0 && this._parent1 === 0 ? null : hexOfWord(this._parent0) + hexOfWord(this._parent1);
  }
  override get name(): string {
    return this._name;
  }
  override get startTimeNs(): bigint {
    return this._startNs ?? toUnixNanos(this._trace.anchor, this._start);
  }
  override get endTimeNs(): bigint | null {
    if (this.#state === OPEN) return null;
    const end = this._endNs ?? toUnixNanos(this._trace.anchor, this._end);
    const start = this.startTimeNs;
    return end < start ? start : end;
  }
  override get status(): SpanStatus {
    return {
      statusCode: this._status === STATUS_OK ? "OK" : this._status === STATUS_ERROR ? "ERROR" : "UNSET",
      description: this._description,
    };
  }
  override get spanType(): string | null {
    return this._spanType ?? "UNKNOWN";
  }
  /** True until end() has sealed the span. */
  get isRecording(): boolean {
    return this.#state !== ENDED;
  }
  get hasEnded(): boolean {
    return this.#state === ENDED;
  }

  override getAttribute(key: string): unknown {
    const frozen = this._get(key);
    return frozen === undefined ? null : thawValue(frozen);
  }

  _get(key: string): FrozenValue | undefined {
    const place = this.#find(key);
    if (place >= 0) return this._values[place];
    if (key === SPAN_TYPE_ATTRIBUTE) return this.spanType;
    if (key === TRACE_ID_ATTRIBUTE) return this.traceId;
    if (key === EXPERIMENT_ID_ATTRIBUTE) return this._trace.experimentId ?? undefined;
    if (key === LOG_LEVEL_ATTRIBUTE && this._logLevel > 0) return this._logLevel;
    return undefined;
  }

  override _fields(): SpanFields {
    const attributes = new Map<string, FrozenValue>();
    if (this._startNs !== null) attributes.set(START_TIME_ATTRIBUTE, this._startNs);
    if (this._trace.experimentId !== null) attributes.set(EXPERIMENT_ID_ATTRIBUTE, this._trace.experimentId);
    attributes.set(TRACE_ID_ATTRIBUTE, this.traceId);
    attributes.set(SPAN_TYPE_ATTRIBUTE, this._spanType ?? "UNKNOWN");
    const keys = this._keys ?? this._shape.keys;
    for (let i = 0; i < this._values.length; i++) attributes.set(keys[i] as string, this._values[i] as FrozenValue);
    if (this._logLevel > 0) attributes.set(LOG_LEVEL_ATTRIBUTE, this._logLevel);
    return {
      traceIdHex: this._trace.hex,
      traceId: this.traceId,
      spanIdHex: this.spanId,
      parentIdHex: this.parentId,
      name: this._name,
      kind: this._kind,
      flags: this._trace.flags | 0x100 | (this._hasRemoteParent ? 0x200 : 0),
      traceState: this._trace.traceState,
      startTimeNs: this.startTimeNs,
      endTimeNs: this.endTimeNs,
      statusCode: this._status,
      description: this._description,
      attributes,
      nativeKeys: null,
      events: (this._events ?? []).map((event): EventFields => ({
        name: event.name,
        timeNs: this._timeOf(event),
        attributes: mapOf(event.keys, event.values),
        droppedAttributes: event.dropped,
      })),
      links: (this._links ?? []).map((link): LinkFields => ({
        traceIdHex: link.traceIdHex,
        traceIdText: link.traceIdText,
        spanIdHex: link.spanIdHex,
        flags: link.flags,
        traceState: link.traceState,
        attributes: mapOf(link.keys, link.values),
        droppedAttributes: link.dropped,
      })),
      droppedAttributes: this._droppedAttributes,
      droppedEvents: this._droppedEvents,
      droppedLinks: this._droppedLinks,
      ordinal: this._ordinal,
    };
  }

  override get context(): SpanContext {
    const { hex, flags, traceState } = this._trace;
    return { traceId: hex, spanId: this.spanId, traceFlags: flags, traceState };
  }

  get _hasOutputs(): boolean {
    return this.#find(OUTPUTS_ATTRIBUTE) >= 0;
  }

  /** What the span is now; nothing that happens later shows there. */
  override toImmutableSpan(): Span {
    // An ended span changes no more: its record is made when somebody asks for it.
    if (this.#state === ENDED) return new Span(new SpanSource(() => this._record(), this._fields()));
    const record = this._trace.runtime.recorder.snapshot(this);
    return new Span(new SpanSource(record, record === null ? this._fields() : null));
  }

  override _record(): Uint8Array {
    const record = this._trace.runtime.recorder.snapshot(this);
    return record ?? notReady();
  }

  /** A live span cannot be read from a dictionary. */
  static override fromDict(): never {
    throw new TraceError("NOT_IMPLEMENTED", "a live span cannot be made from a dictionary");
  }

  _timeOf(event: PendingEvent): bigint {
    return event.timeNs ?? toUnixNanos(this._trace.anchor, event.monotonicMillis);
  }

  // --- setting ------------------------------------------------------------------------------

  setAttribute(key: string, value: unknown): void {
    if (this.#state === ENDED) return;
    if (typeof key !== "string" || key === "") {
      this._warn("key", key);
      return;
    }
    const type = typeof value;
    const frozen =
      type === "string" || type === "number" || type === "boolean" ? (value as string | number | boolean) : freezeValue(value);
    if (frozen !== undefined) this.#put(key, frozen);
  }

  setAttributes(attributes: Record<string, unknown>): void {
    if (this.#state === ENDED) return;
    try {
      if (typeof attributes !== "object" || attributes === null || Array.isArray(attributes)) {
        this._warn("attributes", attributes);
        return;
      }
      for (const key of Object.keys(attributes)) this.setAttribute(key, attributes[key]);
    } catch (error) {
      this._warn("attributesRead", error);
    }
  }

  setInputs(inputs: unknown): void {
    if (this.#state !== ENDED) this.#put(INPUTS_ATTRIBUTE, new JsonText(jsonTextOf(inputs)));
  }

  setOutputs(outputs: unknown): void {
    if (this.#state !== ENDED) this.#put(OUTPUTS_ATTRIBUTE, new JsonText(jsonTextOf(outputs)));
  }

  /** A value that is JSON text already. */
  _setText(key: string, text: JsonText): void {
    if (this.#state !== ENDED) this.#put(key, text);
  }

  setSpanType(spanType: string): void {
    if (this.#state === ENDED) return;
    if (typeof spanType === "string") this._spanType = spanType;
    else this._warn("spanType", spanType);
  }

  setDescription(description: string): void {
    this.setAttribute(DESCRIPTION_ATTRIBUTE, description);
  }

  setLogLevel(level: string | number): void {
    if (this.#state === ENDED) return;
    const number = logLevelOf(level);
    if (number === null) this._warn("level", level);
    else this.#put(LOG_LEVEL_ATTRIBUTE, number);
  }

  /** OK is final, ERROR may still become OK, UNSET changes nothing; a description stays only with ERROR. */
  setStatus(status: SpanStatus | string, description?: string): void {
    if (this.#state === ENDED) return;
    let code: unknown = status;
    let text: unknown = description;
    try {
      if (typeof status === "object" && status !== null) {
        code = status.statusCode;
        text = description ?? status.description;
      }
    } catch (error) {
      this._warn("statusRead", error);
      return;
    }
    const next = code === "OK" ? STATUS_OK : code === "ERROR" ? STATUS_ERROR : code === "UNSET" ? STATUS_UNSET : -1;
    if (next < 0) {
      this._warn("status", code);
      return;
    }
    if (next === STATUS_UNSET || this._status === STATUS_OK) return;
    this._status = next;
    this._description = next === STATUS_ERROR && typeof text === "string" ? text : "";
  }

  addEvent(event: EventInput): void {
    if (this.#state === ENDED) return;
    try {
      this.#addEvent(event);
    } catch (error) {
      this._warn("eventRead", error);
    }
  }

  #addEvent(event: EventInput): void {
    if (typeof event !== "object" || event === null) {
      this._warn("event");
      return;
    }
    const { limits, clock } = this._trace.runtime;
    const name = event.name;
    const time = event.timestamp;
    const pending: PendingEvent = {
      name: typeof name === "string" ? name : name === undefined || name === null ? "event" : safeText(name),
      monotonicMillis: 0,
      timeNs: null,
      keys: NOTHING,
      values: NOTHING,
      dropped: 0,
    };
    if (typeof time === "bigint" && time >= 0n && time < 2n ** 64n) pending.timeNs = time;
    else pending.monotonicMillis = clock.monotonicMillis();
    if (event.attributes !== undefined && event.attributes !== null) {
      fill(pending, event.attributes, limits.attributePerEventCountLimit, limits.attributeValueLengthLimit);
    }
    const events = this._events;
    if (events === null && limits.eventCountLimit > 0) {
      this._events = [pending]; // room for one: most spans have no more
    } else {
      if (events === null || events.length >= limits.eventCountLimit) {
        // The newest are kept: the end of a long run tells more than its beginning.
        this._droppedEvents++;
        if (events === null || limits.eventCountLimit <= 0) return;
        events.shift();
      }
      events.push(pending);
    }
    if (pending.name === "exception") this._raiseLogLevel();
  }

  addLink(link: LinkInput): void {
    if (this.#state === ENDED) return;
    const { limits } = this._trace.runtime;
    try {
      const { traceId, spanId, traceFlags, traceState, attributes } = link;
      const pending: PendingLink = {
        traceIdHex: "",
        traceIdText: traceId,
        spanIdHex: spanId,
        flags: typeof traceFlags === "number" ? traceFlags & 0xff : 0,
        traceState: typeof traceState === "string" ? traceState : "",
        keys: NOTHING,
        values: NOTHING,
        dropped: 0,
      };
      if (attributes !== undefined && attributes !== null)
        fill(pending, attributes, limits.attributePerLinkCountLimit, limits.attributeValueLengthLimit);
      this._trace.runtime.whenLater((later) => {
        later.placeLink(this, pending, limits.linkCountLimit);
      });
    } catch (error) {
      this._warn("linkRead", error);
    }
  }

  /** An `exception` event, status ERROR with "Type: message", log level at least ERROR. */
  recordException(error: unknown): void {
    if (this.#state === ENDED) return;
    const event = eventOfException(error);
    this.addEvent(event);
    const added = this._events?.at(-1);
    const { later, limits } = this._trace.runtime;
    // Without that code the event has no causes yet.
    if (later === null && added !== undefined)
      this._trace.runtime.whenLater((loaded) => {
        loaded.addCauses(added, error, limits.attributeValueLengthLimit);
      });
    const type = safeText(event.attributes["exception.type"]);
    const message = safeText(event.attributes["exception.message"]);
    this.setStatus("ERROR", `${type}: ${message}`);
  }

  _raiseLogLevel(): void {
    const place = this.#find(LOG_LEVEL_ATTRIBUTE);
    if (place < 0) this._logLevel = LOG_LEVEL_ERROR;
    else if ((this._values[place] as number) < LOG_LEVEL_ERROR) this._values[place] = LOG_LEVEL_ERROR;
  }

  // --- children -----------------------------------------------------------------------------

  startSpan(options: SpanOptions): ActiveSpan {
    return this._trace.runtime.startChild(this, options) as ActiveSpan;
  }

  /** As the function of this name, below this span: both orders of the arguments are taken. */
  withSpan<R>(options: SpanOptions, body: (span: ActiveSpan) => R): R;
  withSpan<R>(body: (span: ActiveSpan) => R, options?: SpanOptions): R;
  withSpan(first: unknown, second?: unknown): unknown {
    return this._trace.runtime.withSpan(first, second, this);
  }

  // --- ending -------------------------------------------------------------------------------

  end(options?: EndOptions): void {
    if (this.#state !== OPEN) return;
    const trace = this._trace;
    const runtime = trace.runtime;
    this._end = runtime.clock.monotonicMillis();
    this.#state = ENDING;
    let isWithheld = false;
    try {
      if (options !== undefined && options !== null) this.#applyEndOptions(options);
      if (this._logLevel === 0 && !this.#hasLevel) this._logLevel = defaultLogLevel(this._spanType);
      if (runtime.endHooks.size > 0 || runtime.spanProcessors.length > 0) this.#runProcessors();
      if (this._status === STATUS_UNSET) this._status = STATUS_OK;
      if (runtime.beforeSeal !== null) isWithheld = !this.#runBeforeSeal(runtime.beforeSeal);
    } catch (error) {
      this._warn("ending", error);
    }
    this.#state = ENDED;
    trace.remove(this);
    if (this._isRoot) trace.rootHasEnded = true;
    if (isWithheld) runtime.recorder.countLost(trace.destinations, "redaction_error");
    else runtime.recorder.record(this);
    runtime.spanHasEnded(this, trace);
  }

  /** Takes the ids of a span that another library runs. */
  _adoptIds(spanIdHex: string, parentIdHex: string | null): void {
    this._id0 = wordOfHex(spanIdHex, 0);
    this._id1 = wordOfHex(spanIdHex, 8);
    this._parent0 = parentIdHex === null ? 0 : wordOfHex(parentIdHex, 0);
    this._parent1 = parentIdHex === null ? 0 : wordOfHex(parentIdHex, 8);
  }

  /** Takes no more calls and is not recorded again: its trace was given up. */
  _abandon(): void {
    if (this.#state === ENDED) return;
    this.#state = ENDED;
    this._trace.remove(this);
  }

  #applyEndOptions(options: EndOptions): void {
    const { attributes, outputs, status, endTimeNs } = options;
    if (typeof endTimeNs === "bigint" && endTimeNs >= 0n && endTimeNs < 2n ** 64n) this._endNs = endTimeNs;
    else if (typeof endTimeNs === "number" && Number.isSafeInteger(endTimeNs) && endTimeNs >= 0) this._endNs = BigInt(endTimeNs);
    if (attributes !== undefined && attributes !== null) this.setAttributes(attributes);
    if (outputs !== undefined && outputs !== null) this.setOutputs(outputs);
    if (status !== undefined && status !== null) this.setStatus(status);
  }

  #runProcessors(): void {
    const { endHooks, spanProcessors } = this._trace.runtime;
    for (const process of [...endHooks, ...spanProcessors]) {
      try {
        const returned = process(this);
        if (returned !== undefined && returned !== null) this._warn("processorValue");
      } catch (error) {
        this._warn("processor", error);
      }
    }
  }

  #runBeforeSeal(hook: (span: LiveSpan) => void): boolean {
    try {
      hook(this);
      return true;
    } catch (error) {
      this._warn("beforeSeal", error);
      return false;
    }
  }

  // --- attributes ---------------------------------------------------------------------------

  #find(key: string): number {
    if (this._keys === null) {
      const place = this._shape.keys.indexOf(key);
      return place < this._values.length ? place : -1;
    }
    return this.#index === null ? this._keys.indexOf(key) : (this.#index.get(key) ?? -1);
  }

  get #hasLevel(): boolean {
    if (this._keys !== null) return this.#find(LOG_LEVEL_ATTRIBUTE) >= 0;
    const place = this._shape.levelPlace;
    return place >= 0 && place < this._values.length;
  }

  #put(key: string, value: FrozenValue): void {
    const limits = this._trace.runtime.limits;
    if (limits.attributeValueLengthLimit !== Infinity && !isReservedKey(key))
      value = truncateValue(value, limits.attributeValueLengthLimit);
    const count = this._values.length;
    // The key the shape foretells cannot stand there already.
    if (this._keys === null && this._shape.keys[count] === key && count < limits.attributeCountLimit) {
      if (key === LOG_LEVEL_ATTRIBUTE) this._logLevel = 0;
      this._values.push(value);
      return;
    }
    const place = this.#find(key);
    if (place >= 0) {
      this.#putAgain(place, key, value);
      return;
    }
    if (key === SPAN_TYPE_ATTRIBUTE) {
      this._spanType = typeof value === "string" ? value : safeText(thawValue(value));
      return;
    }
    if (key === LOG_LEVEL_ATTRIBUTE) this._logLevel = 0; // a level that is set takes the place of a raised one
    if (count >= limits.attributeCountLimit && !isReservedKey(key) && this.#countOrdinary() >= limits.attributeCountLimit) {
      this._droppedAttributes++;
      return;
    }
    this.#addKey(key, count);
    this._values.push(value);
  }

  /** The shape learns a key at its end; any other takes the span off its shape. */
  #addKey(key: string, count: number): void {
    const shape = this._shape;
    if (this._keys === null && count === shape.keys.length && count < MAX_SHAPE_KEYS) {
      if (key === LOG_LEVEL_ATTRIBUTE) shape.levelPlace = count;
      shape.keys.push(key);
      return;
    }
    const keys = this._keys ?? this.#leaveShape();
    keys.push(key);
    if (this.#index !== null) this.#index.set(key, count);
    else if (count >= INDEX_FROM) this.#index = new Map(keys.map((k, i) => [k, i]));
  }

  #leaveShape(): string[] {
    noteMiss(this._shape);
    return (this._keys = this._shape.keys.slice(0, this._values.length));
  }

  /** A key that is set again moves to the end, as in MLflow's dictionaries. */
  #putAgain(place: number, key: string, value: FrozenValue): void {
    if (place === this._values.length - 1) {
      this._values[place] = value;
      return;
    }
    const keys = this._keys ?? this.#leaveShape();
    keys.splice(place, 1);
    this._values.splice(place, 1);
    keys.push(key);
    this._values.push(value);
    if (this.#index !== null) this.#index = new Map(keys.map((k, i) => [k, i]));
  }

  #countOrdinary(): number {
    const keys = this._keys ?? this._shape.keys;
    let count = 0;
    for (let i = 0; i < this._values.length; i++) if (!isReservedKey(keys[i] as string)) count++;
    return count;
  }

  _warn(of: Warning, value?: unknown): void {
    this._trace.runtime.warn(of, value);
  }
}

function mapOf(keys: readonly string[], values: readonly FrozenValue[]): Map<string, FrozenValue> {
  return new Map(keys.map((key, i) => [key, values[i] as FrozenValue]));
}

function fill(
  target: { keys: string[]; values: FrozenValue[]; dropped: number },
  attributes: Record<string, unknown>,
  countLimit: number,
  lengthLimit: number,
): void {
  const keys = Object.keys(attributes);
  const values = new Array<FrozenValue>(keys.length);
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] as string;
    const frozen = freezeValue(attributes[key]);
    if (frozen === undefined || key === "" || i >= countLimit)
      return fillSelected(target, keys, attributes, countLimit, lengthLimit);
    values[i] = lengthLimit === Infinity ? frozen : truncateValue(frozen, lengthLimit);
  }
  target.keys = keys;
  target.values = values;
}

/** Where some are left out: no value, no key, or over the limit. */
function fillSelected(
  target: { keys: string[]; values: FrozenValue[]; dropped: number },
  keys: readonly string[],
  attributes: Record<string, unknown>,
  countLimit: number,
  lengthLimit: number,
): void {
  target.keys = [];
  target.values = [];
  for (const key of keys) {
    if (key === "") continue;
    const frozen = freezeValue(attributes[key]);
    if (frozen === undefined) continue;
    if (target.keys.length >= countLimit) {
      target.dropped++;
      continue;
    }
    target.keys.push(key);
    target.values.push(lengthLimit === Infinity ? frozen : truncateValue(frozen, lengthLimit));
  }
}

makeDisposable(LiveSpan.prototype, function (this: LiveSpan) {
  this.end();
});

export type { Link, SpanEvent };
