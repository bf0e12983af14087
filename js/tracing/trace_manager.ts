// The traces under way and the ended ones that somebody keeps. Spans live here, in JavaScript;
// records, infos, limits and time to live are the core's (src/manager/).

import type { ManagerCore } from "../load/manager_core.js";
import { TraceError } from "../trace_error.js";
import { exactJson } from "./exact_json.js";
import { infoOfLocalTrace } from "./local_trace_info.js";
import { otelTraceIdOf } from "./ids.js";
import { toTraceIdHex } from "./trace_ids.js";
import { findSpan, findTrace } from "./open_spans.js";
import { tracer } from "./realm.js";
import { codec } from "./span_codec.js";
import { Span, SpanSource } from "./span.js";
import type { LiveSpan } from "./live_span.js";
import { Trace } from "./trace.js";
import { TraceInfo } from "./trace_info.js";

export interface PromptVersion {
  name: string;
  version: string | number;
  [key: string]: unknown;
}

interface Registered {
  readonly hex: string;
  readonly info: TraceInfo;
  /** In start order. */
  readonly spans: Map<string, LiveSpan>;
}

const LINKED_PROMPTS = "mlflow.linkedPrompts";

let instance: TraceManager | null = null;

export class TraceManager {
  readonly #traces = new Map<string, Registered>();

  /** The same object until reset(). */
  static getInstance(): TraceManager {
    return (instance ??= new TraceManager());
  }

  /** Forgets everything; who holds the old instance does no harm with it. */
  static reset(): void {
    instance = null;
    codec().manager().reset();
  }

  get #core(): ManagerCore {
    return codec().manager();
  }

  /** The info stays the caller's until the trace is popped: what is said of the trace shows there. Throws TraceError. */
  registerTrace(otelTraceId: string | bigint, info: TraceInfo): void {
    const hex = toTraceIdHex(otelTraceId);
    for (const { traceId } of this.#core.registerTrace(hex, exactJson(info.toDict()), tracer().clock.wallMillis()))
      this.#traces.delete(traceId);
    this.#traces.set(info.traceId, { hex, info, spans: new Map() });
  }

  /** Anything but a live span is ignored. Throws TraceError RESOURCE_DOES_NOT_EXIST where its trace is not registered. */
  registerSpan(span: unknown): void {
    if (!isLive(span)) {
      tracer().logger.debug("registerSpan takes live spans; ignored");
      return;
    }
    this.#known(span.traceId).spans.set(span.spanId, span);
  }

  /** Throws TraceError where the trace is not registered or its tag holds no list. */
  registerPrompt(traceId: string, prompt: PromptVersion): void {
    const text = (): string => this.#core.registerPrompt(traceId, exactJson({ ...prompt, version: String(prompt.version) }));
    const local = this.#traces.has(traceId) ? null : this.#local(traceId);
    if (local !== null && keptInfo(local.hex) !== null) local.ensuredValues.tags.set(LINKED_PROMPTS, text());
    else this.#known(traceId).info.tags[LINKED_PROMPTS] = text();
  }

  /** The first span without a parent; null where the trace or the span is not known. */
  getRootSpanId(traceId: string | null): string | null {
    for (const span of this.#traces.get(traceId ?? "")?.spans.values() ?? []) if (span.parentId === null) return span.spanId;
    const root = this.#local(traceId)?.root ?? null;
    if (root !== null) return root.parentId === null ? root.spanId : null;
    const hex = traceId === null ? null : otelTraceIdOf(traceId);
    if (traceId === null || hex === null || keptInfo(hex) === null) return null;
    tracer().recorder.commit();
    return this.#core.getRootSpanId(traceId);
  }

  /** As getRootSpanId(); where the root is in another process, the first span of this one. */
  getLocalRootSpanId(traceId: string | null): string | null {
    const spans = this.#traces.get(traceId ?? "")?.spans;
    for (const span of spans?.values() ?? [])
      if (span.parentId === null || spans?.has(span.parentId) !== true) return span.spanId;
    return this.#local(traceId)?.root?.spanId ?? this.getRootSpanId(traceId);
  }

  /** Whether a span of the trace has not ended; false where the trace is not known. */
  hasOpenSpans(otelTraceId: string | bigint): boolean {
    const hex = toTraceIdHex(otelTraceId);
    const registered = [...this.#traces.values()].find((entry) => entry.hex === hex);
    return openSpansOf(hex).length > 0 || [...(registered?.spans.values() ?? [])].some((span) => !span.hasEnded);
  }

  /** The same live span until it ends. */
  getSpanFromId(traceId: string | null, spanId: string | null): LiveSpan | null {
    if (typeof traceId !== "string" || typeof spanId !== "string") return null;
    const registered = this.#traces.get(traceId)?.spans.get(spanId);
    if (registered !== undefined) return registered;
    const hex = otelTraceIdOf(traceId);
    return hex === null ? null : findSpan(tracer(), hex, spanId);
  }

  /** A snapshot. Where ended traces are not retained: what is open or has not left in a batch. */
  getTrace(traceId: string | null): Trace | null {
    if (typeof traceId !== "string") return null;
    tracer().recorder.commit();
    const registered = this.#traces.get(traceId);
    const hex = registered?.hex ?? otelTraceIdOf(traceId);
    const info = registered?.info ?? (hex === null ? null : keptInfo(hex));
    const kept = info === null ? null : this.#core.getTrace(traceId, exactJson(info.toDict()));
    return kept === null ? this.#underWay(traceId) : assemble(kept, [...(registered?.spans.values() ?? openSpansOf(hex))]);
  }

  getMlflowTraceIdFromOtelId(otelTraceId: string | bigint): string | null {
    return this.#core.getMlflowTraceIdFromOtelId(toTraceIdHex(otelTraceId));
  }

  /** Takes the trace out: previews, times, state and metadata are set from its root. null: not known. */
  popTrace(otelTraceId: string | bigint): { trace: Trace; prompts: PromptVersion[] } | null {
    const hex = toTraceIdHex(otelTraceId);
    const registered = [...this.#traces.values()].find((entry) => entry.hex === hex);
    const { observer, recorder, clock } = tracer();
    recorder.commit();
    const info = registered?.info ?? keptInfo(hex);
    const popped = this.#core.popTrace(hex, info === null ? "" : exactJson(info.toDict()), clock.wallMillis());
    observer?.forget(hex);
    if (registered !== undefined) this.#traces.delete(registered.info.traceId);
    if (popped === null) return null;
    return {
      trace: assemble(popped, [...(registered?.spans.values() ?? openSpansOf(hex))]),
      prompts: popped.prompts as PromptVersion[],
    };
  }

  /** @internal For exporters: as popTrace(), but a trace that others read later stays. */
  _takeTrace(hex: string): { trace: Trace; prompts: PromptVersion[] } | null {
    const { observer, recorder } = tracer();
    if (observer?.isLastToTake(hex) !== false) return this.popTrace(hex);
    recorder.commit();
    const info = keptInfo(hex);
    const kept = info === null ? null : this.#core.getTrace(info.traceId, exactJson(info.toDict()));
    if (kept === null) return null;
    return { trace: assemble(kept, openSpansOf(hex)), prompts: kept.prompts as PromptVersion[] };
  }

  /** @internal Of a trace that was registered by hand. */
  _registeredInfo(traceId: string): TraceInfo | null {
    return this.#traces.get(traceId)?.info ?? null;
  }

  #underWay(traceId: string): Trace | null {
    const hex = otelTraceIdOf(traceId);
    if (hex === null) return null;
    const local = findTrace(tracer(), hex);
    const open = openSpansOf(hex);
    const records = codec().pendingRecords(hex);
    if (open.length === 0 && records.length === 0) return null;
    const info = local === null ? new TraceInfo({ traceId }) : infoOfLocalTrace(local);
    return assemble({ info: info.toDict(), records }, open);
  }

  #local(traceId: string | null) {
    const hex = traceId === null ? null : otelTraceIdOf(traceId);
    return hex === null ? null : findTrace(tracer(), hex);
  }

  #known(traceId: string): Registered {
    const found = this.#traces.get(traceId);
    if (found === undefined) throw new TraceError("RESOURCE_DOES_NOT_EXIST", `trace '${traceId}' is not registered`);
    return found;
  }
}

/** Of a trace that is retained or has a timeout. */
function keptInfo(traceIdHex: string): TraceInfo | null {
  const trace = tracer().observer?.keptTrace(traceIdHex) ?? null;
  return trace === null ? null : infoOfLocalTrace(trace);
}

function openSpansOf(traceIdHex: string | null): LiveSpan[] {
  const open: LiveSpan[] = [];
  const trace = traceIdHex === null ? null : findTrace(tracer(), traceIdHex);
  for (let span = trace?.firstOpen ?? null; span !== null; span = span._nextOpen) open.push(span);
  return open;
}

/** Ended spans are records, open ones are looked at now; each once, in start order. */
function assemble(parts: { info: Record<string, unknown>; records: readonly Uint8Array[] }, live: readonly LiveSpan[]): Trace {
  const spans = parts.records.map((record) => new Span(new SpanSource(record, null)));
  const known = new Set(spans.map((span) => span.spanId));
  for (const span of live) if (!known.has(span.spanId)) spans.push(span.toImmutableSpan());
  spans.sort((a, b) => a._fields().ordinal - b._fields().ordinal);
  return new Trace(TraceInfo.fromDict(parts.info), spans);
}

function isLive(span: unknown): span is LiveSpan {
  return typeof span === "object" && span !== null && "_trace" in span;
}
