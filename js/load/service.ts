// Behind init(): the module, the destinations, and what they have in common. One a realm.

import { defaultServiceName, environmentConfig, isNode, samplerOf, watchEnd } from "#host";
import { Destination } from "../export/destination.js";
import type { DestinationCounters } from "../export/destination_counters.js";
import type { SpanExporter } from "../export/exporter.js";
import { combineResults, type FlushResult } from "../export/flush_result.js";
import { OtlpHttpExporter, type OtlpHttpExporterOptions } from "../export/otlp_http_exporter.js";
import type { EnvironmentConfig } from "../export/otlp_config.js";
import { systemTimers } from "../export/timers.js";
import { suppressTracing } from "../tracing/context.js";
import type { LocalTrace } from "../tracing/local_trace.js";
import { DEFAULT_SPAN_LIMITS } from "../tracing/runtime.js";
import { laterCode } from "../tracing/later.js";
import { finishOpenSpans } from "../tracing/open_spans.js";
import { spansFromRecords } from "../tracing/record_reader.js";
import { Recorder } from "../tracing/recorder.js";
import { Backlog } from "../tracing/backlog.js";
import type { ExportHub, Tracer, TracerStats } from "../tracing/tracer.js";
import { safeText } from "../tracing/values.js";
import { codec, setCodec } from "../tracing/span_codec.js";
import { CodecCore } from "./codec_core.js";
import { Core } from "./core.js";
import { ExportCore } from "./export_core.js";
import { LazyExporter } from "./lazy_exporter.js";
import { loadModule, loadModuleSync, type ModuleChoice } from "./load_module.js";
import { announceModule } from "./module_part.js";
import type { InitOptions } from "./options.js";
import type { RawModule } from "./raw_module.js";
import { VERSION } from "../version.js";
import { resourceAttributes, SCOPE_NAME } from "./resource.js";
import { StagingArea } from "./staging.js";
import { TraceKeeper, type KeeperSettings } from "./trace_keeper.js";

interface NamedExporter {
  name: string;
  exporter: SpanExporter;
  holdsTraces: boolean;
}

/** As many as a record can name. */
const MAX_DESTINATIONS = 24;

export class Service implements ExportHub {
  destinations = 0;
  wholeTraceDestinations = 0;
  readonly #tracer: Tracer;
  readonly #recorder: Recorder;
  readonly #movesExport: (before: InitOptions, after: InitOptions) => boolean;
  readonly #all: Destination[] = [];
  #options: InitOptions = {};
  #isConfigured = false;
  #core: Core | null = null;
  #policies: ExportCore | null = null;
  #loading: Promise<void> | null = null;
  /** OTEL_* variables, read with the first init(); null in browsers. */
  #environment: EnvironmentConfig | null = null;
  #unwatch: (() => void) | null = null;
  #keeper: TraceKeeper | null = null;
  #isDead = false;
  #isShut = false;

  /** `movesExport` is given, so that no file is shared with what pages load at once. */
  constructor(tracer: Tracer, movesExport: (before: InitOptions, after: InitOptions) => boolean) {
    this.#tracer = tracer;
    this.#movesExport = movesExport;
    this.#recorder = new Recorder((destinations) => {
      this.#recorded(destinations);
    });
  }

  get core(): Core | null {
    return this.#core;
  }

  // --- configuration ------------------------------------------------------------------------

  /** Spans that ended before this code was loaded come next; their destinations are there. */
  takeOver(): void {
    const tracer = this.#tracer;
    tracer.hub = this;
    const before = tracer.recorder;
    tracer.recorder = this.#recorder;
    tracer.later = laterCode;
    laterCode.nameInputs(tracer.unnamedInputs.splice(0));
    for (const placing of tracer.unplaced.splice(0)) laterCode.place(...placing);
    if (before instanceof Backlog) before.drainTo(this.#recorder, (trace) => this.#keeper?.traceStarted(trace));
  }

  /** Loads the module, once. Never rejects. */
  load(isSync: boolean): Promise<void> {
    return (this.#loading ??= (isSync ? this.#loadAtOnce() : null) ?? this.#load());
  }

  /** null where the host or the compiler's glue allows no loading at once. */
  #loadAtOnce(): Promise<void> | null {
    try {
      const raw = loadModuleSync(this.#moduleChoice, this.#onAbort);
      if (raw === null) return null;
      this.#moduleIsReady(raw);
    } catch (error) {
      this.#moduleIsMissing(error);
    }
    return Promise.resolve();
  }

  /** Throws TraceError where an exporter refuses its options; nothing is changed then. */
  configure(given: InitOptions): void {
    const before = this.#options;
    const options = { ...before, ...given };
    const isFirst = !this.#isConfigured;
    if (options.logger !== undefined) this.#tracer.logger = options.logger;
    if (isFirst)
      this.#environment = environmentConfig((message) => {
        this.#tracer.logger.warn(message.replace(/^spandrel: /, ""));
      });
    // Made before anything is changed: a wrong endpoint is the caller's error and leaves all as it was.
    const exporters = isFirst || this.#movesExport(before, options) || this.#isShut ? this.#exportersOf(options) : null;
    this.#options = options;
    this.#isConfigured = true;

    const tracer = this.#tracer;
    const env = this.#environment;
    if (options.sampler !== undefined) tracer.sampler = options.sampler;
    else if (isFirst && env?.sampler !== undefined) tracer.sampler = samplerOf(env.sampler);
    else if (isFirst && env?.traces.samplingRatio !== undefined)
      tracer.sampler = samplerOf({ name: "parentbased_traceidratio", ratio: env.traces.samplingRatio });
    if (isFirst || given.limits !== undefined)
      tracer.limits = { ...DEFAULT_SPAN_LIMITS, ...env?.limits, ...definedOf(options.limits ?? {}) };
    if (given.spanProcessors !== undefined) tracer.spanProcessors = [...given.spanProcessors];
    if (given.beforeSeal !== undefined) tracer.beforeSeal = given.beforeSeal;
    if (options.experimentId !== undefined) tracer.experimentId = options.experimentId;
    if (options.batch?.queueBytes !== undefined) this.#recorder.setMaxBacklogBytes(options.batch.queueBytes);
    if (exporters !== null) this.#replaceDestinations(exporters);
    else if (given.batch !== undefined) for (const destination of this.#current()) destination.configure(definedOf(given.batch));
    if (given.serviceName !== undefined || given.resource !== undefined) this.#sendResource();
    if (isFirst || given.traceTimeoutMillis !== undefined || given.retainTraces !== undefined) this.#keepTraces(options);
    this.#isShut = false;
    if (this.#isDead || env?.isDisabled === true) return;
    tracer.start();
    this.#unwatch ??= watchEnd({
      destinations: () => this.#all,
      pendingSpans: () => this.#pendingSpans(),
      flush: (timeout) => this.flush(timeout),
      logger: tracer.logger,
      exitTimeoutMillis: options.exitTimeoutMillis,
    });
  }

  #keepTraces({ retainTraces, traceTimeoutMillis }: InitOptions): void {
    const { timeoutSeconds, ttlSeconds, maxTraces } = this.#environment?.traces ?? {};
    const settings: KeeperSettings = {
      isRetaining: retainTraces === true,
      timeoutMillis: traceTimeoutMillis ?? (timeoutSeconds === undefined ? undefined : timeoutSeconds * 1000),
      ttlSeconds,
      maxTraces,
    };
    if (this.#keeper !== null) {
      this.#keeper.configure(settings);
    } else if (settings.isRetaining || settings.timeoutMillis !== undefined) {
      this.#keeper = new TraceKeeper(
        this.#tracer,
        () => (this.#core === null || this.#isDead ? null : codec().manager()),
        settings,
      );
      this.#tracer.observer = this.#keeper;
      for (const trace of this.#tracer.openTraces) this.#keeper.traceStarted(trace);
    }
  }

  #exportersOf(options: InitOptions): NamedExporter[] {
    const { exporter } = options;
    if (exporter === undefined) {
      return (this.#environment?.exporters ?? ["otlp"]).flatMap((name) => this.#builtIn(name, options));
    }
    // "mlflow" was refused when the options were checked.
    if (typeof exporter === "string") return exporter === "mlflow" ? [] : this.#builtIn(exporter, options);
    return (Array.isArray(exporter) ? exporter : [exporter]).map((each) => ({
      name: "_otlpOptions" in each ? "otlp" : nameOf(each),
      // The public class stands for the one that sends; that one can be used at once here.
      exporter: "_otlpOptions" in each ? new OtlpHttpExporter(each._otlpOptions as OtlpHttpExporterOptions) : each,
      holdsTraces: "holdsTraces" in each && each.holdsTraces === true,
    }));
  }

  #builtIn(name: "otlp" | "console" | "none", options: InitOptions): NamedExporter[] {
    switch (name) {
      case "none":
        return [];
      case "console": {
        const make = async () => (await import("../export/console_exporter.js")).makeConsoleExporter();
        return [{ name, exporter: new LazyExporter(make), holdsTraces: true }];
      }
      case "otlp": {
        const { endpoint, headers, protocol, compression, timeoutMillis, keepalive, logger } = options;
        const { url, ...fromEnvironment } = this.#environment?.otlp ?? {};
        const given = definedOf({ endpoint, headers, protocol, compression, timeoutMillis, keepalive });
        const where = endpoint === undefined && url !== undefined ? { url } : {};
        return [
          {
            name,
            exporter: new OtlpHttpExporter({ ...fromEnvironment, ...where, ...given, logger: logger ?? this.#tracer.logger }),
            holdsTraces: false,
          },
        ];
      }
    }
  }

  /** Later traces go to the new ones; the old ones deliver what they have. */
  #replaceDestinations(exporters: NamedExporter[]): void {
    if (this.#all.length + exporters.length > MAX_DESTINATIONS) {
      this.#tracer.logger.warn(`init() was called with ${String(MAX_DESTINATIONS)} different destinations; the last ones stay`);
      return;
    }
    this.destinations = 0;
    this.wholeTraceDestinations = 0;
    for (const { name, exporter, holdsTraces } of exporters) {
      const destination = this.#makeDestination(this.#freeName(name), exporter, holdsTraces);
      this.#all.push(destination);
      this.destinations |= 1 << destination.id;
      if (holdsTraces) this.wholeTraceDestinations |= 1 << destination.id;
      if (this.#core !== null) this.#announce(destination, this.#core);
    }
  }

  #makeDestination(name: string, exporter: SpanExporter, holdsTraces: boolean): Destination {
    const { logger, clock } = this.#tracer;
    const recorder = this.#recorder;
    const { exportTimeoutMillis, ...batch } = this.#environment?.batch ?? {};
    return new Destination({
      id: this.#all.length,
      name,
      exporter,
      core: () => this.#core,
      policies: () => this.#policies,
      commitStaged: () => {
        recorder.commit();
      },
      spansFromRecords,
      suppressTracing,
      unreportedLosses: () => recorder.unreportedLosses,
      batch: { ...(isNode ? {} : { delayMillis: 1000 }), ...batch, ...definedOf(this.#options.batch ?? {}) },
      exportTimeoutMillis,
      holdsTraces,
      logger,
      clock,
      timers: systemTimers,
    });
  }

  #freeName(name: string): string {
    let free = name;
    for (let i = 2; this.#all.some((destination) => destination.name === free); i++) free = `${name} ${String(i)}`;
    return free;
  }

  #current(): Destination[] {
    return this.#all.filter((destination) => (this.destinations >>> destination.id) & 1);
  }

  // --- the module ---------------------------------------------------------------------------

  async #load(): Promise<void> {
    try {
      const raw = await loadModule(this.#moduleChoice, this.#onAbort);
      if (!this.#isDead) this.#moduleIsReady(raw);
    } catch (error) {
      this.#moduleIsMissing(error);
    }
  }

  get #moduleChoice(): ModuleChoice {
    const { wasm, module } = this.#options;
    const needsAll = isNode || this.#keeper !== null;
    return { source: wasm, isFull: module === undefined ? needsAll : module === "full" };
  }

  #onAbort = (cause: unknown): void => {
    this.#core?.handover.die(cause);
  };

  #moduleIsReady(raw: RawModule): void {
    const core = new Core(raw, (cause) => {
      this.#moduleIsDead(`the tracing module has stopped, spans are no-ops from now on: ${safeText(cause)}`);
    });
    const staging = new StagingArea(core.handover);
    this.#core = core;
    this.#policies = new ExportCore(core.handover);
    setCodec(new CodecCore(core, this.#tracer.logger));
    for (const destination of this.#all) core.addDestination(destination.limits);
    this.#sendResource();
    this.#keeper?.register();
    this.#recorder.attach(core, staging);
    for (const destination of this.#all) destination.moduleIsReady();
    announceModule(core.handover);
  }

  #announce(destination: Destination, core: Core): void {
    try {
      core.addDestination(destination.limits);
      destination.moduleIsReady();
    } catch {
      // a dead module has told so
    }
  }

  #sendResource(): void {
    const { serviceName } = this.#options;
    const resource: Record<string, unknown> = { ...this.#environment?.resource, ...this.#options.resource };
    const own = this.#options.resource?.["service.name"];
    const named = serviceName ?? (typeof own === "string" ? own : (this.#environment?.serviceName ?? defaultServiceName()));
    try {
      const attributes = resourceAttributes(named, { ...resource, "service.name": named }, isNode ? "nodejs" : "webjs");
      this.#recorder.setOrigin(SCOPE_NAME, VERSION, attributes);
    } catch (error) {
      this.#tracer.logger.warn(`the resource could not be set: ${safeText(error)}`);
    }
  }

  #moduleIsMissing(error: unknown): void {
    this.#moduleIsDead(`the tracing module could not be loaded, spans are no-ops: ${safeText(error)}`);
  }

  #moduleIsDead(message: string): void {
    if (this.#isDead) return;
    this.#isDead = true;
    this.#tracer.stop();
    this.#recorder.detach();
    setCodec(null);
    announceModule(null);
    for (const destination of this.#all) destination.moduleIsDead();
    this.#tracer.logger.error(message);
  }

  // --- what the tracer tells ----------------------------------------------------------------

  #recorded(destinations: number): void {
    const all = this.#all;
    if (destinations === 1) return all[0]?.noteRecord();
    for (let id = 0; destinations >>> id !== 0; id++) if ((destinations >>> id) & 1) all[id]?.noteRecord();
  }

  rootEnded(trace: LocalTrace): void {
    for (const destination of this.#holding(trace)) destination.noteRootEnded(trace.hex);
  }

  traceCompleted(trace: LocalTrace): void {
    for (const destination of this.#holding(trace)) destination.noteTraceComplete(trace.hex);
  }

  /** Nothing more will come of this trace: what whole-trace destinations hold of it leaves. */
  releaseTrace(trace: LocalTrace): void {
    for (const destination of this.#holding(trace)) {
      destination.noteTraceComplete(trace.hex);
      try {
        this.#core?.releaseTrace(destination.id, trace.hex);
      } catch {
        // a dead module has told so
      }
    }
  }

  #holding(trace: LocalTrace): Destination[] {
    const mask = trace.destinations & this.wholeTraceDestinations;
    return mask === 0 ? [] : this.#all.filter(({ id }) => (mask >>> id) & 1);
  }

  // --- flush, shutdown, stats ---------------------------------------------------------------

  async flush(options: { timeoutMillis?: number } = {}): Promise<FlushResult> {
    const timeout = timeoutOf(options);
    return combineResults(await Promise.all(this.#all.map((destination) => destination.flush(timeout))));
  }

  async shutdown(options: { timeoutMillis?: number } = {}): Promise<FlushResult> {
    const timeout = timeoutOf(options);
    this.#isShut = true;
    // Spans that wait for the module wait a little longer: their records come first.
    if (this.#loading !== null && this.#core === null && !this.#isDead)
      await settled(this.#loading, timeout.timeoutMillis ?? 5000);
    this.#keeper?.stop();
    this.#unwatch?.();
    this.#unwatch = null;
    finishOpenSpans(this.#tracer);
    this.#tracer.stop();
    return combineResults(await Promise.all(this.#all.map((destination) => destination.shutdown(timeout))));
  }

  stats(): TracerStats {
    const destinations: Record<string, DestinationCounters> = {};
    for (const destination of this.#all) destinations[destination.name] = destination.counters();
    return {
      destinations,
      notProduced: { unfinished: this.#tracer.unfinished, sampled_out: this.#tracer.sampledOut },
      module: this.#isDead ? "dead" : this.#core !== null ? "ready" : this.#loading !== null ? "loading" : "none",
    };
  }

  #pendingSpans(): number {
    return this.#all.reduce((sum, destination) => sum + destination.counters().pending, 0);
  }
}

function settled(promise: Promise<unknown>, timeoutMillis: number): Promise<unknown> {
  return Promise.race([
    promise,
    new Promise((resolve) =>
      systemTimers.schedule(
        () => {
          resolve(undefined);
        },
        timeoutMillis,
        true,
      ),
    ),
  ]);
}

function timeoutOf(options: unknown): { timeoutMillis?: number } {
  const timeoutMillis = (options as { timeoutMillis?: unknown } | null)?.timeoutMillis;
  return typeof timeoutMillis === "number" && timeoutMillis >= 0 ? { timeoutMillis } : {};
}

function definedOf<T extends object>(object: T): Partial<T> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as Partial<T>;
}

function nameOf(exporter: SpanExporter): string {
  const name: unknown = exporter.constructor?.name;
  return typeof name === "string" && name !== "" && name !== "Object" ? name : "exporter";
}
