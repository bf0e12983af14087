// An exporter whose code is loaded with its first batch.

import type { Outcome, SpanBatch, SpanExporter } from "../export/exporter.js";

export class LazyExporter implements SpanExporter {
  readonly #make: () => Promise<SpanExporter>;
  #exporter: Promise<SpanExporter> | null = null;

  constructor(make: () => Promise<SpanExporter>) {
    this.#make = make;
  }

  async export(batch: SpanBatch): Promise<Outcome> {
    this.#exporter ??= this.#make();
    return (await this.#exporter).export(batch);
  }
  async flush(): Promise<void> {
    await (await this.#exporter)?.flush?.();
  }
  async shutdown(): Promise<void> {
    await (await this.#exporter)?.shutdown?.();
  }
}
