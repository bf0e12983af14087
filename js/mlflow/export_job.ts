// One batch as what MLflow's exporters send: traces, and spans without one.

import type { SpanBatch } from "../export/exporter.js";
import { departureOf } from "../export/trace_exporter.js";
import type { LossReason } from "../load/core.js";
import { UNFINISHED_ATTRIBUTE } from "../tracing/late_names.js";
import { exactJson } from "../tracing/exact_json.js";
import { otelTraceIdOf } from "../tracing/ids.js";
import { Span } from "../tracing/span.js";
import { codec } from "../tracing/span_codec.js";
import { Trace } from "../tracing/trace.js";
import type { PromptVersion } from "../tracing/trace_manager.js";
import type { TraceInfo } from "../tracing/trace_info.js";
import { environmentMetadata } from "./environment_metadata.js";
import type { ExportLog } from "./export_outcome.js";
import { messageOf } from "./quiet_logger.js";

export interface TakenTrace {
  trace: Trace;
  prompts: readonly PromptVersion[];
  /** Spans that had not ended when the trace left; not among the trace's. */
  unfinished?: readonly Span[];
}

export interface ExportJob {
  /** Those that are counted with this job, and go by OTLP. */
  readonly spans: readonly Span[];
  /** null: spans alone. */
  readonly taken: TakenTrace | null;
  /** Where spans alone are not taken. */
  readonly lossReason: LossReason;
}

/** Of traces under way; the oldest make room. */
const MAX_SENT_EARLY = 10_000;

/** `take` pops the trace with these 32 hex digits. `sentEarly` counts spans that left before their trace. */
export function jobsOf(
  batch: SpanBatch,
  take: (traceIdHex: string) => TakenTrace | null,
  sentEarly: Map<string, number>,
): ExportJob[] {
  const departure = departureOf(batch);
  if (departure === null) return jobsByHand(batch.spans(), take);
  const { traceIdHex, isComplete, isLate } = departure;
  const before = sentEarly.get(traceIdHex) ?? 0;
  sentEarly.delete(traceIdHex);
  if (!isComplete) {
    sentEarly.set(traceIdHex, before + batch.spanCount);
    if (sentEarly.size > MAX_SENT_EARLY) sentEarly.delete(sentEarly.keys().next().value as string);
    return [{ spans: batch.spans(), taken: null, lossReason: isLate === true ? "late" : "rejected" }];
  }
  const taken = take(traceIdHex);
  // All of its spans were lost before: there is nothing to tell of.
  if (batch.spanCount + before === 0) return [];
  if (taken === null) return [{ spans: batch.spans(), taken, lossReason: "late" }];
  return [fitted(taken, batch, before)];
}

/**
 * What is told of the trace fits the spans that are sent: MLflow refuses to read a trace that has
 * fewer than its numbers say.
 */
function fitted(taken: TakenTrace, batch: SpanBatch, before: number): ExportJob {
  const { trace, prompts } = taken;
  const ended = trace.data.spans.filter((span) => span.endTimeNs !== null || span.getAttribute(UNFINISHED_ATTRIBUTE) === true);
  const unfinished = trace.data.spans.filter((span) => !ended.includes(span)).map(markedUnfinished);
  const isWhole = before === 0 && ended.length === batch.spanCount;
  const spans = isWhole ? ended : batch.spans();
  const told = isWhole || before > 0 ? ended : spans;
  return { spans, taken: { trace: new Trace(trace.info, told), prompts, unfinished }, lossReason: "rejected" };
}

/** As an OpenTelemetry exporter is called: a trace is sent with its root, where the manager knows it. */
function jobsByHand(spans: readonly Span[], take: (traceIdHex: string) => TakenTrace | null): ExportJob[] {
  const byTrace = new Map<string, Span[]>();
  for (const span of spans) {
    const hex = otelTraceIdOf(span.traceId) ?? span.context.traceId;
    const group = byTrace.get(hex);
    if (group === undefined) byTrace.set(hex, [span]);
    else group.push(span);
  }
  return [...byTrace].map(([hex, group]) => {
    const taken = group.some((span) => span.parentId === null) ? take(hex) : null;
    return { spans: group, taken, lossReason: "rejected" };
  });
}

function markedUnfinished(span: Span): Span {
  const dict = span.toDict();
  return Span.fromDict({ ...dict, attributes: { ...dict.attributes, [UNFINISHED_ATTRIBUTE]: "true" } });
}

/** In start order. */
export function spansToUpload({ data }: Trace, unfinished: readonly Span[] = []): Span[] {
  if (unfinished.length === 0) return data.spans;
  return [...data.spans, ...unfinished].sort((a, b) => Number(a.startTimeNs - b.startTimeNs));
}

/** What the trace says of itself comes first. */
export function addEnvironment(info: TraceInfo): void {
  info.traceMetadata = { ...environmentMetadata(), ...info.traceMetadata };
}

/** Adds mlflow.trace.sizeStats and mlflow.trace.sizeBytes to the info; a trace whose size cannot be told goes without. */
export function addSizes({ info, data }: Trace, log: ExportLog): void {
  try {
    const records = data.spans.map((span) => span._record());
    Object.assign(info.traceMetadata, codec().sizeStats(exactJson(info.toDict()), records));
  } catch (error) {
    log.debug(`the size of trace ${info.traceId} is not told: ${messageOf(error)}`);
  }
}
