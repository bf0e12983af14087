// `spandrel/wasm`: the embind module by itself, with the classes of the core as they are named there.
//
//   const { TraceManager, LiveSpan } = await createModule();
//   const manager = TraceManager.getInstance();
//
// The low-level surface: every call crosses into the module, so the tracer of the main entry is the
// faster one. Here the caller brings ids and times. Functions of TraceManager and the static ones
// throw TraceError; setters of spans never throw, what they refuse goes to the logger.

import { Handover } from "./load/handover.js";
import { loadModule } from "./load/load_module.js";
import {
  readManagedTrace,
  type DroppedTrace,
  type LogEntry,
  type ManagerSettings,
  type ManagerStats,
  type TickReport,
} from "./load/manager_core.js";
import type { RawModule } from "./load/raw_module.js";
import type { WasmSource } from "./load/wasm_source.js";
import { TraceError } from "./trace_error.js";
import { exactJson } from "./tracing/exact_json.js";
import { toTraceIdHex } from "./tracing/ids.js";
import { parseJson } from "./tracing/json.js";
import { NoOpSpan } from "./tracing/noop_span.js";
import { isError, jsonTextOf, safeText } from "./tracing/values.js";

export { NoOpSpan, TraceError };
export type { DroppedTrace, ManagerSettings, ManagerStats, TickReport };

export interface ModuleOptions {
  /** Where the module's bytes are; beside this file where nothing is given. */
  wasm?: WasmSource;
  logger?: {
    debug(message: string): void;
    info(message: string): void;
    warn(message: string): void;
    error(message: string): void;
  };
}

export interface SpanStart {
  /** 32 hex digits or a bigint, not zero. */
  otelTraceId: string | bigint;
  /** 16 hex digits, not zero. */
  spanId: string;
  parentId?: string | null;
  name?: string;
  spanType?: string;
  /** MLflow's trace id where it is not "tr-<hex>". */
  traceId?: string;
  startTimeNs?: bigint;
}

/** A TraceInfo dictionary as MLflow writes it. */
export type TraceInfoDict = Record<string, unknown>;
export interface Prompt extends Record<string, unknown> {
  name: string;
  version: number | string | bigint;
}

export interface SpanView {
  traceId: string;
  spanId: string;
  parentId: string | null;
  name: string;
  startTimeNs: bigint;
  /** null while open. */
  endTimeNs: bigint | null;
  status: { statusCode: "OK" | "ERROR" | "UNSET"; description: string };
  spanType: string | null;
  attributes: Record<string, unknown>;
  events: { name: string; timestamp: bigint; attributes: Record<string, unknown> }[];
  links: { traceId: string; spanId: string; attributes: Record<string, unknown> | null }[];
}

// embind's objects; nobody outside this file holds one.
interface Handle {
  delete(): void;
  isDeleted(): boolean;
  isAliasOf(other: Handle): boolean;
}
interface RawSpan extends Handle {
  record(): number;
  view(): number;
  toDict(): number;
  toOtlpBytes(): number;
  toOtlp(): number;
}
interface RawLiveSpan extends Handle {
  apply(length: number): number;
  hasEnded(): boolean;
  record(): number;
  view(): number;
  toImmutableSpan(): RawSpan;
}
type ManagerCall =
  | "registerTrace"
  | "registerPrompt"
  | "popTrace"
  | "getTrace"
  | "getRootSpanId"
  | "getLocalRootSpanId"
  | "getMlflowTraceIdFromOtelId"
  | "hasOpenSpans"
  | "configure";
interface RawManager extends Handle, Record<ManagerCall, (length: number) => number> {
  registerSpan(span: RawLiveSpan): number;
  getSpanFromId(length: number): RawLiveSpan | null;
  tick(nowMillis: number): number;
  stats(): number;
}
interface RawClasses extends RawModule {
  TraceManager: { getInstance(): RawManager; reset(): void };
  Span: { fromRecord(length: number): RawSpan | null };
  LiveSpan: { start(length: number): RawLiveSpan | null };
  checkLiveSpanOptions(length: number): number;
  managerHasLog(): boolean;
  managerTakeLog(): number;
}

/** What the classes of one module share. */
class Host {
  readonly handover: Handover;
  readonly #logger: ModuleOptions["logger"];

  constructor(handover: Handover, logger: ModuleOptions["logger"]) {
    this.handover = handover;
    this.#logger = logger;
  }

  call<T>(call: (raw: RawClasses) => T): T {
    return this.handover.guard((raw) => call(raw as RawClasses));
  }
  text(call: (raw: RawClasses) => number): string {
    return this.call((raw) => this.handover.takeText(call(raw)));
  }
  bytes(call: (raw: RawClasses) => number): Uint8Array {
    return this.call((raw) => this.handover.takeBytes(call(raw)));
  }
  put(text: string): number {
    return this.handover.putText(text);
  }
  warn(message: string): void {
    this.#log(["warn", message]);
  }
  drainLog(): void {
    if (this.handover.isDead || !this.call((raw) => raw.managerHasLog())) return;
    for (const entry of JSON.parse(this.text((raw) => raw.managerTakeLog())) as LogEntry[]) this.#log(entry);
  }

  #log([level, message]: LogEntry): void {
    try {
      this.#logger?.[level](message);
    } catch {
      // a logger that fails has nowhere to say so
    }
  }
}

/** Owns a handle of the module: disposing twice is fine, and nothing in the core goes with it. */
abstract class Owner<T extends Handle> {
  readonly #handle: T;
  protected readonly host: Host;

  constructor(host: Host, handle: T) {
    this.host = host;
    this.#handle = handle;
  }

  protected get handle(): T {
    if (this.#handle.isDeleted()) throw new TraceError("INVALID_PARAMETER_VALUE", "this object was disposed");
    return this.#handle;
  }
  _handle(): T {
    return this.handle;
  }
  get isDisposed(): boolean {
    return this.#handle.isDeleted();
  }
  dispose(): void {
    if (!this.host.handover.isDead && !this.#handle.isDeleted()) this.#handle.delete();
  }
}

export class Span extends Owner<RawSpan> {
  #view: SpanView | null = null;

  /** What all getters show; a fresh copy. */
  view(): SpanView {
    return structuredClone(this.#cached());
  }
  get traceId(): string {
    return this.#cached().traceId;
  }
  get requestId(): string {
    return this.traceId;
  }
  get spanId(): string {
    return this.#cached().spanId;
  }
  get parentId(): string | null {
    return this.#cached().parentId;
  }
  get name(): string {
    return this.#cached().name;
  }
  get startTimeNs(): bigint {
    return this.#cached().startTimeNs;
  }
  get endTimeNs(): bigint | null {
    return this.#cached().endTimeNs;
  }
  get status(): SpanView["status"] {
    return { ...this.#cached().status };
  }
  get spanType(): string | null {
    return this.#cached().spanType;
  }
  get inputs(): unknown {
    return this.getAttribute("mlflow.spanInputs");
  }
  get outputs(): unknown {
    return this.getAttribute("mlflow.spanOutputs");
  }
  get attributes(): Record<string, unknown> {
    return this.view().attributes;
  }
  get events(): SpanView["events"] {
    return this.view().events;
  }
  get links(): SpanView["links"] {
    return this.view().links;
  }
  /** null where the key is missing. */
  getAttribute(key: string): unknown {
    const { attributes } = this.#cached();
    return Object.hasOwn(attributes, key) ? structuredClone(attributes[key]) : null;
  }
  /** The portable record (src/record/portable.h). */
  record(): Uint8Array {
    return this.host.bytes(() => this.handle.record());
  }
  /** MLflow's dictionary, schema v3, as JSON text. */
  toJsonString(): string {
    return this.host.text(() => this.handle.toDict());
  }
  toDict(): Record<string, unknown> {
    return parseJson(this.toJsonString()) as Record<string, unknown>;
  }
  toOtlpBytes(): Uint8Array {
    return this.host.bytes(() => this.handle.toOtlpBytes());
  }
  toOtlp(): Record<string, unknown> {
    return parseJson(this.host.text(() => this.handle.toOtlp())) as Record<string, unknown>;
  }

  #cached(): SpanView {
    return (this.#view ??= viewOf(this.host.text(() => this.handle.view())));
  }
}

export class LiveSpan extends Owner<RawLiveSpan> {
  /** What all getters show, as it is now. */
  view(): SpanView {
    return viewOf(this.host.text(() => this.handle.view()));
  }
  get traceId(): string {
    return this.view().traceId;
  }
  get spanId(): string {
    return this.view().spanId;
  }
  get parentId(): string | null {
    return this.view().parentId;
  }
  get name(): string {
    return this.view().name;
  }
  get status(): SpanView["status"] {
    return this.view().status;
  }
  get spanType(): string | null {
    return this.view().spanType;
  }
  get inputs(): unknown {
    return this.getAttribute("mlflow.spanInputs");
  }
  get outputs(): unknown {
    return this.getAttribute("mlflow.spanOutputs");
  }
  get hasEnded(): boolean {
    return this.host.call(() => this.handle.hasEnded());
  }
  getAttribute(key: string): unknown {
    const { attributes } = this.view();
    return Object.hasOwn(attributes, key) ? attributes[key] : null;
  }

  setInputs(value: unknown): void {
    this.#apply("set_inputs", `"value":${jsonTextOf(value)}`);
  }
  setOutputs(value: unknown): void {
    this.#apply("set_outputs", `"value":${jsonTextOf(value)}`);
  }
  setAttribute(key: string, value: unknown): void {
    if (value !== undefined) this.#apply("set_attribute", `"key":${textOf(key)},"value":${valueText(value)}`);
  }
  setAttributes(attributes: Record<string, unknown>): void {
    this.#apply("set_attributes", `"value":${recordText(attributes)}`);
  }
  setSpanType(spanType: string): void {
    this.#apply("set_span_type", `"value":${textOf(spanType)}`);
  }
  setDescription(description: string): void {
    this.#apply("set_description", `"value":${textOf(description)}`);
  }
  setLogLevel(level: string | number): void {
    this.#apply("set_log_level", `"value":${jsonTextOf(level)}`);
  }
  setStatus(status: string, description = ""): void {
    this.#apply("set_status", `"status_code":${textOf(status)},"description":${textOf(description)}`);
  }
  addEvent(event: { name: string; timestamp?: bigint; attributes?: Record<string, unknown> }): void {
    const attributes = event.attributes === undefined ? "" : `,"attributes":${recordText(event.attributes)}`;
    this.#apply("add_event", `"name":${textOf(event.name)},"timestamp":${String(event.timestamp ?? now())}${attributes}`);
  }
  addLink(link: { traceId: string; spanId: string; attributes?: Record<string, unknown> | null }): void {
    const attributes =
      link.attributes === undefined || link.attributes === null ? "" : `,"attributes":${recordText(link.attributes)}`;
    this.#apply("add_link", `"trace_id":${textOf(link.traceId)},"span_id":${textOf(link.spanId)}${attributes}`);
  }
  recordException(error: unknown): void {
    const [type, message, stack] = isError(error)
      ? [error.name, error.message, error.stack ?? ""]
      : [typeof error === "string" ? "Exception" : typeof error, safeText(error), ""];
    this.#apply(
      "record_exception",
      `"type":${textOf(type)},"message":${textOf(message)},"stacktrace":${textOf(stack)},"timestamp":${String(now())}`,
    );
  }
  end(options: { outputs?: unknown; attributes?: Record<string, unknown>; status?: string; endTimeNs?: bigint } = {}): void {
    const { outputs, attributes, status, endTimeNs } = options;
    let text = `"end_time_ns":${String(endTimeNs ?? now())}`;
    if (outputs !== undefined && outputs !== null) text += `,"outputs":${jsonTextOf(outputs)}`;
    if (attributes !== undefined) text += `,"attributes":${recordText(attributes)}`;
    if (status !== undefined) text += `,"status":${textOf(status)}`;
    this.#apply("end", text);
  }
  toImmutableSpan(): Span {
    return new Span(
      this.host,
      this.host.call(() => this.handle.toImmutableSpan()),
    );
  }
  /** Live spans are not made from dictionaries. */
  static fromDict(): never {
    throw new TraceError("NOT_IMPLEMENTED", "a LiveSpan cannot be made from a dictionary");
  }

  #apply(op: string, members: string): void {
    try {
      this.host.text(() => this.handle.apply(this.host.put(`{"op":"${op}",${members}}`)));
    } catch (error) {
      this.host.warn(`${op}: ${safeText(error instanceof Error ? error.message : error)}`);
    }
    if (op === "end") this.host.drainLog();
  }
}

/** Its spans are objects of the module: dispose() gives them back together. */
export interface PoppedTrace {
  trace: { info: TraceInfoDict; spans: Span[] };
  prompts: Record<string, unknown>[];
  dispose(): void;
}

export class TraceManager extends Owner<RawManager> {
  // Handles of one LiveSpan differ from call to call; the objects shown do not.
  readonly #spans = new Map<string, LiveSpan>();

  configure(settings: ManagerSettings): void {
    this.#text("configure", JSON.stringify(settings));
  }
  registerTrace(otelTraceId: string | bigint, info: TraceInfoDict, nowMillis = Date.now()): DroppedTrace[] {
    const request = `{"otelTraceId":"${toTraceIdHex(otelTraceId)}","nowMillis":${String(nowMillis)},"info":${exactJson(info)}}`;
    const { dropped } = JSON.parse(this.#text("registerTrace", request)) as { dropped: DroppedTrace[] };
    for (const trace of dropped) this.#forget(trace.traceId);
    return dropped;
  }
  /** Anything but a LiveSpan of this module is ignored. */
  registerSpan(span: LiveSpan): void {
    if (!(span instanceof LiveSpan)) return;
    this.host.text(() => this.handle.registerSpan(span._handle()));
    const { traceId, spanId } = span;
    this.#spans.set(`${traceId} ${spanId}`, span);
  }
  /** The tag's new text. */
  registerPrompt(traceId: string, prompt: Prompt): string {
    return this.#text("registerPrompt", `{"traceId":${textOf(traceId)},"prompt":${exactJson(prompt)}}`);
  }
  getRootSpanId(traceId: string | null | undefined): string | null {
    return isText(traceId) ? this.#text("getRootSpanId", traceId) || null : null;
  }
  getLocalRootSpanId(traceId: string | null | undefined): string | null {
    return isText(traceId) ? this.#text("getLocalRootSpanId", traceId) || null : null;
  }
  /** The registered object, until it has ended. */
  getSpanFromId(traceId: string | null | undefined, spanId: string | null | undefined): LiveSpan | null {
    if (!isText(traceId) || !isText(spanId)) return null;
    const path = `${traceId} ${spanId}`;
    const found = this.host.call(() => this.handle.getSpanFromId(this.host.put(path)));
    if (found === null) return null;
    const known = this.#spans.get(path);
    if (known !== undefined && !known.isDisposed && known._handle().isAliasOf(found)) {
      found.delete();
      return known;
    }
    const span = new LiveSpan(this.host, found);
    this.#spans.set(path, span);
    return span;
  }
  getMlflowTraceIdFromOtelId(otelTraceId: string | bigint): string | null {
    return this.#text("getMlflowTraceIdFromOtelId", toTraceIdHex(otelTraceId)) || null;
  }
  hasOpenSpans(otelTraceId: string | bigint): boolean {
    const hex = toTraceIdHex(otelTraceId);
    return this.host.call(() => this.handle.hasOpenSpans(this.host.put(hex))) === 1;
  }
  /** The trace as it is now. */
  getTrace(traceId: string | null | undefined): PoppedTrace["trace"] | null {
    if (!isText(traceId)) return null;
    return this.#trace("getTrace", `{"traceId":${textOf(traceId)}}`)?.trace ?? null;
  }
  popTrace(otelTraceId: string | bigint, nowMillis = Date.now()): PoppedTrace | null {
    const popped = this.#trace("popTrace", `{"otelTraceId":"${toTraceIdHex(otelTraceId)}","nowMillis":${String(nowMillis)}}`);
    if (popped !== null) this.#forget(safeText(popped.trace.info.trace_id));
    return popped;
  }
  tick(nowMillis = Date.now()): TickReport {
    const report = JSON.parse(this.host.text(() => this.handle.tick(nowMillis))) as TickReport;
    for (const trace of report.expired) this.#forget(trace.traceId);
    return report;
  }
  stats(): ManagerStats {
    return JSON.parse(this.host.text(() => this.handle.stats())) as ManagerStats;
  }

  #forget(traceId: string): void {
    for (const path of this.#spans.keys()) if (path.startsWith(`${traceId} `)) this.#spans.delete(path);
  }
  #text(call: ManagerCall, input: string): string {
    try {
      return this.host.text(() => this.handle[call](this.host.put(input)));
    } finally {
      this.host.drainLog();
    }
  }
  #trace(call: ManagerCall, input: string): PoppedTrace | null {
    const managed = readManagedTrace(this.host.bytes(() => this.handle[call](this.host.put(input))));
    if (managed === null) return null;
    const spans = managed.records.map((record) => spanOfRecord(this.host, record));
    const dispose = (): void => {
      for (const span of spans) span.dispose();
    };
    return { trace: { info: managed.info, spans }, prompts: managed.prompts, dispose };
  }
}

export interface SpandrelModule {
  TraceManager: { getInstance(): TraceManager; reset(): void };
  Span: { fromRecord(record: Uint8Array): Span; fromDict(dict: unknown): Span; fromOtlp(span: unknown): Span };
  LiveSpan: { start(options: SpanStart): LiveSpan };
  NoOpSpan: typeof NoOpSpan;
  /** Size of the module's memory, in bytes. */
  memoryBytes(): number;
}

/** A module of its own, with its own heap. Rejects with TraceError where it cannot be had. */
export async function createModule(options: ModuleOptions = {}): Promise<SpandrelModule> {
  let handover: Handover | null = null;
  const raw = await loadModule({ source: options.wasm, isFull: true }, (cause) => handover?.die(cause));
  handover = new Handover(raw, () => undefined);
  return classesOf(new Host(handover, options.logger));
}

function classesOf(host: Host): SpandrelModule {
  let manager: TraceManager | null = null;
  return {
    TraceManager: {
      getInstance: () =>
        (manager ??= new TraceManager(
          host,
          host.call((raw) => raw.TraceManager.getInstance()),
        )),
      reset: () => {
        host.call((raw) => {
          raw.TraceManager.reset();
        });
        manager = null; // who holds it may go on using it
      },
    },
    Span: {
      fromRecord: (record) => spanOfRecord(host, record),
      fromDict: (dict) =>
        spanOfRecord(host, host.handover.callBytes("recordOfSpanDict", typeof dict === "string" ? dict : exactJson(dict))),
      fromOtlp: (span) =>
        spanOfRecord(host, host.handover.callBytes("recordOfOtlpSpan", span instanceof Uint8Array ? span : exactJson(span))),
    },
    LiveSpan: { start: (options) => startSpan(host, options) },
    NoOpSpan,
    memoryBytes: () => host.handover.raw.HEAPU8.length,
  };
}

function spanOfRecord(host: Host, record: Uint8Array): Span {
  const span = host.call((raw) => raw.Span.fromRecord(host.handover.putBytes(record)));
  if (span === null) throw new TraceError("MALFORMED", "these bytes are no span record");
  return new Span(host, span);
}

function startSpan(host: Host, options: SpanStart): LiveSpan {
  const text = exactJson({
    trace_id_hex: toTraceIdHex(options.otelTraceId),
    span_id_hex: options.spanId,
    parent_span_id_hex: options.parentId ?? null,
    name: options.name ?? "span",
    span_type: options.spanType ?? null,
    trace_id: options.traceId ?? null,
    start_time_ns: options.startTimeNs ?? now(),
    start_time_was_given: options.startTimeNs !== undefined,
  });
  host.text((raw) => raw.checkLiveSpanOptions(host.put(text)));
  const span = host.call((raw) => raw.LiveSpan.start(host.put(text)));
  if (span === null) throw new TraceError("INTERNAL_ERROR", "the span could not be started");
  return new LiveSpan(host, span);
}

function now(): bigint {
  return BigInt(Date.now()) * 1_000_000n;
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function textOf(value: unknown): string {
  return exactJson(typeof value === "string" ? value : null);
}

/** As the operations of src/manager/operations.h read values. */
function valueText(value: unknown): string {
  if (typeof value === "bigint") return `{"$int":"${String(value)}"}`;
  if (typeof value === "number" && (!Number.isFinite(value) || Object.is(value, -0))) {
    return `{"$float":"${Object.is(value, -0) ? "-0.0" : String(value)}"}`;
  }
  if (value instanceof Uint8Array)
    return `{"$bytes":"${Array.from(value, (byte) => byte.toString(16).padStart(2, "0")).join("")}"}`;
  return jsonTextOf(value);
}

function recordText(record: unknown): string {
  if (typeof record !== "object" || record === null || Array.isArray(record)) return "null";
  const members: string[] = [];
  for (const [key, value] of Object.entries(record)) if (value !== undefined) members.push(`${textOf(key)}:${valueText(value)}`);
  return `{${members.join(",")}}`;
}

function viewOf(text: string): SpanView {
  const view = parseJson(text) as SpanView;
  view.startTimeNs = BigInt(view.startTimeNs);
  if (view.endTimeNs !== null) view.endTimeNs = BigInt(view.endTimeNs);
  for (const event of view.events) event.timestamp = BigInt(event.timestamp);
  return view;
}
