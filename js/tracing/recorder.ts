// Packs ended spans into records (grammar: src/record/grammar.h) in a staging area inside the
// module's memory and commits them a chunk at a time. This is the hot path: one pass over the span,
// no allocation but the rope, no call into the module per span.
//
// Short strings are gathered in one rope and encoded by a single encodeInto a chunk; long ones are
// encoded straight into the record (a non-ASCII rope is slow). Names and keys are interned once.
//
// Before the module is ready spans wait in a backlog, bounded by the queue's byte budget.

import type { Core, LossReason } from "../load/core.js";
import { hasStack } from "../load/handover.js";
import type { StagingArea } from "../load/staging.js";
import { TraceError } from "../trace_error.js";
import { writeUnixNanos } from "./unix_nanos.js";
import { wordOfHex } from "./ids.js";
import type { LiveSpan, PendingEvent, PendingLink } from "./live_span.js";
import type { SpanSink } from "./runtime.js";
import { MAX_SHAPE_KEYS, newShape, type Shape } from "./shapes.js";
import { traceAttributesOf } from "./trace_attributes.js";
import { isJsonText } from "./json_text.js";
import { type FrozenValue, type Primitive, wellFormed } from "./values.js";

const HEADER_WORDS = 26;
const LONG_TEXT = 256;
const MAX_TEXTS = 4096;
const MAX_INTERNED_UNITS = 128;
/** A text that comes again so often in a row, at its place of a shape, is interned … */
const MAX_REPEATS = 8;
/** … while the table has room left for names and keys. */
const MAX_INTERNED_VALUES = 2048;
const INTERNED = 0x80000000;
const NO_TEXT = 0xffffffff;
/** Keys longer than this do not fit into a tag. */
const MAX_KEY_UNITS = (1 << 24) - 1;

const TYPE_EMPTY = 0;
const TYPE_FALSE = 1;
const TYPE_TRUE = 2;
const TYPE_INT32 = 3;
const TYPE_INT64 = 4;
const TYPE_DOUBLE = 5;
const TYPE_STRING = 6;
const TYPE_JSON = 7;
const TYPE_BYTES = 8;
const TYPE_ARRAY = 9;
const TAG_LONG = 1 << 5;
const TAG_KEY_INTERNED = 1 << 6;
const KEY_SHIFT = 7;

const KIND_SHIFT = 0;
const STATUS_SHIFT = 3;
const FLAG_OPEN = 1 << 5;
const FLAG_REMOTE_PARENT = 1 << 6;
const FLAG_TYPE_WAS_SET = 1 << 7;
const FLAG_PLAIN = 1 << 8;
const FLAG_START_TIME_WAS_GIVEN = 1 << 9;
const FLAG_ROOT = 1 << 10;
const FLAG_HAS_DESCRIPTION = 1 << 11;
const FLAG_HAS_TRACE_STATE = 1 << 12;
const FLAG_HAS_TRACE_ID_TEXT = 1 << 13;
const FLAG_HAS_EXPERIMENT_ID = 1 << 14;
const FLAG_COMPLETES = 1 << 15;
const TRACE_FLAGS_SHIFT = 16;

const double = new Float64Array(1);
const doubleWords = new Uint32Array(double.buffer);
const encoder = new TextEncoder();

/** Told of each record; the first use of a destination arms its timer. */
export type RecordListener = (destinations: number) => void;

interface Origin {
  scopeName: string;
  scopeVersion: string;
  resource: ReadonlyMap<string, FrozenValue>;
}

export class Recorder implements SpanSink {
  readonly #listener: RecordListener;
  #staging: StagingArea | null = null;
  #core: Core | null = null;
  #isDead = false;

  // The staging area; taken afresh after each call into the module.
  #words: Uint32Array = new Uint32Array(0);
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;
  #rope = "";
  #units = 0;
  #records = 0;
  #overflowed = false;

  readonly #textIds = new Map<string, number>();
  #newTexts = "";
  /** Names and keys of events. */
  readonly #eventShapes = new Map<string, Shape>();

  #backlog: LiveSpan[] = [];
  #backlogBytes = 0;
  #maxBacklogBytes: number;
  /** What the module has not been told of yet. */
  #origin: Origin | null = null;
  /** Losses that the core has not been told of yet, by destination set and reason. */
  #unreportedLosses: { destinations: number; reason: LossReason }[] = [];

  constructor(listener: RecordListener, maxBacklogBytes = 32 << 20) {
    this.#listener = listener;
    this.#maxBacklogBytes = maxBacklogBytes;
  }

  /** The module is ready: what waited is recorded now, in order of arrival. */
  attach(core: Core, staging: StagingArea): void {
    this.#core = core;
    this.#staging = staging;
    this.#takeViews();
    this.#reportLosses();
    const backlog = this.#backlog;
    this.#backlog = [];
    this.#backlogBytes = 0;
    for (const span of backlog) this.#writeSafely(span);
  }

  /** The module is gone: later spans are counted by their destinations. */
  detach(): void {
    this.#isDead = true;
    this.#core = null;
    this.#staging = null;
    this.#words = new Uint32Array(0);
    this.#backlog = [];
  }

  setMaxBacklogBytes(bytes: number): void {
    this.#maxBacklogBytes = bytes;
  }

  /** Spans that wait for the module. */
  get backlogLength(): number {
    return this.#backlog.length;
  }

  /** Spans in the staging area. */
  get stagedRecords(): number {
    return this.#records;
  }

  /** Makes the record of an ended span. Never throws. */
  record(span: LiveSpan): void {
    if (this.#staging !== null) this.#writeSafely(span);
    else if (this.#isDead) this.countLost(span._trace.destinations, "module_dead");
    else this.#keepForLater(span);
    this.#listener(span._trace.destinations);
  }

  /** A span that is produced and lost without a record. */
  countLost(destinations: number, reason: LossReason): void {
    if (this.#unreportedLosses.length < 100_000) this.#unreportedLosses.push({ destinations, reason });
    this.#reportLosses();
  }

  #reportLosses(): void {
    const core = this.#core;
    const losses = this.#unreportedLosses;
    if (core === null || losses.length === 0 || !hasStack()) return;
    this.#unreportedLosses = [];
    for (const { destinations, reason } of losses)
      for (let i = 0; destinations >>> i !== 0; i++) if ((destinations >>> i) & 1) core.countLost(i, reason);
  }

  /** Losses that the core has not been told of: there is no module yet, or the host had no stack for the call. */
  get unreportedLosses(): readonly { destinations: number; reason: LossReason }[] {
    return this.#unreportedLosses;
  }

  #keepForLater(span: LiveSpan): void {
    const bytes = estimatedBytes(span);
    if (this.#backlogBytes + bytes > this.#maxBacklogBytes) {
      this.countLost(span._trace.destinations, "not_ready");
      return;
    }
    this.#backlogBytes += bytes;
    this.#backlog.push(span);
  }

  /** Hands what is staged to the core, and the origin where it is new; later, where the host has no stack for that. */
  commit(): void {
    const staging = this.#staging;
    const isIdle = this.#records === 0 && this.#origin === null && this.#unreportedLosses.length === 0;
    if (staging === null || isIdle || !hasStack()) return;
    this.#reportLosses();
    if (this.#records > 0) this.#commitRecords(staging);
    const isAlive = this.#staging !== null;
    if (isAlive && this.#origin !== null) this.#writeOrigin(staging, this.#origin);
  }

  #commitRecords(staging: StagingArea): void {
    const { wordBytes, ropeBytes } = this.#seal(staging);
    const units = this.#units;
    const records = this.#records;
    this.#clear();
    staging.commit(wordBytes, ropeBytes, units, records);
    this.#takeViews();
  }

  /** The span as a portable record, open or ended; the queue does not see it. */
  snapshot(span: LiveSpan): Uint8Array | null {
    this.commit();
    const staging = this.#staging;
    if (staging === null || this.#records > 0 || !hasStack()) return null;
    if (!this.#tryPack(span) && !this.#packInLargerArea(span)) return null;
    const { wordBytes, ropeBytes } = this.#seal(staging);
    const units = this.#units;
    this.#clear();
    const bytes = staging.portable(wordBytes, ropeBytes, units);
    staging.shrink();
    this.#takeViews();
    return bytes;
  }

  /**
   * Resource and scope of all exports: a record of their attributes, with the scope's name and
   * version in the places of name and span type. Handed over with the next commit, which comes before
   * every export.
   */
  setOrigin(scopeName: string, scopeVersion: string, resource: ReadonlyMap<string, FrozenValue>): void {
    this.#origin = { scopeName, scopeVersion, resource };
  }

  /** The staging area is empty. */
  #writeOrigin(staging: StagingArea, origin: Origin): void {
    this.#origin = null;
    if (!this.#packOrigin(origin)) {
      const { size } = origin.resource;
      const bytes = 1024 + pairBytes([...origin.resource.keys()], [...origin.resource.values()]);
      const isThere = staging.grow(bytes);
      this.#takeViews();
      if (!isThere || !this.#packOrigin(origin)) {
        throw new TraceError("TOO_LARGE", `no memory for the ${String(size)} attributes of the resource`);
      }
    }
    const { wordBytes, ropeBytes } = this.#seal(staging);
    const units = this.#units;
    this.#clear();
    staging.setOrigin(wordBytes, ropeBytes, units);
    staging.shrink();
    this.#takeViews();
  }

  #packOrigin({ scopeName, scopeVersion, resource }: Origin): boolean {
    this.#checkViews();
    this.#overflowed = false;
    const w = this.#words;
    w.fill(0, 0, HEADER_WORDS);
    w[1] = FLAG_PLAIN;
    w[14] = this.#ropeText(scopeName);
    w[15] = this.#ropeText(scopeVersion);
    w[16] = resource.size;
    this.#at = HEADER_WORDS;
    this.#putPairs([...resource.keys()], [...resource.values()]);
    this.#at += (this.#units + 3) >>> 2;
    w[0] = this.#at * 4;
    w[23] = this.#units;
    const fits = this.#fits(this.#staging as StagingArea);
    if (!fits) this.#clear();
    return fits;
  }

  #seal(staging: StagingArea): { wordBytes: number; ropeBytes: number } {
    this.#checkViews();
    if (this.#newTexts !== "") {
      staging.appendTexts(this.#newTexts);
      this.#newTexts = "";
      this.#takeViews();
    }
    const ropeBytes = this.#units === 0 ? 0 : encoder.encodeInto(this.#rope, staging.rope()).written;
    return { wordBytes: this.#at * 4, ropeBytes };
  }

  #clear(): void {
    this.#at = 0;
    this.#rope = "";
    this.#units = 0;
    this.#records = 0;
  }

  #takeViews(): void {
    if (this.#staging === null) return;
    this.#words = this.#staging.words();
    this.#bytes = this.#staging.bytes();
  }

  /** Any call into the module may have moved its memory; then views are detached and empty. */
  #checkViews(): void {
    if (this.#bytes.length === 0) this.#takeViews();
  }

  #writeSafely(span: LiveSpan): void {
    try {
      this.#write(span);
    } catch {
      this.countLost(span._trace.destinations, this.#isDead ? "module_dead" : "gave_up");
    }
  }

  #write(span: LiveSpan): void {
    const staging = this.#staging as StagingArea;
    this.#checkViews();
    if (this.#at > staging.softWordLimit || this.#units > staging.softUnitLimit) this.commit();
    if (this.#tryPack(span)) return;
    this.commit();
    if (this.#tryPack(span)) return;
    // Without stack for a commit what is staged must stay where it is.
    if (this.#records > 0 || !hasStack()) return this.countLost(span._trace.destinations, "gave_up");
    if (!this.#packInLargerArea(span)) {
      this.countLost(span._trace.destinations, "too_large");
      return;
    }
    this.commit();
    staging.shrink();
    this.#takeViews();
  }

  #packInLargerArea(span: LiveSpan): boolean {
    const staging = this.#staging as StagingArea;
    const bytes = worstCaseBytes(span);
    if (!staging.grow(bytes)) {
      this.#takeViews();
      return false;
    }
    this.#takeViews();
    return this.#tryPack(span);
  }

  /** Packs the record behind the staged ones; false, and nothing changed, when it does not fit. */
  #tryPack(span: LiveSpan): boolean {
    const staging = this.#staging as StagingArea;
    const at = this.#at;
    const rope = this.#rope;
    const units = this.#units;
    let isPacked = false;
    try {
      this.#overflowed = false;
      this.#pack(span);
      // Writes past the end of a typed array do nothing, so checking once is enough.
      isPacked = this.#fits(staging);
    } finally {
      // No call here: the host's stack may have ended in the midst of it.
      if (!isPacked) {
        this.#at = at;
        this.#rope = rope;
        this.#units = units;
      }
    }
    if (isPacked) this.#records++;
    return isPacked;
  }

  #fits(staging: StagingArea): boolean {
    return !this.#overflowed && this.#at <= staging.wordCapacity && this.#units <= staging.unitCapacity;
  }

  #pack(span: LiveSpan): void {
    const w = this.#words;
    const start = this.#at;
    const unitsBefore = this.#units;
    const trace = span._trace;
    const isOpen = !span.hasEnded;
    let flags =
      (span._kind << KIND_SHIFT) |
      (span._status << STATUS_SHIFT) |
      (trace.flags << TRACE_FLAGS_SHIFT) |
      (isOpen ? FLAG_OPEN : 0) |
      (span._hasRemoteParent ? FLAG_REMOTE_PARENT : 0) |
      (span._isRoot ? FLAG_ROOT : 0) |
      (trace.isComplete ? FLAG_COMPLETES : 0);

    w[start + 2] = trace.word0;
    w[start + 3] = trace.word1;
    w[start + 4] = trace.word2;
    w[start + 5] = trace.word3;
    w[start + 6] = span._id0;
    w[start + 7] = span._id1;
    w[start + 8] = span._parent0;
    w[start + 9] = span._parent1;
    if (span._startNs === null && span._endNs === null) {
      writeUnixNanos(w, start + 10, trace.anchor, span._start);
      if (isOpen) w[start + 12] = w[start + 13] = 0;
      else writeUnixNanos(w, start + 12, trace.anchor, span._end);
    } else {
      writeBigint(w, start + 10, span.startTimeNs);
      writeBigint(w, start + 12, span.endTimeNs ?? 0n);
      if (span._startNs !== null) flags |= FLAG_START_TIME_WAS_GIVEN;
    }

    const shape = span._shape;
    if (shape.owner !== this) this.#adopt(shape);
    w[start + 14] = shape.nameWord === NO_TEXT ? this.#ropeText(span._name) : shape.nameWord;
    if (span._spanType === null) {
      w[start + 15] = NO_TEXT;
    } else {
      w[start + 15] = this.#textWord(span._spanType);
      flags |= FLAG_TYPE_WAS_SET;
    }
    const events = span._events;
    const links = span._links;
    w[start + 17] = events === null ? 0 : events.length;
    w[start + 18] = links === null ? 0 : links.length;
    w[start + 19] = span._droppedAttributes;
    w[start + 20] = span._droppedEvents;
    w[start + 21] = span._droppedLinks;
    w[start + 22] = span._ordinal;
    w[start + 24] = span._logLevel | (trace.destinations << 8);

    this.#at = start + HEADER_WORDS;
    if (span._description !== "") {
      flags |= FLAG_HAS_DESCRIPTION;
      this.#putText(span._description);
    }
    if (trace.traceState !== "") {
      flags |= FLAG_HAS_TRACE_STATE;
      this.#putText(trace.traceState);
    }
    if (trace.traceIdText !== null) {
      flags |= FLAG_HAS_TRACE_ID_TEXT;
      this.#putText(trace.traceIdText);
    }
    if (trace.experimentId !== null) {
      flags |= FLAG_HAS_EXPERIMENT_ID;
      this.#putText(trace.experimentId);
    }

    const keys = span._keys;
    const values = span._values;
    if (keys === null) this.#putShaped(shape, values);
    else this.#putPairs(keys, values);
    let attributeCount = values.length;
    let traceAttributes = 0;
    if (span._isRoot && trace.values !== null) {
      const entries = traceAttributesOf(trace.values);
      traceAttributes = entries.length;
      attributeCount += traceAttributes;
      for (const [key, value] of entries) this.#putValue(this.#keyTag(key), key, value);
    }
    w[start + 16] = attributeCount;
    w[start + 25] = traceAttributes;
    if (events !== null) for (let i = 0; i < events.length; i++) this.#putEvent(span, events[i] as PendingEvent);
    if (links !== null) for (let i = 0; i < links.length; i++) this.#putLink(links[i] as PendingLink);

    const units = this.#units - unitsBefore;
    this.#at += (units + 3) >>> 2;
    w[start] = (this.#at - start) * 4;
    w[start + 1] = flags;
    w[start + 23] = units;
  }

  #putEvent(span: LiveSpan, event: PendingEvent): void {
    const w = this.#words;
    if (event.timeNs === null) writeUnixNanos(w, this.#at, span._trace.anchor, event.monotonicMillis);
    else writeBigint(w, this.#at, event.timeNs);
    this.#at += 2;
    const shape = this.#eventShapes.get(event.name) ?? this.#newEventShape(event.name);
    w[this.#at++] = shape.nameWord === NO_TEXT ? this.#ropeText(event.name) : shape.nameWord;
    const { keys, values } = event;
    w[this.#at++] = keys.length;
    w[this.#at++] = event.dropped;
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i] as string;
      if (shape.keys[i] === key) this.#putAt(shape, i, values[i] as FrozenValue);
      else this.#putValue(this.#learnEventKey(shape, i, key), key, values[i] as FrozenValue);
    }
  }

  #putShaped(shape: Shape, values: readonly FrozenValue[]): void {
    const { keys, tags } = shape;
    for (let i = 0; i < values.length; i++) {
      // Places are asked for in order, so the list of tags has no holes.
      if (i >= tags.length) tags[i] = this.#keyTag(keys[i] as string);
      this.#putAt(shape, i, values[i] as FrozenValue);
    }
  }

  /** The value at a place whose tag is known. A text that stays the same there becomes one word. */
  #putAt(shape: Shape, place: number, value: FrozenValue): void {
    const tag = shape.tags[place] as number;
    if (typeof value === "string" && tag !== 0 && value.length <= MAX_INTERNED_UNITS) {
      const known = shape.texts[place] === value ? (shape.textWords[place] as number) : this.#newText(shape, place, value);
      if (known < 0) {
        this.#words[this.#at] = tag | TYPE_STRING;
        this.#words[this.#at + 1] = known;
        this.#at += 2;
        return;
      }
      shape.textWords[place] = known < MAX_REPEATS ? known + 1 : this.#repeatedWord(value);
    }
    this.#putValue(tag, shape.keys[place] as string, value);
  }

  #newText(shape: Shape, place: number, text: string): number {
    for (let i = shape.texts.length; i <= place; i++) {
      shape.texts[i] = "";
      shape.textWords[i] = 0;
    }
    shape.texts[place] = text;
    return 0;
  }

  #repeatedWord(text: string): number {
    if (this.#textIds.size >= MAX_INTERNED_VALUES && !this.#textIds.has(text)) return 0;
    const word = this.#internedWord(text);
    return word === NO_TEXT ? 0 : word | 0;
  }

  #putLink(link: PendingLink): void {
    const w = this.#words;
    for (let i = 0; i < 32; i += 8) w[this.#at++] = wordOfHex(link.traceIdHex, i);
    w[this.#at++] = wordOfHex(link.spanIdHex, 0);
    w[this.#at++] = wordOfHex(link.spanIdHex, 8);
    w[this.#at++] = link.flags;
    this.#putText(link.traceState);
    this.#putText(link.traceIdText);
    w[this.#at++] = link.keys.length;
    w[this.#at++] = link.dropped;
    this.#putPairs(link.keys, link.values);
  }

  #putPairs(keys: readonly string[], values: readonly FrozenValue[]): void {
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i] as string;
      this.#putValue(this.#keyTag(key), key, values[i] as FrozenValue);
    }
  }

  /** `tag` holds the interned key, or 0: then the key goes into the rope. */
  #putValue(tag: number, key: string, value: FrozenValue): void {
    if (tag === 0) tag = this.#ropeText(key) << KEY_SHIFT;
    const w = this.#words;
    switch (typeof value) {
      case "string":
        return this.#putContent(tag | TYPE_STRING, value);
      case "number":
        return this.#putNumber(tag, value);
      case "boolean":
        w[this.#at++] = tag | (value ? TYPE_TRUE : TYPE_FALSE);
        return;
      case "bigint":
        w[this.#at] = tag | TYPE_INT64;
        writeBigint(w, this.#at + 1, value);
        this.#at += 3;
        return;
      case "object":
        if (value === null) w[this.#at++] = tag | TYPE_EMPTY;
        else if (isJsonText(value)) this.#putContent(tag | TYPE_JSON, value.text, true);
        else if (value instanceof Uint8Array) this.#putBytes(tag | TYPE_BYTES, value);
        else this.#putArray(tag, value);
    }
  }

  #putArray(tag: number, members: readonly Primitive[]): void {
    this.#words[this.#at++] = tag | TYPE_ARRAY;
    this.#words[this.#at++] = members.length;
    for (let i = 0; i < members.length; i++) this.#putMember(members[i] as Primitive);
  }

  #putMember(value: Primitive): void {
    if (typeof value === "string") this.#putContent(TYPE_STRING, value);
    else if (typeof value === "number") this.#putNumber(0, value);
    else if (typeof value === "boolean") this.#words[this.#at++] = value ? TYPE_TRUE : TYPE_FALSE;
    else {
      this.#words[this.#at] = TYPE_INT64;
      writeBigint(this.#words, this.#at + 1, value);
      this.#at += 3;
    }
  }

  #putNumber(tag: number, value: number): void {
    const w = this.#words;
    if ((value | 0) === value && (value !== 0 || 1 / value > 0)) {
      w[this.#at] = tag | TYPE_INT32;
      w[this.#at + 1] = value;
      this.#at += 2;
    } else if (Number.isSafeInteger(value) && value !== 0) {
      w[this.#at] = tag | TYPE_INT64;
      w[this.#at + 1] = value;
      w[this.#at + 2] = Math.floor(value / 0x100000000);
      this.#at += 3;
    } else {
      double[0] = value;
      w[this.#at] = tag | TYPE_DOUBLE;
      w[this.#at + 1] = doubleWords[0] as number;
      w[this.#at + 2] = doubleWords[1] as number;
      this.#at += 3;
    }
  }

  #putContent(tag: number, text: string, isJson = false): void {
    const w = this.#words;
    if (text.length < LONG_TEXT) {
      w[this.#at] = tag;
      w[this.#at + 1] = isJson ? this.#ropeJson(text) : this.#ropeText(text);
      this.#at += 2;
      return;
    }
    const place = (this.#at + 2) * 4;
    const { read, written } = encoder.encodeInto(text, this.#bytes.subarray(place));
    if (read < text.length) this.#overflowed = true;
    w[this.#at] = tag | TAG_LONG;
    w[this.#at + 1] = written;
    this.#at += 2 + ((written + 3) >>> 2);
  }

  #putBytes(tag: number, bytes: Uint8Array): void {
    const place = (this.#at + 2) * 4;
    if (place + bytes.length > this.#words.byteLength) this.#overflowed = true;
    else this.#bytes.set(bytes, place);
    this.#words[this.#at] = tag;
    this.#words[this.#at + 1] = bytes.length;
    this.#at += 2 + ((bytes.length + 3) >>> 2);
  }

  #putText(text: string): void {
    const word = this.#ropeText(text);
    this.#words[this.#at++] = word;
  }

  /** Appends to the rope; the text's length in UTF-16 units. */
  #ropeText(text: string): number {
    const length = text.length;
    if (length === 0) return 0;
    // Two strings whose ends would fuse into one character: lone halves become U+FFFD first.
    if ((text.charCodeAt(0) & 0xfc00) === 0xdc00 || (text.charCodeAt(length - 1) & 0xfc00) === 0xd800) text = wellFormed(text);
    this.#rope += text;
    this.#units += length;
    return length;
  }

  /** The same for JSON: no character of it fuses with a neighbour, and to look at one would have its parts joined. */
  #ropeJson(text: string): number {
    this.#rope += text;
    this.#units += text.length;
    return text.length;
  }

  /** A text that is likely to come again: interned where the table has room. */
  #textWord(text: string): number {
    const word = this.#internedWord(text);
    return word === NO_TEXT ? this.#ropeText(text) : word;
  }

  /** The tag bits of a key; 0 where it cannot be interned. */
  #keyTag(key: string): number {
    const id = this.#textIds.get(key) ?? this.#intern(key);
    return id < 0 ? this.#checkKey(key) : (id << KEY_SHIFT) | TAG_KEY_INTERNED;
  }

  #checkKey(key: string): number {
    if (key.length > MAX_KEY_UNITS) this.#overflowed = true;
    return 0;
  }

  #intern(text: string): number {
    if (this.#textIds.size >= MAX_TEXTS || text.length > MAX_INTERNED_UNITS || text === "" || text.includes("\0")) return -1;
    // No call but the host's own between the two: a stack that ends there would leave them apart.
    const entry = `${wellFormed(text)}\0`;
    const id = this.#textIds.size;
    this.#textIds.set(text, id);
    this.#newTexts += entry;
    return id;
  }

  /** The shape's tags are from now on those of this recorder. */
  #adopt(shape: Shape): void {
    const nameWord = this.#internedWord(shape.name);
    shape.owner = this;
    shape.tags.length = shape.texts.length = shape.textWords.length = 0;
    shape.nameWord = nameWord;
  }

  /** NO_TEXT where the text cannot be interned. */
  #internedWord(text: string): number {
    const id = this.#textIds.get(text) ?? this.#intern(text);
    return id < 0 ? NO_TEXT : (id | INTERNED) >>> 0;
  }

  #newEventShape(name: string): Shape {
    const shape = newShape(name);
    this.#adopt(shape);
    if (this.#eventShapes.size < MAX_TEXTS) this.#eventShapes.set(name, shape);
    return shape;
  }

  #learnEventKey(shape: Shape, place: number, key: string): number {
    const tag = this.#keyTag(key);
    if (tag !== 0 && place <= shape.keys.length && place < MAX_SHAPE_KEYS) {
      shape.keys[place] = key;
      shape.tags[place] = tag;
    }
    return tag;
  }
}

function writeBigint(words: Uint32Array, place: number, value: bigint): void {
  words[place] = Number(BigInt.asUintN(32, value));
  words[place + 1] = Number(BigInt.asUintN(32, value >> 32n));
}

function textBytes(value: FrozenValue): number {
  if (typeof value === "string") return value.length * 3;
  if (isJsonText(value)) return value.text.length * 3;
  if (value instanceof Uint8Array) return value.length;
  if (Array.isArray(value))
    return value.reduce<number>((sum, v: Primitive) => sum + 16 + (typeof v === "string" ? v.length * 3 : 0), 0);
  return 0;
}

function pairBytes(keys: readonly string[], values: readonly FrozenValue[]): number {
  let bytes = 0;
  for (let i = 0; i < values.length; i++) bytes += 24 + (keys[i] as string).length * 3 + textBytes(values[i] as FrozenValue);
  return bytes;
}

/** More than the record can take, whatever the text is. */
function worstCaseBytes(span: LiveSpan): number {
  const trace = span._trace;
  let bytes = 512 + (span._name.length + span._description.length + trace.traceState.length + (span._spanType?.length ?? 0)) * 3;
  bytes += ((trace.traceIdText?.length ?? 0) + (trace.experimentId?.length ?? 0)) * 3;
  bytes += pairBytes(span._keys ?? span._shape.keys, span._values);
  for (const event of span._events ?? []) bytes += 64 + event.name.length * 3 + pairBytes(event.keys, event.values);
  for (const link of span._links ?? [])
    bytes += 128 + (link.traceState.length + link.traceIdText.length) * 3 + pairBytes(link.keys, link.values);
  if (span._isRoot && trace.values !== null) {
    for (const [key, value] of traceAttributesOf(trace.values)) bytes += 24 + key.length * 3 + textBytes(value);
  }
  return bytes;
}

/** About what a waiting span holds on to. */
function estimatedBytes(span: LiveSpan): number {
  return 256 + (worstCaseBytes(span) >>> 1);
}
