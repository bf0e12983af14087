// Keeps finished traces for the serving layer of Databricks, which fetches each by the id it gave the
// request (popInferenceTrace). Where an experiment is named, traces go to MLflow as well.

import { ExportError } from "../export/export_error.js";
import type { Outcome, SpanBatch } from "../export/exporter.js";
import type { TraceExporter } from "../export/trace_exporter.js";
import type { Timers } from "../export/timers.js";
import { systemClock, type Clock } from "../tracing/clock.js";
import { tracer } from "../tracing/realm.js";
import type { Logger } from "../tracing/runtime.js";
import { TraceManager } from "../tracing/trace_manager.js";
import { AsyncExportQueue } from "./async_export_queue.js";
import { makeDefaultClient } from "./default_client.js";
import type { ExitHooks } from "./exit_hooks.js";
import { addEnvironment, addSizes, jobsOf, type ExportJob, type TakenTrace } from "./export_job.js";
import { ExportLog, failure } from "./export_outcome.js";
import { experimentIdVariable } from "./exporter_settings.js";
import { inferenceBuffer } from "./inference_buffer.js";
import { Task } from "./task.js";
import type { TraceStore } from "./trace_store.js";

export interface InferenceTableExporterOptions {
  /** Traces go to MLflow too. Default: MLFLOW_EXPERIMENT_ID, which must then still be set when a trace ends. */
  experimentId?: string | undefined;
  /** Default: a TracingClient for "databricks". */
  client?: TraceStore | undefined;
  maxQueueSize?: number | undefined;
  maxWorkers?: number | undefined;
  logger?: Logger | undefined;
  clock?: Clock | undefined;
  timers?: Timers | undefined;
  exitHooks?: ExitHooks | undefined;
}

export class InferenceTableExporter implements TraceExporter {
  readonly sendsTraces = true;
  readonly destinationName = "inference_table";
  readonly takesOpenTraces = false;
  readonly mayLogSpans = false;
  readonly #options: InferenceTableExporterOptions;
  readonly #log: ExportLog;
  readonly #asyncQueue: AsyncExportQueue | null;
  #client: TraceStore | null;

  constructor(options: InferenceTableExporterOptions = {}) {
    this.#options = options;
    const { maxQueueSize, maxWorkers, clock, timers, exitHooks, logger = tracer().logger } = options;
    this.#log = new ExportLog(logger, clock ?? systemClock);
    this.#client = options.client ?? null;
    const goesToMlflow = (options.experimentId ?? experimentIdVariable()) !== undefined;
    this.#asyncQueue = goesToMlflow ? new AsyncExportQueue({ maxQueueSize, maxWorkers, clock, timers, exitHooks, logger }) : null;
  }

  /** The serving layer asks as soon as its request is answered. */
  isSynchronousFor(): boolean {
    return true;
  }

  async export(batch: SpanBatch): Promise<Outcome> {
    const jobs = jobsOf(batch, (hex) => this.#take(hex), new Map());
    const outcomes = await Promise.all(jobs.map((job) => this.#exportJob(job)));
    const failed = outcomes.filter(({ status }) => status !== "success");
    return failed[0] !== undefined && failed.length === outcomes.length
      ? failed[0]
      : { status: "success", rejectedSpans: outcomes.reduce((sum, each, i) => sum + lostOf(each, jobs[i]), 0) };
  }

  #take(traceIdHex: string): TakenTrace | null {
    const taken = TraceManager.getInstance()._takeTrace(traceIdHex);
    if (taken === null) this.#log.debug(`trace ${traceIdHex} is not known here (any more); its spans are not kept`);
    else tracer().lastTrace = taken.trace.info;
    return taken;
  }

  #exportJob({ taken, lossReason }: ExportJob): Promise<Outcome> {
    if (taken === null) {
      this.#log.debug("spans without their trace are not kept");
      return lost("spans without their trace are not kept", lossReason);
    }
    const { info } = taken.trace;
    const requestId = info.clientRequestId;
    if (requestId === null) this.#log.debug(`trace ${info.traceId} has no client request id; it is not kept`);
    else inferenceBuffer().set(requestId, taken.trace.toDict());
    if (this.#asyncQueue !== null && this.#isWanted(taken)) return this.#put(this.#asyncQueue, taken);
    return requestId === null ? lost("the trace has no client request id", "rejected") : Promise.resolve({ status: "success" });
  }

  #isWanted({ trace }: TakenTrace): boolean {
    if (this.#options.experimentId === undefined && experimentIdVariable() === undefined) return false;
    if (trace.info.experimentId !== null) return true;
    this.#log.debug(`trace ${trace.info.traceId} has no experiment; it is not sent to MLflow`);
    return false;
  }

  #put(queue: AsyncExportQueue, taken: TakenTrace): Promise<Outcome> {
    const { info } = taken.trace;
    return new Promise((resolve) => {
      const run = async (): Promise<void> => {
        try {
          await this.#send(taken);
          resolve({ status: "success" });
        } catch (error) {
          resolve(failure(error));
          this.#log.failed("Failed to export trace to MLflow backend", error);
        }
      };
      queue.put(
        new Task(run, [], `Failed to log trace ${info.traceId}.`, (lossReason) => {
          resolve(failure(new ExportError("the export queue is full", { lossReason })));
        }),
      );
    });
  }

  async #send({ trace, prompts }: TakenTrace): Promise<void> {
    const experimentId = this.#options.experimentId ?? experimentIdVariable();
    if (trace.info.experimentId === "0" && experimentId !== undefined)
      trace.info.traceLocation = { type: "MLFLOW_EXPERIMENT", mlflow_experiment: { experiment_id: experimentId } };
    addEnvironment(trace.info);
    addSizes(trace, this.#log);
    const client = (this.#client ??= makeDefaultClient(this.#log.logger, { trackingUri: "databricks" }));
    const returned = (await client.startTrace(trace.info)) as typeof trace.info | undefined;
    await client.uploadTraceData(returned ?? trace.info, trace.data);
    if (prompts.length > 0) {
      try {
        await client.linkPromptVersionsToTrace(returned?.traceId ?? trace.info.traceId, prompts);
      } catch (error) {
        this.#log.failed("Failed to link prompts to trace", error);
      }
    }
    this.#log.debug(`Finished logging trace to MLflow backend. TraceInfo: ${returned?.traceId ?? trace.info.traceId}`);
  }

  startNow(): void {
    this.#asyncQueue?.startNow();
  }

  async flush(): Promise<void> {
    await this.#asyncQueue?.flush({ terminate: true });
  }

  shutdown(): Promise<void> {
    return this.flush();
  }
}

function lost(message: string, lossReason: ExportJob["lossReason"]): Promise<Outcome> {
  return Promise.resolve(failure(new ExportError(message, { lossReason })));
}

function lostOf(outcome: Outcome, job: ExportJob | undefined): number {
  return outcome.status === "success" ? 0 : (job?.spans.length ?? 0);
}
