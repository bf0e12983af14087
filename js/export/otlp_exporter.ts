// The public name of the OTLP exporter. It keeps the options; the code that sends comes with init(),
// so that pages which only hand it to init() load it when they start tracing.

import { loadService } from "#platform";
import { TraceError } from "../trace_error.js";
import type { Outcome, SpanBatch, SpanExporter } from "./exporter.js";
import type { OtlpHttpExporterOptions } from "./otlp_http_sender.js";

/** Sends batches to an OTLP/HTTP receiver. Throws TraceError for a URL that is not of http or https. */
export class OtlpHttpExporter implements SpanExporter {
  readonly _otlpOptions: OtlpHttpExporterOptions;
  #sender: Promise<SpanExporter> | null = null;

  constructor(options: OtlpHttpExporterOptions = {}) {
    for (const text of [options.url, options.endpoint]) if (text !== undefined) checkUrl(text);
    this._otlpOptions = options;
  }

  async export(batch: SpanBatch): Promise<Outcome> {
    this.#sender ??= Promise.resolve(loadService()).then((module) => new module.OtlpHttpSender(this._otlpOptions));
    return await (await this.#sender).export(batch);
  }

  async flush(): Promise<void> {
    await (await this.#sender)?.flush?.();
  }

  async shutdown(): Promise<void> {
    await (await this.#sender)?.shutdown?.();
  }
}

function checkUrl(text: string): void {
  try {
    if (/^https?:$/.test(new URL(text).protocol)) return;
  } catch {
    // told below
  }
  throw new TraceError("INVALID_PARAMETER_VALUE", "the endpoint must be a URL of http or https");
}
