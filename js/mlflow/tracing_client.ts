// The client of an MLflow tracking server: traces, their tags and assessments, experiments.
//
//   await init();                                      // spans are read by the module
//   const client = new TracingClient({ trackingUri: "http://127.0.0.1:5000" });
//   const { traces } = await client.searchTraces({ locations: ["0"], filter: "status = 'ERROR'" });
//
// Every method rejects with TraceError and nothing else. Requests are repeated as retry_schedule.ts says; what a
// method sends and reads stands in the file it calls.

import { clientCore } from "../load/client_core.js";
import { TraceError } from "../trace_error.js";
import { tracer } from "../tracing/realm.js";
import type { Span } from "../tracing/span.js";
import type { Trace } from "../tracing/trace.js";
import type { TraceInfo } from "../tracing/trace_info.js";
import type { PromptVersion } from "../tracing/trace_manager.js";
import { getDisplayHandler } from "./display_handler.js";
import { uploadArtifact, uploadTraceData } from "./artifacts.js";
import type { Assessment } from "./assessment.js";
import {
  deleteAssessment,
  getAssessment,
  logExpectation,
  logFeedback,
  updateAssessment,
  type AssessmentUpdate,
  type ExpectationInput,
  type FeedbackInput,
} from "./assessment_calls.js";
import type { Attachment } from "./attachment.js";
import { ArtifactStores, getAttachment, uploadAttachment } from "./attachment_files.js";
import { serverSettings, type ServerOptions } from "./client_settings.js";
import {
  createExperiment,
  deleteExperiment,
  getExperiment,
  getExperimentByName,
  resolveExperiment,
  type Experiment,
  type NewExperiment,
} from "./experiments.js";
import { RestClient, type RestSeams } from "./rest_client.js";
import { exportOtlpSpans, logSpans, type UploadCompression } from "./span_upload.js";
import { batchGetTraces, getTrace } from "./trace_loader.js";
import {
  deleteTraces,
  deleteTraceTag,
  getTraceInfo,
  linkPrompts,
  linkTracesToRun,
  setTraceTag,
  startTrace,
  type TraceDeletion,
} from "./trace_records.js";
import { searchTraces, type SearchTracesOptions, type SearchTracesResult } from "./trace_search.js";
import type { TraceStore } from "./trace_store.js";

export interface TracingClientOptions extends ServerOptions, RestSeams {
  /** Of spans on their way to the server. Default "none". */
  compression?: UploadCompression;
  /** Whether startTrace() may use the endpoints of servers before 3.3, which give traces new ids. Default false. */
  usesOldEndpoints?: boolean;
}

interface Flush {
  /** What has ended is delivered first. */
  flush?: boolean;
}

interface GetTrace extends Flush {
  silent?: boolean;
  /** false: it is not shown below a notebook's cell. */
  display?: boolean;
}

export class TracingClient implements TraceStore {
  readonly trackingUri: string;
  readonly #rest: RestClient;
  readonly #compression: UploadCompression;
  readonly #usesOldEndpoints: boolean;
  readonly #artifacts: ArtifactStores;

  /** Throws TraceError for a tracking URI that is none, or that is missing. */
  constructor(options: TracingClientOptions = {}) {
    this.#rest = new RestClient(serverSettings(options), options);
    this.#compression = options.compression ?? "none";
    this.#usesOldEndpoints = options.usesOldEndpoints ?? false;
    this.#artifacts = new ArtifactStores(this.#rest);
    this.trackingUri = this.#rest.settings.trackingUri;
  }

  /** The server's address, without user name and password. */
  getHost(): string {
    return this.#rest.settings.baseUrl;
  }

  /** Breaks off what is under way. */
  close(): void {
    this.#rest.close();
  }

  // --- traces -----------------------------------------------------------------------------------

  /** Stores a trace's info; the answer is the info as the server keeps it. */
  startTrace(info: TraceInfo): Promise<TraceInfo> {
    return startTrace(this.#rest, info, this.#usesOldEndpoints);
  }

  /** As startTrace(). */
  createTrace(info: TraceInfo): Promise<TraceInfo> {
    return this.startTrace(info);
  }

  /** Stores the info of a trace in a table; its id names the table. */
  createTraceInfoV4(info: TraceInfo): Promise<TraceInfo> {
    if (!info.traceId.startsWith("trace:/"))
      return Promise.reject(
        new TraceError("INVALID_PARAMETER_VALUE", "a trace in a table has an id of 'trace:/<location>/<id>'"),
      );
    return this.startTrace(info);
  }

  /** `location`: an experiment id, or "catalog.schema" or "catalog.schema.table_prefix". NOT_IMPLEMENTED from servers that take none. */
  logSpans(location: string, spans: readonly Span[]): Promise<void> {
    return logSpans(this.#rest, location, spans, this.#compression);
  }

  /** The same with a finished ExportTraceServiceRequest. */
  exportOtlpSpans(location: string, request: Uint8Array): Promise<void> {
    return exportOtlpSpans(this.#rest, location, request, this.#compression);
  }

  uploadTraceData(info: TraceInfo, { spans }: { readonly spans: readonly Span[] }): Promise<void> {
    return uploadTraceData(this.#rest, info, spans);
  }

  /** A file beside the trace; `name` may have folders. */
  uploadArtifact(info: TraceInfo, name: string, type: string, bytes: Uint8Array): Promise<void> {
    return uploadArtifact(this.#rest, info, name, { type, bytes });
  }

  /** Whether attachments can be put beside the traces of an experiment. */
  takesArtifacts(experimentId: string): boolean | Promise<boolean> {
    return this.#artifacts.takes(experimentId);
  }

  uploadAttachment(info: TraceInfo, attachment: Attachment): Promise<void> {
    return uploadAttachment(this.#rest, info, attachment);
  }

  /** `reference`: what stands in a span's inputs or outputs, "mlflow-attachment://…". */
  getAttachment(reference: string): Promise<Attachment> {
    return getAttachment(this.#rest, reference);
  }

  linkPromptVersionsToTrace(traceId: string, prompts: readonly PromptVersion[]): Promise<void> {
    return linkPrompts(this.#rest, traceId, prompts);
  }

  linkTracesToRun(traceIds: readonly string[], runId: string): Promise<void> {
    return linkTracesToRun(this.#rest, traceIds, runId);
  }

  async searchTraces(options: SearchTracesOptions & Flush): Promise<SearchTracesResult> {
    if (options.includeSpans !== false) clientCore();
    if (options.flush === true) await tracer().control?.flush({});
    const found = await searchTraces(this.#rest, options);
    if (options.includeSpans !== false) getDisplayHandler().displayTraces(found.traces);
    return found;
  }

  /** In the order of the ids; traces that are not found are absent. */
  async batchGetTraces(traceIds: readonly string[]): Promise<Trace[]> {
    return await batchGetTraces(this.#rest, traceIds);
  }

  getTrace(traceId: string, options?: GetTrace & { silent?: false }): Promise<Trace>;
  getTrace(traceId: string, options: GetTrace): Promise<Trace | null>;
  /** Rejects with RESOURCE_DOES_NOT_EXIST where there is no such trace; with `silent` it is null then. */
  async getTrace(traceId: string, options: GetTrace = {}): Promise<Trace | null> {
    clientCore();
    if (options.flush === true) await tracer().control?.flush({});
    try {
      const trace = await getTrace(this.#rest, traceId);
      if (options.display !== false) getDisplayHandler().displayTraces([trace]);
      return trace;
    } catch (error) {
      const isAbsent = error instanceof TraceError && error.errorCode === "RESOURCE_DOES_NOT_EXIST";
      if (isAbsent && options.silent === true) return null;
      throw error;
    }
  }

  async getTraceInfo(traceId: string): Promise<TraceInfo> {
    return await getTraceInfo(this.#rest, traceId);
  }

  async setTraceTag(traceId: string, key: string, value: string): Promise<void> {
    await setTraceTag(this.#rest, traceId, key, value);
  }

  async deleteTraceTag(traceId: string, key: string): Promise<void> {
    await deleteTraceTag(this.#rest, traceId, key);
  }

  /** How many were deleted. */
  deleteTraces(which: TraceDeletion): Promise<number> {
    return deleteTraces(this.#rest, which);
  }

  // --- assessments ------------------------------------------------------------------------------

  logFeedback(feedback: FeedbackInput): Promise<Assessment> {
    return logFeedback(this.#rest, feedback);
  }

  logExpectation(expectation: ExpectationInput): Promise<Assessment> {
    return logExpectation(this.#rest, expectation);
  }

  getAssessment(traceId: string, assessmentId: string): Promise<Assessment> {
    return getAssessment(this.#rest, traceId, assessmentId);
  }

  updateAssessment(traceId: string, assessmentId: string, update: AssessmentUpdate): Promise<Assessment> {
    return updateAssessment(this.#rest, traceId, assessmentId, update);
  }

  deleteAssessment(traceId: string, assessmentId: string): Promise<void> {
    return deleteAssessment(this.#rest, traceId, assessmentId);
  }

  // --- experiments ------------------------------------------------------------------------------

  /** The new id. */
  createExperiment(name: string, more?: NewExperiment): Promise<string> {
    return createExperiment(this.#rest, name, more);
  }

  getExperiment(experimentId: string): Promise<Experiment> {
    return getExperiment(this.#rest, experimentId);
  }

  /** null where no experiment has this name. */
  getExperimentByName(name: string): Promise<Experiment | null> {
    return getExperimentByName(this.#rest, name);
  }

  /** The id of an experiment: of digits alone, an id that must exist; else a name, whose experiment is made where there is none. */
  setExperiment(nameOrId: string): Promise<string> {
    return resolveExperiment(this.#rest, nameOrId);
  }

  deleteExperiment(experimentId: string): Promise<void> {
    return deleteExperiment(this.#rest, experimentId);
  }
}
