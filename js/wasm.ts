// `spandrel/wasm`: the embind module by itself, with the classes of the core as they are named there.
//
//   const { TraceManager, LiveSpan } = await createModule();
//   const manager = TraceManager.getInstance();
//
// The low-level surface: every call crosses into the module, so the tracer of the main entry is the
// faster one. Here the caller brings ids and times. Functions of TraceManager and the static ones
// throw TraceError; setters of spans never throw, what they refuse goes to the logger.

import { Handover } from "./load/handover.js";
import { loadClasses } from "./load/classes_module.js";
import {
  readManagedTrace,
  type DroppedTrace,
  type ManagerSettings,
  type ManagerStats,
  type TickReport,
} from "./load/manager_core.js";
import { Host, Owner, type ManagerCall, type ModuleLogger, type RawManager } from "./load/module_objects.js";
import { isText, LiveSpan, now, Span, textOf, type SpanView } from "./load/module_spans.js";
import type { WasmSource } from "./load/wasm_source.js";
import { TraceError } from "./trace_error.js";
import { exactJson } from "./tracing/exact_json.js";
import { toTraceIdHex } from "./tracing/trace_ids.js";
import { NoOpSpan } from "./tracing/noop_span.js";
import { safeText } from "./tracing/values.js";

export { LiveSpan, NoOpSpan, Span, TraceError };
export type { DroppedTrace, ManagerSettings, ManagerStats, SpanView, TickReport };

export interface ModuleOptions {
  /** Where the module's bytes are; beside this file where nothing is given. */
  wasm?: WasmSource;
  logger?: ModuleLogger;
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
  const raw = await loadClasses(options.wasm, (cause) => handover?.die(cause));
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
