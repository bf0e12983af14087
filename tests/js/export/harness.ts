// Spans, the built module and a destination, without init(): each test has a module of its own.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Destination } from "../../../js/export/destination.js";
import type { DestinationOptions } from "../../../js/export/destination_options.js";
import type { Outcome, SpanBatch, SpanExporter } from "../../../js/export/exporter.js";
import { OtlpHttpSender, type OtlpHttpExporterOptions } from "../../../js/export/otlp_http_sender.js";
import type { HttpAnswer, HttpClient, HttpRequest } from "../../../js/export/transport.js";
import { Core } from "../../../js/load/core.js";
import { ExportCore } from "../../../js/load/export_core.js";
import { instantiate } from "../../../js/load/instance.js";
import type { RawModule } from "../../../js/load/raw_module.js";
import { StagingArea } from "../../../js/load/staging.js";
import { AnchorSource } from "../../../js/tracing/clock.js";
import { newTraceWords } from "./trace_words.js";
import { laterCode } from "../../../js/tracing/later.js";
import { LiveSpan } from "../../../js/tracing/live_span.js";
import { LocalTrace } from "../../../js/tracing/local_trace.js";
import { Recorder } from "../../../js/tracing/recorder.js";
import { DEFAULT_SPAN_LIMITS, type Logger, type Runtime } from "../../../js/tracing/runtime.js";
import { FakeTime } from "./fake_time.js";
import { spansOfRequest } from "./otlp_spans.js";

const MODULE_FOLDER = process.env["SPANDREL_MODULE_FOLDER"] ?? join(__dirname, "../../../build/module");

export async function loadModule(): Promise<RawModule> {
  return await instantiate(await WebAssembly.compile(readFileSync(join(MODULE_FOLDER, "spandrel.wasm"))));
}

export class TestLogger implements Logger {
  readonly lines: string[] = [];
  debug = (message: string): void => void this.lines.push(message);
  info = (message: string): void => void this.lines.push(message);
  warn = (message: string): void => void this.lines.push(message);
  error = (message: string): void => void this.lines.push(message);
}

export interface HarnessOptions extends Partial<Omit<DestinationOptions, "exporter">> {
  exporter: SpanExporter;
  time?: FakeTime;
  /** The module stays away until `becomeReady()`. */
  isLate?: boolean;
}

/** A recorder with one destination behind it. */
export class Harness {
  readonly time: FakeTime;
  readonly logger = new TestLogger();
  readonly recorder: Recorder;
  readonly destination: Destination;
  readonly raw: RawModule;
  core: Core | null = null;
  deathCause: unknown = null;
  #policies: ExportCore | null = null;
  readonly #runtime: Runtime;
  readonly #anchors: AnchorSource;

  private constructor(raw: RawModule, options: HarnessOptions) {
    this.raw = raw;
    this.time = options.time ?? new FakeTime();
    this.recorder = new Recorder(() => {
      this.destination.noteRecord();
    });
    this.destination = new Destination({
      id: 0,
      name: "otlp",
      core: () => this.core,
      policies: () => this.#policies,
      commitStaged: () => {
        this.recorder.commit();
      },
      spansFromRecords: () => [],
      suppressTracing: (body) => body(),
      unreportedLosses: () => this.recorder.unreportedLosses,
      logger: this.logger,
      clock: this.time,
      timers: this.time,
      random: () => 0.5,
      ...options,
    });
    this.#anchors = new AnchorSource(this.time);
    this.#runtime = {
      logger: this.logger,
      clock: this.time,
      limits: DEFAULT_SPAN_LIMITS,
      recorder: this.recorder,
      spanProcessors: [],
      endHooks: new Set(),
      beforeSeal: null,
      spanHasEnded: () => undefined,
      warn: () => undefined,
      startChild: () => null,
      later: laterCode,
      whenLater: (act) => {
        act(laterCode);
      },
      withSpan: () => null,
    };
  }

  static async open(options: HarnessOptions): Promise<Harness> {
    const harness = new Harness(await loadModule(), options);
    if (options.isLate !== true) harness.becomeReady();
    return harness;
  }

  becomeReady(): void {
    const core = new Core(this.raw, (cause) => {
      this.deathCause = cause;
      this.recorder.detach();
      this.destination.moduleIsDead();
    });
    core.addDestination(this.destination.limits);
    this.#policies = new ExportCore(core.handover);
    this.core = core;
    this.recorder.attach(core, new StagingArea(core.handover));
    this.destination.moduleIsReady();
  }

  openTrace(): LocalTrace {
    const [a, b, c, d] = newTraceWords();
    return new LocalTrace(this.#runtime, a, b, c, d, this.#anchors.current(), 1, "", 1);
  }

  /** Ends spans of one trace each, named `<prefix><number>`. */
  endSpans(count: number, prefix = "span", attributes: Record<string, unknown> = {}): void {
    for (let i = 1; i <= count; i++) {
      const span = new LiveSpan(this.openTrace(), null, `${prefix}${String(i)}`, 1, null);
      span.setAttributes(attributes);
      span.end();
    }
  }
}

/** produced = delivered + pending + Σ dropped, with what is not zero of it. */
export function accountOf(destination: Destination): Record<string, number> {
  const { produced, delivered, pending, dropped } = destination.counters();
  let sum = delivered + pending;
  for (const spans of Object.values(dropped)) sum += spans;
  const account: Record<string, number> = { produced, delivered, pending, ...dropped };
  if (sum !== produced) account["NOT BALANCED"] = sum;
  return Object.fromEntries(Object.entries(account).filter(([, spans]) => spans !== 0));
}

export function answer(
  status: number,
  headers: { retryAfter?: string; date?: string; contentType?: string } = {},
  body = new Uint8Array(),
): HttpAnswer {
  return { kind: "answer", status, contentType: "", retryAfter: "", date: "", ...headers, body };
}

export interface SentRequest {
  at: number;
  request: HttpRequest;
  names: string[];
}

/** Answers by a function; no network and no real time. */
export class ScriptedClient implements HttpClient {
  readonly sent: SentRequest[] = [];
  readonly #time: FakeTime;
  reply: (sent: SentRequest, count: number) => HttpAnswer | Promise<HttpAnswer>;

  constructor(time: FakeTime, reply: ScriptedClient["reply"] = () => answer(200)) {
    this.#time = time;
    this.reply = reply;
  }

  async send(request: HttpRequest): Promise<HttpAnswer> {
    const names = spansOfRequest(request.body, request.headers["content-type"] ?? "").map((span) => span.name);
    const sent = { at: this.#time.monotonicMillis(), request, names };
    this.sent.push(sent);
    return this.reply(sent, this.sent.length);
  }

  get names(): string[] {
    return this.sent.flatMap((sent) => sent.names);
  }

  close(): void {}
}

/** A destination whose exporter talks to a script on a fake clock. */
export async function openScripted(
  reply?: ScriptedClient["reply"],
  options: Partial<HarnessOptions> & { otlp?: OtlpHttpExporterOptions } = {},
): Promise<{ harness: Harness; client: ScriptedClient; time: FakeTime; destination: Destination }> {
  const time = options.time ?? new FakeTime();
  const client = new ScriptedClient(time, reply);
  const logger = new TestLogger();
  const exporter = new OtlpHttpSender({ client, clock: time, logger, ...options.otlp });
  const { otlp: _, ...rest } = options;
  const harness = await Harness.open({ exporter, time, ...rest });
  return { harness, client, time, destination: harness.destination };
}

/** An exporter made of one function. */
export function exporterOf(run: (batch: SpanBatch) => Promise<Outcome>, more: Partial<SpanExporter> = {}): SpanExporter {
  return { export: run, ...more };
}
