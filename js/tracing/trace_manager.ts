// The traces under way and the ended ones that somebody keeps. Spans live here, in JavaScript;
// records, infos, limits and time to live are the core's (src/manager/).

import type { ManagerCore } from "../load/manager_core.js";
import { TraceError } from "../trace_error.js";
import { exactJson } from "./exact_json.js";
import { otelTraceIdOf, toTraceIdHex } from "./ids.js";
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
    for (const { traceId } of this.#core.registerTrace(hex, exactJson(info.toDict()), tracer().clock.wallMillis())) this.#traces.delete(traceId);
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
    const { info } = this.#known(traceId);
    info.tags[LINKED_PROMPTS] = this.#core.registerPrompt(traceId, exactJson({ ...prompt, version: String(prompt.version) }));
  }

  /** The first span without a parent; null where the trace or the span is not known. */
  getRootSpanId(traceId: string | null): string | null {
    for (const span of this.#traces.get(traceId ?? "")?.spans.values() ?? []) if (span.parentId === null) return span.spanId;
    const root = this.#local(traceId)?.root ?? null;
    return root !== null && root.parentId === null ? root.spanId : null;
  }

  /** The same live span until it ends. */
  getSpanFromId(traceId: string | null, spanId: string | null): LiveSpan | null {
    if (typeof traceId !== "string" || typeof spanId !== "string") return null;
    const registered = this.#traces.get(traceId)?.spans.get(spanId);
    if (registered !== undefined) return registered;
    const hex = otelTraceIdOf(traceId);
    return hex === null ? null : findSpan(tracer(), hex, spanId);
  }

  /** A snapshot. Without a keeper: what is open or has not left in a batch. */
  getTrace(traceId: string | null): Trace | null {
    if (typeof traceId !== "string") return null;
    tracer().recorder.commit();
    const registered = this.#traces.get(traceId);
    const kept = registered === undefined ? null : this.#core.getTrace(traceId, exactJson(registered.info.toDict()));
    if (registered !== undefined && kept !== null) return assemble(kept, [...registered.spans.values()]);
    return this.#underWay(traceId);
  }

  getMlflowTraceIdFromOtelId(otelTraceId: string | bigint): string | null {
    return this.#core.getMlflowTraceIdFromOtelId(toTraceIdHex(otelTraceId));
  }

  /** Takes the trace out: previews, times, state and metadata are set from its root. null: not known. */
  popTrace(otelTraceId: string | bigint): { trace: Trace; prompts: PromptVersion[] } | null {
    const hex = toTraceIdHex(otelTraceId);
    const registered = [...this.#traces.values()].find((entry) => entry.hex === hex);
    tracer().recorder.commit();
    const popped = this.#core.popTrace(hex, registered === undefined ? "" : exactJson(registered.info.toDict()), tracer().clock.wallMillis());
    if (registered !== undefined) this.#traces.delete(registered.info.traceId);
    if (popped === null) return null;
    return { trace: assemble(popped, [...(registered?.spans.values() ?? [])]), prompts: popped.prompts as PromptVersion[] };
  }

  #underWay(traceId: string): Trace | null {
    const hex = otelTraceIdOf(traceId);
    if (hex === null) return null;
    const local = findTrace(tracer(), hex);
    const open: LiveSpan[] = [];
    for (let span = local?.firstOpen ?? null; span !== null; span = span._nextOpen) open.push(span);
    const records = codec().pendingRecords(hex);
    if (open.length === 0 && records.length === 0) return null;
    const root = local?.root ?? null;
    const info = new TraceInfo({ traceId, requestTime: root === null ? 0 : Number(root.startTimeNs / 1_000_000n), tags: Object.fromEntries(local?.values?.tags ?? []) });
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
