// What exporter: "mlflow" stands for: traces of experiments and traces of tables, each by its exporter.

import type { Outcome, SpanBatch } from "../export/exporter.js";
import { departureOf, type AttachmentCounts, type TraceExporter } from "../export/trace_exporter.js";
import { otelTraceIdOf } from "../tracing/ids.js";
import type { LocalTrace } from "../tracing/local_trace.js";
import { tracer } from "../tracing/realm.js";
import { MlflowExporter, type MlflowExporterOptions } from "./mlflow_exporter.js";
import { SpanTableExporter } from "./span_table_exporter.js";

export function makeRoutingExporter(options: MlflowExporterOptions): TraceExporter {
  return new RoutingExporter(options);
}

class RoutingExporter implements TraceExporter {
  readonly sendsTraces = true;
  readonly destinationName = "mlflow";
  readonly #options: MlflowExporterOptions;
  readonly #experiments: MlflowExporter;
  #tables: SpanTableExporter | null = null;

  constructor(options: MlflowExporterOptions) {
    this.#options = options;
    this.#experiments = new MlflowExporter(options);
  }

  isSynchronousFor(trace: LocalTrace): boolean {
    return (isOfTable(trace.traceId) ? this.#ensuredTables : this.#experiments).isSynchronousFor(trace);
  }
  get takesOpenTraces(): boolean {
    return this.#tables !== null || this.#experiments.takesOpenTraces;
  }
  takesOpenTrace(traceIdHex: string): boolean {
    return isOfTable(tracer().observer?.keptTrace(traceIdHex)?.traceId ?? "") || this.#experiments.takesOpenTraces;
  }
  get mayLogSpans(): boolean {
    return this.#tables !== null || this.#experiments.mayLogSpans;
  }

  get #ensuredTables(): SpanTableExporter {
    return (this.#tables ??= new SpanTableExporter(this.#options));
  }

  get attachments(): AttachmentCounts | null {
    return this.#experiments.attachments;
  }

  export(batch: SpanBatch): Promise<Outcome> {
    return (this.#isForTables(batch) ? this.#ensuredTables : this.#experiments).export(batch);
  }

  /** All spans of a batch are of one trace. */
  #isForTables(batch: SpanBatch): boolean {
    const hex = departureOf(batch)?.traceIdHex;
    const known = hex === undefined ? undefined : tracer().observer?.keptTrace(hex)?.traceId;
    const traceId = known ?? batch.spans()[0]?.traceId ?? "";
    return isOfTable(traceId) && otelTraceIdOf(traceId) !== null;
  }

  startNow(): void {
    this.#experiments.startNow();
    this.#tables?.startNow();
  }
  async flush(): Promise<void> {
    await Promise.all([this.#experiments.flush(), this.#tables?.flush()]);
  }
  async shutdown(): Promise<void> {
    await Promise.all([this.#experiments.shutdown(), this.#tables?.shutdown()]);
  }
}

function isOfTable(traceId: string): boolean {
  return traceId.startsWith("trace:/");
}
