// Sends whole traces to an MLflow server: the spans by OTLP, then what is known of the trace, then
// the spans once more as an artifact where the server does not keep them itself, then its prompts.
//
// A trace comes as one batch (export/trace_destination.ts) and is taken out of the trace manager
// here. Asynchronous: as a task of a bounded queue. Synchronous: the first request starts inside
// export(). Spans without their trace (late ones, those of open traces, those whose root is in
// another process) go by OTLP alone.

import { ExportError } from "../export/export_error.js";
import type { Outcome, SpanBatch } from "../export/exporter.js";
import { departureOf, type AttachmentCounts, type TraceExporter } from "../export/trace_exporter.js";
import { systemTimers, type Timers } from "../export/timers.js";
import { systemClock, type Clock } from "../tracing/clock.js";
import { suppressTracing } from "../tracing/context.js";
import { EVALUATION_TAG } from "../tracing/late_names.js";
import type { LocalTrace } from "../tracing/local_trace.js";
import { tracer } from "../tracing/realm.js";
import type { Logger } from "../tracing/runtime.js";
import type { Span } from "../tracing/span.js";
import type { Trace } from "../tracing/trace.js";
import type { TraceInfo } from "../tracing/trace_info.js";
import { TraceManager, type PromptVersion } from "../tracing/trace_manager.js";
import { AsyncExportQueue } from "./async_export_queue.js";
import { AttachmentUploads } from "./attachment_uploads.js";
import { getDisplayHandler } from "./display_handler.js";
import type { ExitHooks } from "./exit_hooks.js";
import { combined, ExportLog, failure, isUnsupported, lossReasonOf } from "./export_outcome.js";
import {
  DATABRICKS_PREVIEW_LENGTH,
  asyncVariable,
  attachmentRules,
  experimentIdVariable,
  isDatabricksUri,
  runsInDatabricks,
  trackingUriVariable,
} from "./exporter_settings.js";
import { addEnvironment, addSizes, jobsOf, spansToUpload, type ExportJob, type TakenTrace } from "./export_job.js";
import { exportStarted } from "./pending_exports.js";
import type { UploadCompression } from "./span_upload.js";
import { Task } from "./task.js";
import type { TraceStore } from "./trace_store.js";
import { makeDefaultClient } from "./default_client.js";

export interface MlflowExporterOptions {
  /** http(s)://…, or "databricks" or "databricks://profile". Default: MLFLOW_TRACKING_URI. */
  trackingUri?: string | undefined;
  /** Of traces that name none. Default: MLFLOW_EXPERIMENT_ID, else "0". */
  experimentId?: string | undefined;
  /**
   * Default: MLFLOW_ENABLE_ASYNC_TRACE_LOGGING; where that is not set, true for Databricks (but for
   * its notebooks) and false for every other server.
   */
  async?: boolean | undefined;
  /** What traces are sent with; default: a TracingClient for the tracking URI. */
  client?: TraceStore | undefined;
  /** Of that client: of spans on their way, and of one attempt. Default "none" and MLFLOW_HTTP_REQUEST_TIMEOUT, else 120,000. */
  compression?: UploadCompression | undefined;
  timeoutMillis?: number | undefined;
  /** Whether it may use the endpoints of servers before 3.3, which give traces new ids. Default false. */
  usesOldEndpoints?: boolean | undefined;
  /** Of the asynchronous queue: traces that wait, and how many are sent at a time. */
  maxQueueSize?: number | undefined;
  maxWorkers?: number | undefined;
  /** For one trace, all requests and their repetitions together. Default 620,000. */
  exportTimeoutMillis?: number | undefined;
  /** In Node: user, program and commit stand in the metadata of each trace, as MLflow's SDK has it. Default true. */
  tellsEnvironment?: boolean | undefined;
  /** Default: whether DATABRICKS_RUNTIME_VERSION is set. */
  isInDatabricksNotebook?: boolean | undefined;
  logger?: Logger | undefined;
  clock?: Clock | undefined;
  timers?: Timers | undefined;
  exitHooks?: ExitHooks | undefined;
}

/** What became of the spans of one job. null: nobody tried. */
export interface SpansLogged {
  lost: number;
  /** Of the last failure. */
  error: unknown;
}

/** MLflow's limit of retries (500 s), and a last request. */
const DEFAULT_EXPORT_MILLIS = 620_000;
/** Synchronous exports under way; more wait in a queue. */
const MAX_SYNCHRONOUS = 64;
const STORED_BY_SERVER = "TRACKING_STORE";
const SPANS_LOCATION_TAG = "mlflow.trace.spansLocation";

export class MlflowExporter implements TraceExporter {
  readonly sendsTraces = true;
  readonly destinationName: string = "mlflow";
  readonly isAsync: boolean;
  /** null where it is synchronous. */
  readonly asyncQueue: AsyncExportQueue | null;
  protected readonly options: MlflowExporterOptions;
  protected readonly log: ExportLog;
  readonly #timers: Timers;
  readonly #experimentId: string | undefined;
  #client: TraceStore | null;
  #closeClient: (() => void) | null = null;
  /** null: not known yet. */
  #takesSpans: boolean | null = null;
  #overflow: AsyncExportQueue | null = null;
  readonly #running = new Set<Promise<unknown>>();
  readonly #linking = new Set<Promise<unknown>>();
  readonly #attachments: AttachmentUploads;
  /** Spans that have left before their trace, by the trace's id. */
  readonly #sentEarly = new Map<string, number>();

  constructor(options: MlflowExporterOptions = {}) {
    this.options = options;
    const logger = options.logger ?? tracer().logger;
    this.log = new ExportLog(logger, options.clock ?? systemClock);
    this.#timers = options.timers ?? systemTimers;
    this.#client = options.client ?? null;
    this.#experimentId = options.experimentId ?? experimentIdVariable();
    this.isAsync = options.async ?? asyncVariable(logger) ?? this.isAsyncByDefault();
    this.asyncQueue = this.isAsync ? this.#makeQueue() : null;
    this.#attachments = new AttachmentUploads(
      () => this.client,
      attachmentRules(logger),
      (span, info) => this.locationOf(span, info),
      this.log,
    );
  }

  // --- what the destination asks ------------------------------------------------------------

  isSynchronousFor(trace: LocalTrace): boolean {
    return !this.isAsync || trace.values?.tags.has(EVALUATION_TAG) === true;
  }

  /** Once the server has taken some: one that takes none gets the spans with their trace. */
  get takesOpenTraces(): boolean {
    return this.#takesSpans === true && !this.isDatabricks;
  }

  /** null: no trace had any. */
  get attachments(): AttachmentCounts | null {
    return this.#attachments.counts;
  }

  get mayLogSpans(): boolean {
    return this.#takesSpans !== false && !this.isDatabricks;
  }

  get previewMaxLength(): number | undefined {
    return this.isDatabricks ? DATABRICKS_PREVIEW_LENGTH : undefined;
  }

  protected get isDatabricks(): boolean {
    return isDatabricksUri(this.#client?.trackingUri ?? this.options.trackingUri ?? trackingUriVariable() ?? "");
  }

  protected isAsyncByDefault(): boolean {
    return this.isDatabricks && !(this.options.isInDatabricksNotebook ?? runsInDatabricks());
  }

  // --- exporting ----------------------------------------------------------------------------

  async export(batch: SpanBatch): Promise<Outcome> {
    const isByHand = departureOf(batch) === null;
    const jobs = jobsOf(batch, (hex) => this.#take(hex, isByHand), this.#sentEarly);
    const outcomes = await Promise.all(jobs.map((job) => this.#exportJob(job)));
    return combined(outcomes, jobs);
  }

  #take(traceIdHex: string, isByHand: boolean): TakenTrace | null {
    const taken = TraceManager.getInstance()._takeTrace(traceIdHex);
    if (taken === null) {
      this.log.debug(`trace ${traceIdHex} is not known here (any more); its spans go without it`);
      return null;
    }
    const { info } = taken.trace;
    const evaluationId = info.tags[EVALUATION_TAG];
    if (evaluationId !== undefined) tracer().later?.registerEvaluationTrace(evaluationId, info.traceId);
    else getDisplayHandler().displayTraces([taken.trace]);
    if (isByHand) tracer().lastTrace = info;
    return taken;
  }

  #exportJob(job: ExportJob): Promise<Outcome> {
    const early = this.logSpansAhead(job);
    const isAsync = this.isAsync && !this.isEvaluated(job.taken);
    const { asyncQueue } = this;
    const work = isAsync && asyncQueue !== null ? this.#put(asyncQueue, job, early) : this.#now(job, early);
    if (job.taken !== null) exportStarted(job.taken.trace.info.traceId, work);
    return tracked(this.#running, work);
  }

  /** Evaluations read their traces at once. */
  protected isEvaluated(taken: TakenTrace | null): boolean {
    return taken?.trace.info.tags[EVALUATION_TAG] !== undefined;
  }

  /** As many at a time as a burst of traces may start; what is beyond waits, as it would in the queue. */
  #now(job: ExportJob, early: Promise<SpansLogged> | null): Promise<Outcome> {
    if (this.#running.size < MAX_SYNCHRONOUS) return this.#bounded(job, early);
    return this.#put((this.#overflow ??= this.#makeQueue()), job, early);
  }

  #put(queue: AsyncExportQueue, job: ExportJob, early: Promise<SpansLogged> | null): Promise<Outcome> {
    // Nothing is left but to wait for the spans, which have a queue's task of their own.
    if (early !== null && job.taken === null) return this.#bounded(job, early);
    return new Promise((resolve) => {
      const run = async (): Promise<void> => {
        const outcome = this.#bounded(job, early);
        resolve(outcome);
        await outcome;
      };
      const onDropped = (reason: Parameters<typeof failure>[1]): void => {
        resolve(failure(new ExportError("the export queue is full", { lossReason: reason ?? "queue_full" })));
      };
      queue.put(new Task(run, [], "Failed to log trace to the trace server.", onDropped));
    });
  }

  /** A client that never answers holds a place for so long and no longer. */
  #bounded(job: ExportJob, early: Promise<SpansLogged> | null): Promise<Outcome> {
    // Whatever a client does: sending spans makes no spans.
    const work = suppressTracing(() => this.#run(job, early));
    return new Promise((resolve) => {
      const cancel = this.#timers.schedule(() => {
        const error = new ExportError("the server did not answer in time", { lossReason: "unknown_outcome" });
        this.log.failed("Failed to send trace to MLflow backend", error);
        resolve(failure(error));
      }, this.options.exportTimeoutMillis ?? DEFAULT_EXPORT_MILLIS);
      void work.then((outcome) => {
        cancel();
        resolve(outcome);
      });
    });
  }

  /** Never rejects. */
  async #run(given: ExportJob, early: Promise<SpansLogged> | null): Promise<Outcome> {
    // Without an await where there is nothing to wait for: the first request starts at once.
    const detaching = early === null ? this.#attachments.detach(given) : { job: given, attachments: [] };
    const detached = "then" in detaching ? await detaching : detaching;
    const { job } = detached;
    const logging = early === null ? this.#logSpans(job) : null;
    const logged = logging === null ? null : await logging;
    const sent = job.taken === null ? null : await this.#sendTrace(job.taken, job, logged);
    const spans = early === null ? logged : await early;
    if (sent?.info !== undefined) this.#attachments.upload(detached, sent.info);
    else if (spans !== null && spans.lost < job.spans.length) this.#attachments.upload(detached, null);
    else this.#attachments.drop(detached);
    if (sent?.failed !== undefined) return failure(sent.failed);
    if (sent?.hasUploaded === true) return { status: "success" };
    if (spans === null)
      return failure(new ExportError("the server takes no spans without their trace", { lossReason: job.lossReason }));
    if (spans.lost === 0) return { status: "success" };
    this.spansLost(spans.error);
    if (spans.lost < job.spans.length) return { status: "success", rejectedSpans: spans.lost };
    return failure(spans.error);
  }

  // --- spans --------------------------------------------------------------------------------

  /** Spans that leave on a way of their own, before and beside the trace. */
  protected logSpansAhead(_job: ExportJob): Promise<SpansLogged> | null {
    return null;
  }

  /** null: this server takes none. */
  #logSpans(job: ExportJob): Promise<SpansLogged | null> | null {
    if (job.spans.length === 0) return Promise.resolve({ lost: 0, error: null });
    if (this.mayLogSpans) return this.#logByLocation(job);
    if (this.isDatabricks) this.log.debug("Databricks takes spans into tables only; they go with their trace");
    return null;
  }

  async #logByLocation({ spans, taken }: ExportJob): Promise<SpansLogged | null> {
    const byLocation = new Map<string, Span[]>();
    for (const span of spans) {
      const location = this.locationOf(span, taken?.trace.info ?? null);
      const group = location === null ? undefined : byLocation.get(location);
      if (group !== undefined) group.push(span);
      else if (location !== null) byLocation.set(location, [span]);
    }
    const all: SpansLogged = { lost: spans.length, error: null };
    for (const group of byLocation.values()) all.lost -= group.length;
    if (all.lost > 0) all.error = new ExportError("no table is known for the spans", { lossReason: "rejected" });
    for (const [location, group] of byLocation) {
      const { lost, error } = await this.logGroup(location, group);
      if (!this.mayLogSpans) return null;
      all.lost += lost;
      if (lost > 0) all.error = error;
    }
    return all;
  }

  /** Never rejects. */
  protected async logGroup(location: string, spans: readonly Span[]): Promise<SpansLogged> {
    try {
      await this.client.logSpans(location, spans);
      this.#takesSpans ??= true;
      return { lost: 0, error: null };
    } catch (error) {
      this.spansFailed(error);
      return { lost: spans.length, error };
    }
  }

  protected spansFailed(error: unknown): void {
    if (isUnsupported(error)) this.#takesSpans = false;
    else this.log.debug(`Failed to log span to MLflow backend: ${String(lossReasonOf(error))}`);
  }

  /** They were not saved by an artifact either. */
  protected spansLost(error: unknown): void {
    this.log.failed("Failed to log spans to the trace server", error);
  }

  /** Where a span belongs; null: nowhere. */
  protected locationOf(span: Span, info: TraceInfo | null): string | null {
    const named = info?.experimentId ?? span.getAttribute("mlflow.experimentId");
    const id = typeof named === "string" ? named : "0";
    return id === "0" ? (this.#experimentId ?? id) : id;
  }

  // --- the trace ----------------------------------------------------------------------------

  async #sendTrace(
    { trace, prompts, unfinished }: TakenTrace,
    job: ExportJob,
    logged: SpansLogged | null,
  ): Promise<{ hasUploaded: boolean; info?: TraceInfo; failed?: unknown }> {
    try {
      this.#placeInExperiment(trace.info);
      if (this.options.tellsEnvironment !== false) addEnvironment(trace.info);
      addSizes(trace, this.log);
      const returned = (await this.client.startTrace(trace.info)) as TraceInfo | undefined;
      const info = returned ?? trace.info;
      let hasUploaded = false;
      if (this.shouldLogSpansToArtifacts(info)) {
        await this.client.uploadTraceData(info, { spans: spansToUpload(trace, unfinished) });
        hasUploaded = true;
      }
      this.#linkPrompts(trace, prompts);
      return { hasUploaded, info };
    } catch (error) {
      this.log.failed("Failed to send trace to MLflow backend", error);
      if (logged === null || logged.lost < job.spans.length) this.#linkPrompts(trace, prompts);
      return { hasUploaded: false, failed: error };
    }
  }

  #placeInExperiment(info: TraceInfo): void {
    if (this.#experimentId === undefined || info.experimentId !== "0") return;
    info.traceLocation = { type: "MLFLOW_EXPERIMENT", mlflow_experiment: { experiment_id: this.#experimentId } };
  }

  /** The server says in the info it answers whether it keeps the spans itself. */
  protected shouldLogSpansToArtifacts(info: TraceInfo): boolean {
    return (info as Partial<TraceInfo>).tags?.[SPANS_LOCATION_TAG] !== STORED_BY_SERVER;
  }

  /** The export does not wait for it, flush() does. */
  #linkPrompts({ info }: Trace, prompts: readonly PromptVersion[]): void {
    if (prompts.length === 0) return;
    const link = async (): Promise<void> => {
      try {
        await this.client.linkPromptVersionsToTrace(info.traceId, prompts);
      } catch (error) {
        this.log.failed("Failed to link prompts to trace", error);
      }
    };
    void tracked(this.#linking, link());
  }

  // --- around -------------------------------------------------------------------------------

  protected get client(): TraceStore {
    return (this.#client ??= this.#makeClient());
  }

  #makeClient(): TraceStore {
    const { trackingUri, compression, timeoutMillis, usesOldEndpoints } = this.options;
    const client = makeDefaultClient(this.log.logger, { trackingUri, compression, timeoutMillis, usesOldEndpoints });
    this.#closeClient = () => {
      client.close();
    };
    return client;
  }

  #makeQueue(): AsyncExportQueue {
    const { maxQueueSize, maxWorkers, clock, timers, exitHooks } = this.options;
    return new AsyncExportQueue({ maxQueueSize, maxWorkers, clock, timers, exitHooks, logger: this.log.logger });
  }

  startNow(): void {
    this.asyncQueue?.startNow();
    this.#overflow?.startNow();
  }

  /** Waits for what was handed over so far, prompts included. */
  async flush(): Promise<void> {
    await this.asyncQueue?.flush({ terminate: true });
    await this.#overflow?.flush({ terminate: true });
    await Promise.all([...this.#running]);
    await Promise.all([...this.#linking]);
    await this.#attachments.flush();
  }

  async shutdown(): Promise<void> {
    await this.flush();
    this.#closeClient?.();
  }
}

/** `work` never rejects. */
function tracked<T>(among: Set<Promise<unknown>>, work: Promise<T>): Promise<T> {
  among.add(work);
  void work.then(() => among.delete(work));
  return work;
}
