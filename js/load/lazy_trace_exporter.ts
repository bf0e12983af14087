// MLflow's exporter by the name "mlflow": its code is loaded when init() is called.

import type { Outcome, SpanBatch } from "../export/exporter.js";
import type { AttachmentCounts, TraceExporter } from "../export/trace_exporter.js";
import type { LocalTrace } from "../tracing/local_trace.js";

export class LazyTraceExporter implements TraceExporter {
  readonly sendsTraces = true;
  readonly destinationName = "mlflow";
  /** Settles when the code is there; never rejects. */
  readonly isLoaded: Promise<void>;
  readonly #made: Promise<TraceExporter>;
  #exporter: TraceExporter | null = null;

  constructor(make: () => Promise<TraceExporter>) {
    this.#made = make();
    this.isLoaded = this.#made.then(
      (exporter) => {
        this.#exporter = exporter;
      },
      () => undefined, // each export tells
    );
  }

  isSynchronousFor(trace: LocalTrace): boolean {
    return this.#exporter?.isSynchronousFor(trace) ?? false;
  }
  get takesOpenTraces(): boolean {
    return this.#exporter?.takesOpenTraces ?? false;
  }
  takesOpenTrace(traceIdHex: string): boolean {
    return this.#exporter?.takesOpenTrace?.(traceIdHex) ?? true;
  }
  get spanDelayMillis(): number | undefined {
    return this.#exporter?.spanDelayMillis;
  }
  get mayLogSpans(): boolean {
    return this.#exporter?.mayLogSpans ?? false;
  }

  get attachments(): AttachmentCounts | null {
    return this.#exporter?.attachments ?? null;
  }

  startNow(): void {
    this.#exporter?.startNow?.();
  }

  export(batch: SpanBatch): Promise<Outcome> {
    return this.#exporter?.export(batch) ?? this.#made.then((exporter) => exporter.export(batch));
  }
  async flush(): Promise<void> {
    await this.isLoaded;
    await this.#exporter?.flush?.();
  }
  async shutdown(): Promise<void> {
    await this.isLoaded;
    await this.#exporter?.shutdown?.();
  }
}
