// Behind init(): the module, the destinations, and what they have in common. One a realm.

import {
  defaultServiceName,
  environmentConfig,
  isNode,
  lateConsoleExporter,
  lateRoutingExporter,
  samplerOf,
  watchEnd,
} from "#host";
import { Destination } from "../export/destination.js";
import type { DestinationCounters } from "../export/destination_counters.js";
import type { SpanExporter } from "../export/exporter.js";
import { combineResults, type FlushResult } from "../export/flush_result.js";
import { OtlpHttpSender, type OtlpHttpExporterOptions } from "../export/otlp_http_sender.js";
import type { EnvironmentConfig, PropagatorName } from "../export/otlp_config.js";
import { systemTimers } from "../export/timers.js";
import { TraceDestination } from "../export/trace_destination.js";
import { isTraceExporter } from "../export/trace_exporter.js";
import {
  DATABRICKS_PREVIEW_LENGTH,
  experimentIdVariable,
  isDatabricksUri,
  isDualExport,
  isServerUri,
  trackingUriVariable,
} from "../mlflow/exporter_settings.js";
import { suppressTracing } from "../tracing/context.js";
import type { LocalTrace } from "../tracing/local_trace.js";
import { DEFAULT_SPAN_LIMITS, type SpanSink } from "../tracing/runtime.js";
import { laterCode } from "../tracing/later.js";
import { finishOpenSpans } from "../tracing/open_spans.js";
import { spansFromRecords } from "../tracing/record_reader.js";
import { Recorder } from "../tracing/recorder.js";
import type { Backlog } from "../tracing/backlog.js";
import { tracer as theTracer } from "../tracing/realm.js";
import type { ExportHub, TracerStats } from "../tracing/tracer.js";
import { safeText } from "../tracing/values.js";
import { codec, setCodec } from "../tracing/span_codec.js";
import { CodecCore } from "./codec_core.js";
import { Core } from "./core.js";
import { ExportCore } from "./export_core.js";
import { LazyExporter } from "./lazy_exporter.js";
import { LazyTraceExporter } from "./lazy_trace_exporter.js";
import { LeakReports } from "./leak_reports.js";
import { leveledConsole } from "./leveled_console.js";
import { loadModule, loadModuleSync, type ModuleChoice } from "./load_module.js";
import { announceModule } from "./module_part.js";
import { loginOf } from "./login.js";
import { movesExport, type InitOptions } from "./options.js";
import type { RawModule } from "./raw_module.js";
import { TraceError } from "../trace_error.js";
import { VERSION } from "../version.js";
import { resourceAttributes, SCOPE_NAME } from "./resource.js";
import { StagingArea } from "./staging.js";
import { TraceKeeper, type KeeperSettings } from "./trace_keeper.js";

export { OtlpHttpSender } from "../export/otlp_http_sender.js";

type EitherDestination = Destination | TraceDestination;

interface NamedExporter {
  name: string;
  exporter: SpanExporter;
  holdsTraces: boolean;
}

type BuiltIn = "otlp" | "mlflow" | "console" | "none";

/** As many as a record can name. */
const MAX_DESTINATIONS = 24;

export class Service implements ExportHub {
  destinations = 0;
  /** Of now and of before: a trace keeps the destinations it began with. */
  wholeTraceDestinations = 0;
  readonly #tracer = theTracer();
  readonly #recorder: Recorder;
  readonly #all: EitherDestination[] = [];
  #options: InitOptions = {};
  #isConfigured = false;
  #core: Core | null = null;
  #policies: ExportCore | null = null;
  #loading: Promise<void> | null = null;
  /** OTEL_* variables, read with the first init(); null in browsers. */
  #environment: EnvironmentConfig | null = null;
  #unwatch: (() => void) | null = null;
  #keeper: TraceKeeper | null = null;
  #leaks: LeakReports | null = null;
  #isDead = false;
  #isShut = false;

  constructor() {
    this.#recorder = new Recorder((destinations) => {
      this.#recorded(destinations);
    });
  }

  /** OTEL_PROPAGATORS. */
  get propagators(): readonly PropagatorName[] | undefined {
    return this.#environment?.propagators;
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
    tracer.takeLater(laterCode);
    if (!isBacklog(before)) return;
    const traces = new Set<LocalTrace>();
    before.drainTo(this.#recorder, (trace) => {
      traces.add(trace);
      this.#keeper?.traceStarted(trace);
    });
    for (const trace of traces) {
      if (trace.isComplete) this.traceCompleted(trace);
      else if (trace.rootHasEnded) this.rootEnded(trace);
    }
  }

  /** Loads the module, once. Never rejects. In Node its file is there, and compiling takes less time than waiting for it. */
  load(isSync: boolean): Promise<void> {
    return (this.#loading ??= (isSync || isNode ? this.#loadAtOnce() : null) ?? this.#load()).then(() => this.#exportersLoaded());
  }

  /** null where the host has the module's bytes only as a promise. */
  #loadAtOnce(): Promise<void> | null {
    try {
      const raw = loadModuleSync(this.#moduleChoice);
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
    const complaints: string[] = [];
    const environment = environmentConfig((message) => complaints.push(message.replace(/^spandrel: /, "")));
    if (isFirst) this.#environment = environment;
    else complaints.length = 0;
    // MLflow reads these anew with each trace: here they hold for the exporters that are made now.
    if (this.#environment !== null && environment !== null)
      this.#environment = { ...this.#environment, traces: environment.traces };
    const level = options.debug === true ? "debug" : this.#environment?.logLevel;
    if (options.logger !== undefined) this.#tracer.logger = options.logger;
    else if (level !== undefined) this.#tracer.logger = leveledConsole(level);
    for (const complaint of complaints) this.#tracer.logger.warn(complaint);
    if (given.useDefaultTracerProvider === false)
      this.#tracer.warnOnce(
        "provider",
        "useDefaultTracerProvider: false has no effect yet: spans of @opentelemetry/api stay apart",
      );
    // Made before anything is changed: a wrong endpoint is the caller's error and leaves all as it was.
    const exporters = isFirst || movesExport(before, options) || this.#isShut ? this.#exportersOf(options) : null;
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
    if (given.trackingUri !== undefined) tracer.trackingUri = given.trackingUri;
    tracer.login = loginOf(options);
    if (given.beforeSeal !== undefined) tracer.beforeSeal = given.beforeSeal;
    if (options.experimentId !== undefined) tracer.experimentId = options.experimentId;
    else if (isFirst) tracer.experimentId ??= experimentIdVariable() ?? null;
    if (options.batch?.queueBytes !== undefined) this.#recorder.setMaxBacklogBytes(options.batch.queueBytes);
    if (exporters !== null) this.#replaceDestinations(exporters);
    else if (given.batch !== undefined) for (const destination of this.#current()) destination.configure(definedOf(given.batch));
    if (given.serviceName !== undefined || given.resource !== undefined) this.#sendResource();
    if (options.debug === true) (this.#leaks ??= new LeakReports(this.#tracer)).watch(true);
    else this.#leaks?.watch(false);
    if (exporters !== null || given.traceTimeoutMillis !== undefined || given.retainTraces !== undefined)
      this.#keepTraces(options);
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
    const { timeoutSeconds, checkSeconds, ttlSeconds, maxTraces } = this.#environment?.traces ?? {};
    const settings: KeeperSettings = {
      isRetaining: retainTraces === true,
      timeoutMillis: traceTimeoutMillis ?? (timeoutSeconds === undefined ? undefined : timeoutSeconds * 1000),
      checkSeconds,
      ttlSeconds,
      maxTraces,
      previewMaxLength: this.#previewMaxLength(),
    };
    if (this.#keeper !== null) {
      this.#keeper.configure(settings);
    } else if (settings.isRetaining || settings.timeoutMillis !== undefined || this.#traceDestinations().length > 0) {
      this.#keeper = new TraceKeeper(
        this.#tracer,
        () => (this.#core === null || this.#isDead ? null : codec().manager()),
        settings,
        {
          countOf: (trace) => this.#traceDestinations(trace.destinations).length,
          lose: (trace, reason) => {
            for (const destination of this.#traceDestinations(trace.destinations)) destination.discardTrace(trace.hex, reason);
          },
        },
      );
      this.#tracer.observer = this.#keeper;
      for (const trace of this.#tracer.openTraces) this.#keeper.traceStarted(trace);
    }
  }

  /** The least that the servers take, where they take more than others. */
  #previewMaxLength(): number | undefined {
    const ofUri = isDatabricksUri(this.#trackingUri(this.#options) ?? "") ? DATABRICKS_PREVIEW_LENGTH : undefined;
    const lengths = this.#traceDestinations(this.destinations).map(({ exporter }) =>
      "isLoaded" in exporter ? ofUri : exporter.previewMaxLength,
    );
    return lengths.length === 0 ? ofUri : lengths.includes(undefined) ? undefined : Math.min(...(lengths as number[]));
  }

  #traceDestinations(mask = -1): TraceDestination[] {
    return this.#all.filter(
      (destination): destination is TraceDestination => destination.isForTraces && ((mask >>> destination.id) & 1) === 1,
    );
  }

  #trackingUri(options: InitOptions): string | undefined {
    const given = options.trackingUri ?? this.#tracer.trackingUri;
    if (given !== null) return given;
    const uri = trackingUriVariable();
    if (uri === undefined || isServerUri(uri)) return uri;
    this.#tracer.warnOnce("uri", "MLFLOW_TRACKING_URI is ignored: only servers are written to, http(s)://… or databricks");
    return undefined;
  }

  /** MLflow where it is named and no OTLP endpoint is; both where MLflow's variable says so. */
  #defaultExporters(options: InitOptions): BuiltIn[] {
    const { exporters, otlp } = this.#environment ?? {};
    if (this.#trackingUri(options) === undefined) return exporters ?? ["otlp"];
    if (isDualExport(this.#tracer.logger)) return ["mlflow", ...(exporters ?? ["otlp" as const])];
    if (exporters !== undefined) return exporters;
    return options.endpoint === undefined && otlp?.url === undefined ? ["mlflow"] : ["otlp"];
  }

  #exportersOf(options: InitOptions): NamedExporter[] {
    const { exporter } = options;
    if (exporter === undefined) return this.#defaultExporters(options).flatMap((name) => this.#builtIn(name, options));
    if (typeof exporter === "string") return this.#builtIn(exporter, options);
    return (Array.isArray(exporter) ? exporter : [exporter]).map((each) => ({
      name: "_otlpOptions" in each ? "otlp" : nameOf(each),
      // The public class stands for the one that sends; that one can be used at once here.
      exporter: "_otlpOptions" in each ? new OtlpHttpSender(each._otlpOptions as OtlpHttpExporterOptions) : each,
      holdsTraces: ("holdsTraces" in each && each.holdsTraces === true) || isTraceExporter(each),
    }));
  }

  #builtIn(name: BuiltIn, options: InitOptions): NamedExporter[] {
    switch (name) {
      case "mlflow": {
        const { experimentId, compression, timeoutMillis, logger = this.#tracer.logger } = options;
        const trackingUri = this.#trackingUri(options);
        if (trackingUri === undefined)
          throw new TraceError("INVALID_PARAMETER_VALUE", 'exporter: "mlflow" needs a trackingUri, or MLFLOW_TRACKING_URI');
        const given = definedOf({ trackingUri, experimentId, compression, timeoutMillis });
        const make = () => lateRoutingExporter({ ...given, logger });
        return [{ name, exporter: new LazyTraceExporter(make), holdsTraces: true }];
      }
      case "none":
        return [];
      case "console": {
        return [{ name, exporter: new LazyExporter(lateConsoleExporter), holdsTraces: true }];
      }
      case "otlp": {
        const { endpoint, headers, protocol, compression, timeoutMillis, keepalive, logger } = options;
        const { url, ...fromEnvironment } = this.#environment?.otlp ?? {};
        const given = definedOf({ endpoint, headers, protocol, compression, timeoutMillis, keepalive });
        const where = endpoint === undefined && url !== undefined ? { url } : {};
        return [
          {
            name,
            exporter: new OtlpHttpSender({ ...fromEnvironment, ...where, ...given, logger: logger ?? this.#tracer.logger }),
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
    for (const { name, exporter, holdsTraces } of exporters) {
      const destination = this.#makeDestination(this.#freeName(name), exporter, holdsTraces);
      this.#all.push(destination);
      this.destinations |= 1 << destination.id;
      if (holdsTraces) this.wholeTraceDestinations |= 1 << destination.id;
      if (this.#core !== null) this.#announce(destination, this.#core);
    }
  }

  async #exportersLoaded(): Promise<void> {
    for (const { exporter } of this.#all) if ("isLoaded" in exporter) await exporter.isLoaded;
  }

  #makeDestination(name: string, exporter: SpanExporter, holdsTraces: boolean): EitherDestination {
    const { logger, clock } = this.#tracer;
    const recorder = this.#recorder;
    const { exportTimeoutMillis, ...batch } = this.#environment?.batch ?? {};
    const options = {
      id: this.#all.length,
      name,
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
    };
    return isTraceExporter(exporter) ? new TraceDestination({ ...options, exporter }) : new Destination({ ...options, exporter });
  }

  #freeName(name: string): string {
    let free = name;
    for (let i = 2; this.#all.some((destination) => destination.name === free); i++) free = `${name} ${String(i)}`;
    return free;
  }

  #current(): EitherDestination[] {
    return this.#all.filter((destination) => (this.destinations >>> destination.id) & 1);
  }

  // --- the module ---------------------------------------------------------------------------

  async #load(): Promise<void> {
    try {
      const raw = await loadModule(this.#moduleChoice);
      if (!this.#isDead) this.#moduleIsReady(raw);
    } catch (error) {
      this.#moduleIsMissing(error);
    }
  }

  get #moduleChoice(): ModuleChoice {
    const { wasm, module } = this.#options;
    // Whole traces come out of the manager, which the smaller module has not.
    const needsAll = isNode || this.#keeper !== null;
    return { source: wasm, isFull: module === undefined ? needsAll : module === "full" };
  }

  #moduleIsReady(raw: RawModule): void {
    const core = new Core(raw, (cause) => {
      this.#moduleIsDead(`the tracing module has stopped, spans are no-ops from now on: ${safeText(cause)}`);
    });
    const staging = new StagingArea(core.handover);
    this.#core = core;
    this.#policies = new ExportCore(core.handover);
    setCodec(() => {
      this.#recorder.commit(); // exports of spans made by hand need the origin
      return new CodecCore(core, this.#tracer.logger);
    });
    for (const destination of this.#all) addQueue(destination, core);
    this.#sendResource();
    this.#keeper?.register();
    this.#recorder.attach(core, staging);
    for (const destination of this.#all) destination.moduleIsReady();
    announceModule(core.handover);
  }

  #announce(destination: EitherDestination, core: Core): void {
    try {
      addQueue(destination, core);
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
    this.#keeper?.stop();
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
    for (const destination of this.#holding(trace)) destination.noteRootEnded(trace);
  }

  traceCompleted(trace: LocalTrace): void {
    const loss = this.#keeper?.lossOf(trace) ?? null;
    for (const destination of this.#holding(trace)) {
      if (loss !== null && destination.isForTraces) destination.discardTrace(trace.hex, loss);
      else destination.noteTraceComplete(trace);
    }
  }

  /** Nothing more will come of this trace: what whole-trace destinations hold of it leaves. */
  releaseTrace(trace: LocalTrace): void {
    for (const destination of this.#holding(trace)) destination.noteTraceGone(trace);
  }

  #holding(trace: LocalTrace): EitherDestination[] {
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
    this.#leaks?.report();
    this.#leaks?.watch(false);
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

/** By shape: the tracer may be another copy's of the package. */
function isBacklog(sink: SpanSink): sink is Backlog {
  return "drainTo" in sink;
}

/** Before the records that go there. */
function addQueue(destination: EitherDestination, core: Core): void {
  core.addDestination(destination.limits);
  if (destination.isForTraces) destination.queueIsMade();
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
  if (isTraceExporter(exporter)) return exporter.destinationName;
  const name: unknown = exporter.constructor?.name;
  return typeof name === "string" && name !== "" && name !== "Object" ? name : "exporter";
}
