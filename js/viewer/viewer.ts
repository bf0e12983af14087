// The viewer module with types: no heap, no addresses, no string ids. Runs in the page's worker and in Node.
//
// One instance holds one store; open several for several stores. Nothing here throws for what a file or a sender
// got wrong: an import answers with a report. A trace or span that is not there is null.

import { Handover } from "../load/handover.js";
import { instantiate } from "../load/instance.js";
import type { RawModule } from "../load/raw_module.js";
import { TraceError } from "../trace_error.js";
import {
  SPAN_KINDS,
  type ImportReport,
  type SpanDetail,
  type SpanRow,
  type StatusName,
  type StoreStats,
  type TraceFacts,
  type TraceHead,
  type TraceSummary,
  type TraceWindow,
} from "./model.js";
import { readFacts } from "./trace_facts.js";

export type WasmSource = ArrayBuffer | Uint8Array | WebAssembly.Module;

/** Names as in wasm/viewer_bindings.cpp. */
interface RawViewer extends RawModule {
  setMaxBytes(maxBytes: number): void;
  importProtobuf(length: number): number;
  importJson(length: number): number;
  checkProtobuf(length: number): number;
  checkJson(length: number): number;
  stats(): number;
  traceCount(): number;
  traceWindow(first: number, count: number): number;
  traceIndex(length: number): number;
  openTrace(length: number): number;
  traceHead(): number;
  traceFacts(): number;
  rows(first: number, count: number): number;
  strings(length: number, maxBytes: number): number;
  generation(): number;
  reveal(length: number): number;
  visibleIndex(length: number): number;
  setCollapsed(length: number, isCollapsed: boolean): number;
  collapseAll(): number;
  expandAll(): number;
  nextError(length: number, isForward: boolean): number;
  spanDetail(length: number, maxValueBytes: number): number;
  spanValue(length: number, number: number): number;
}

// LayoutRow in src/view/trace_layout.h
const ROW_BYTES = 64;
const STATUS_NAMES: readonly StatusName[] = ["UNSET", "OK", "ERROR"];
const FLAG_OPEN = 1;
const FLAG_EVENTS = 2;
const FLAG_REPLACED = 16;
const NOTE_ORPHAN = 1;
const NOTE_CYCLE = 2;
const NOTE_END_BEFORE_START = 4;
const NOTE_COLLAPSED = 128;

/** A name longer than this is cut in rows; the detail has it whole. */
const MAX_ROW_TEXT_BYTES = 400;

/** Compiles and starts a viewer. Rejects where the bytes are no viewer module. */
export async function openViewer(wasm: WasmSource): Promise<Viewer> {
  const module = wasm instanceof WebAssembly.Module ? wasm : await WebAssembly.compile(wasm as BufferSource);
  return new Viewer((await instantiate(module)) as RawViewer);
}

export class Viewer {
  readonly #handover: Handover;
  readonly #raw: RawViewer;
  /** Texts by string id, for one generation of the store. */
  #texts = new Map<number, string>();
  #generation = 0;

  /** @internal use openViewer() */
  constructor(raw: RawViewer) {
    this.#raw = raw;
    this.#handover = new Handover(raw, () => undefined);
  }

  /** The budget of all spans kept; the trace seen first goes first. */
  setMaxBytes(maxBytes: number): void {
    this.#handover.guard(() => {
      this.#raw.setMaxBytes(maxBytes);
    });
  }

  /** An OTLP request (or TracesData) in protobuf. */
  importProtobuf(bytes: Uint8Array): ImportReport {
    return this.#import("importProtobuf", bytes);
  }

  /**
   * OTLP JSON (one request, JSON lines, an array of requests) or MLflow traces: dictionaries `{info, data: {spans}}`,
   * REST answers `{trace: {trace_info, spans}}` and `{traces: […]}`, trace artifacts `{spans}`, arrays and JSON lines of
   * them. What the text is, is told by its content. A trace's info and its spans belong into one object: an info alone
   * has nothing to show.
   */
  importJson(json: string | Uint8Array): ImportReport {
    return this.#import("importJson", json);
  }

  /** What importing would find, without keeping anything. */
  checkProtobuf(bytes: Uint8Array): ImportReport {
    return this.#import("checkProtobuf", bytes);
  }

  checkJson(json: string | Uint8Array): ImportReport {
    return this.#import("checkJson", json);
  }

  #import(name: string, input: string | Uint8Array): ImportReport {
    const report = parse<ImportReport>(this.#handover.callText(name, input));
    this.#handover.guard(() => {
      this.#raw.shrinkBuffers();
    });
    return report;
  }

  stats(): StoreStats {
    return parse<StoreStats>(this.#text((raw) => raw.stats()));
  }

  traceCount(): number {
    return this.#handover.guard(() => this.#raw.traceCount());
  }

  /** Rows of the list of traces, newest start first. */
  traces(first: number, count: number): TraceSummary[] {
    return parse<TraceSummary[]>(this.#text((raw) => raw.traceWindow(first, count)));
  }

  /** Row of the trace in the list, −1 if it is not there. */
  traceIndex(traceId: string): number {
    return this.#handover.guard(() => this.#raw.traceIndex(this.#handover.putText(traceId)));
  }

  /** Shows a trace, everything expanded; null where no spans of it are here. */
  openTrace(traceId: string): TraceHead | null {
    return orNull(() => parse<TraceHead>(this.#text((raw) => raw.openTrace(this.#handover.putText(traceId)))));
  }

  /** The trace shown as it is now; null after it was evicted. */
  traceHead(): TraceHead | null {
    return orNull(() => parse<TraceHead>(this.#text((raw) => raw.traceHead())));
  }

  /** What is known about the trace shown besides its spans: tags, metadata, assessments. */
  traceFacts(): TraceFacts | null {
    return readFacts(this.#text((raw) => raw.traceFacts()));
  }

  /** Rows of the trace shown from `first` on, with the head of the same moment. */
  window(first: number, count: number): TraceWindow | null {
    const head = this.traceHead();
    if (!head) return null;
    const bytes = this.#handover.guard(() => this.#handover.takeBytes(this.#raw.rows(first, count)));
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#fetchTexts(view);
    const rows: SpanRow[] = [];
    for (let at = 0; at + ROW_BYTES <= bytes.length; at += ROW_BYTES) rows.push(this.#row(view, at));
    return { head, first, rows };
  }

  #row(view: DataView, at: number): SpanRow {
    const flags = view.getUint8(at + 54);
    const notes = view.getUint8(at + 55);
    return {
      startNs: view.getFloat64(at, true),
      durationNs: view.getFloat64(at + 8, true),
      // The id's bytes stand in order, so big-endian reading gives its digits.
      spanId: hex8(view.getUint32(at + 16)) + hex8(view.getUint32(at + 20)),
      depth: view.getUint32(at + 24, true),
      childCount: view.getUint32(at + 28, true),
      descendants: view.getUint32(at + 32, true),
      name: this.#texts.get(view.getUint32(at + 36, true)) ?? "",
      service: this.#texts.get(view.getUint32(at + 40, true)) ?? "",
      type: this.#texts.get(view.getUint32(at + 44, true)) ?? "",
      tokens: view.getUint32(at + 48, true),
      parentRow: view.getInt32(at + 60, true),
      kind: SPAN_KINDS[view.getUint8(at + 52)] ?? "UNSPECIFIED",
      status: STATUS_NAMES[view.getUint8(at + 53)] ?? "UNSET",
      isOpen: (flags & FLAG_OPEN) !== 0,
      hasEvents: (flags & FLAG_EVENTS) !== 0,
      isDuplicate: (flags & FLAG_REPLACED) !== 0,
      isOrphan: (notes & NOTE_ORPHAN) !== 0,
      isCycle: (notes & NOTE_CYCLE) !== 0,
      endsBeforeStart: (notes & NOTE_END_BEFORE_START) !== 0,
      isCollapsed: (notes & NOTE_COLLAPSED) !== 0,
    };
  }

  /** Names, services and types of the rows, where they are not known yet. */
  #fetchTexts(view: DataView): void {
    const generation = this.#handover.guard(() => this.#raw.generation());
    if (generation !== this.#generation || this.#texts.size > 20_000) {
      this.#texts.clear();
      this.#generation = generation;
    }
    const missing = new Set<number>();
    for (let at = 0; at + ROW_BYTES <= view.byteLength; at += ROW_BYTES) {
      for (const offset of [36, 40, 44]) {
        const id = view.getUint32(at + offset, true);
        if (!this.#texts.has(id)) missing.add(id);
      }
    }
    if (missing.size === 0) return;
    const ids = [...missing];
    const input = new Uint8Array(Uint32Array.from(ids).buffer);
    const texts = parse<string[]>(this.#text((raw) => raw.strings(this.#handover.putBytes(input), MAX_ROW_TEXT_BYTES)));
    for (const [index, id] of ids.entries()) this.#texts.set(id, texts[index] ?? "");
  }

  /** Expands what hides the span; its row, −1 if it is not in the trace shown. */
  reveal(spanId: string): number {
    return this.#handover.guard(() => this.#raw.reveal(this.#handover.putText(spanId)));
  }

  /** Row of the span or of what hides it; −1 if it is not in the trace shown. */
  visibleIndex(spanId: string): number {
    return this.#handover.guard(() => this.#raw.visibleIndex(this.#handover.putText(spanId)));
  }

  /** False where nothing changed. */
  setCollapsed(spanId: string, isCollapsed: boolean): boolean {
    return this.#handover.guard(() => this.#raw.setCollapsed(this.#handover.putText(spanId), isCollapsed)) >= 0;
  }

  collapseAll(): void {
    this.#handover.guard(() => this.#raw.collapseAll());
  }

  expandAll(): void {
    this.#handover.guard(() => this.#raw.expandAll());
  }

  /** The next span with an error after (or before) this one, going round; null: there is none. */
  nextError(spanId: string, isForward: boolean): string | null {
    return this.#text((raw) => raw.nextError(this.#handover.putText(spanId), isForward)) || null;
  }

  /** Everything about a span of the trace shown; values longer than the limit are cut. */
  spanDetail(spanId: string, maxValueBytes: number): SpanDetail | null {
    return orNull(() => parse<SpanDetail>(this.#text((raw) => raw.spanDetail(this.#handover.putText(spanId), maxValueBytes))));
  }

  /** One value of the detail, whole. */
  spanValue(spanId: string, number: number): string | null {
    return orNull(() => this.#text((raw) => raw.spanValue(this.#handover.putText(spanId), number)));
  }

  #text(call: (raw: RawViewer) => number): string {
    return this.#handover.guard(() => this.#handover.takeText(call(this.#raw)));
  }
}

function orNull<T>(call: () => T): T | null {
  try {
    return call();
  } catch (error) {
    if (error instanceof TraceError && error.errorCode === "RESOURCE_DOES_NOT_EXIST") return null;
    throw error;
  }
}

/** The core's own JSON: its shape is fixed by src/view/. */
function parse<T>(json: string): T {
  return JSON.parse(json) as T;
}

function hex8(word: number): string {
  return word.toString(16).padStart(8, "0");
}
