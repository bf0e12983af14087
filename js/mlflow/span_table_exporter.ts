// Sends spans into tables of Unity Catalog, and to the server what is known of each trace.
//
// Spans do not wait for their trace: they leave as they end, gathered into batches where the exporter
// is asynchronous. They are never written to artifacts. The table is the one of the trace's id
// (trace:/catalog.schema/…), else the option `location`, asked when a span is handed over.

import { ExportError } from "../export/export_error.js";
import type { LossReason } from "../load/core.js";
import type { Span } from "../tracing/span.js";
import { parseTraceIdV4 } from "../tracing/trace_ids.js";
import type { TraceInfo } from "../tracing/trace_info.js";
import type { ExportJob } from "./export_job.js";
import { MlflowExporter, type MlflowExporterOptions, type SpansLogged } from "./mlflow_exporter.js";
import { SpanBatcher } from "./span_batcher.js";
import { messageOf } from "./quiet_logger.js";

export interface SpanTableExporterOptions extends MlflowExporterOptions {
  /** "catalog.schema" or "catalog.schema.table_prefix", for traces whose id names no table. */
  location?: string | (() => string | null) | undefined;
  /** Spans of a batch, and how long they wait for one another; MLflow's variables, else 10 and 5,000. */
  maxBatchSize?: number | undefined;
  intervalMillis?: number | undefined;
}

/** Settles one span of a job. */
type Settle = (error: unknown) => void;

export class SpanTableExporter extends MlflowExporter {
  override readonly destinationName: string = "span_table";
  /** They leave with the next task; the batcher waits for more. */
  readonly spanDelayMillis = 0;
  readonly #location: SpanTableExporterOptions["location"];
  readonly #batcher: SpanBatcher | null;
  readonly #waiting = new Map<Span, Settle[]>();
  #hasWarned = false;

  constructor(options: SpanTableExporterOptions = {}) {
    super(options);
    this.#location = options.location;
    const { maxBatchSize, intervalMillis, clock, timers, exitHooks } = options;
    const onDropped = (_count: number, reason: LossReason, spans: readonly Span[]): void => {
      for (const span of spans) this.#settle(span, new ExportError("the export queue is full", { lossReason: reason }));
    };
    const settings = { maxBatchSize, intervalMillis, clock, timers, exitHooks, logger: this.log.logger, onDropped };
    this.#batcher =
      this.asyncQueue === null
        ? null
        : new SpanBatcher(this.asyncQueue, (location, spans) => this.#logBatch(location, spans), settings);
  }

  override get takesOpenTraces(): boolean {
    return true;
  }
  override get mayLogSpans(): boolean {
    return true;
  }

  protected override isAsyncByDefault(): boolean {
    return true;
  }

  protected override shouldLogSpansToArtifacts(_info: TraceInfo): boolean {
    return false;
  }

  protected override locationOf(span: Span): string | null {
    return locationOfId(span.traceId) ?? (typeof this.#location === "function" ? this.#location() : (this.#location ?? null));
  }

  protected override logSpansAhead({ spans, taken }: ExportJob): Promise<SpansLogged> | null {
    const batcher = this.#batcher;
    if (batcher === null || this.isEvaluated(taken)) return null;
    const logged: SpansLogged = { lost: 0, error: null };
    const settled = spans.map((span) => {
      const location = this.locationOf(span);
      if (location === null) return Promise.resolve(this.#lose(logged));
      return new Promise<void>((resolve) => {
        const settle: Settle = (error) => {
          if (error !== null) {
            logged.lost++;
            logged.error = error;
          }
          resolve();
        };
        const others = this.#waiting.get(span);
        if (others === undefined) this.#waiting.set(span, [settle]);
        else others.push(settle);
        batcher.addSpan(location, span);
      });
    });
    return Promise.all(settled).then(() => logged);
  }

  #lose(logged: SpansLogged): void {
    this.log.debug("No table is known for a span; it is not sent");
    logged.lost++;
    logged.error = new ExportError("no table is known for the spans", { lossReason: "rejected" });
  }

  async #logBatch(location: string, spans: readonly Span[]): Promise<void> {
    const { lost, error } = await this.logGroup(location, spans);
    for (const span of spans) this.#settle(span, lost === 0 ? null : error);
  }

  #settle(span: Span, error: unknown): void {
    const settles = this.#waiting.get(span);
    settles?.shift()?.(error);
    if (settles?.length === 0) this.#waiting.delete(span);
  }

  /** The first failure is worth a warning; after that somebody looks, or nobody will. */
  protected override spansFailed(error: unknown): void {
    if (this.#hasWarned) return this.log.debug(`Failed to log spans to the trace server: ${messageOf(error)}`);
    this.#hasWarned = true;
    this.log.warn("spans", `Failed to log spans to the trace server: ${messageOf(error)}`);
  }

  protected override spansLost(_error: unknown): void {
    // told when it happened
  }

  override startNow(): void {
    void this.#batcher?.flush();
    super.startNow();
  }

  /** Unlike MLflow's, which takes no more spans then: a program may flush and go on. */
  override async flush(): Promise<void> {
    await this.#batcher?.flush();
    await super.flush();
  }

  override async shutdown(): Promise<void> {
    await this.#batcher?.shutdown();
    await super.shutdown();
  }
}

function locationOfId(traceId: string): string | null {
  try {
    return parseTraceIdV4(traceId).location;
  } catch {
    return null;
  }
}
