// The whole package with the built module, and an exporter that keeps what it is given.
import { flushTraces, init, type InitOptions, type Logger, type Span, type TraceError } from "../../../js/index.js";
import { InMemorySpanExporter } from "../../../js/testing/index.js";
import type { Outcome, SpanBatch } from "../../../js/export/exporter.js";

export class RecordingExporter extends InMemorySpanExporter {
  /** The batches as OTLP/JSON. */
  readonly requests: string[] = [];

  override async export(batch: SpanBatch): Promise<Outcome> {
    this.requests.push(batch.toOtlpJson());
    return await super.export(batch);
  }
}

export class TestLogger implements Logger {
  readonly lines: string[] = [];
  debug = (): void => undefined;
  info = (): void => undefined;
  warn = (message: string): void => void this.lines.push(message);
  error = (message: string): void => void this.lines.push(message);
}

export const logger = new TestLogger();
export const exporter = new RecordingExporter();

export async function start(options: InitOptions = {}): Promise<void> {
  await init({ exporter, logger, ...options });
}

/** What has ended since the last call, in order of arrival. */
export async function ended(): Promise<Span[]> {
  await flushTraces();
  const spans = [...exporter.spans];
  exporter.reset();
  return spans;
}

export async function endedTraces(): Promise<Span[][]> {
  await flushTraces();
  const traces = exporter.traces;
  exporter.reset();
  return traces;
}

/** The attributes of each span as plain OTLP carries them. */
export function otlpAttributes(): Map<string, Record<string, unknown>> {
  const byName = new Map<string, Record<string, unknown>>();
  for (const request of exporter.requests.splice(0)) {
    const { resourceSpans } = JSON.parse(request) as { resourceSpans: { scopeSpans: { spans: OtlpSpanJson[] }[] }[] };
    for (const span of resourceSpans.flatMap((r) => r.scopeSpans).flatMap((s) => s.spans)) {
      byName.set(span.name, Object.fromEntries((span.attributes ?? []).map(({ key, value }) => [key, Object.values(value)[0]])));
    }
  }
  return byName;
}

interface OtlpSpanJson {
  name: string;
  attributes?: { key: string; value: Record<string, unknown> }[];
}

/** Of the TraceError that a call throws; "none" where it throws nothing. */
export function codeOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    return (error as TraceError).errorCode;
  }
  return "none";
}
