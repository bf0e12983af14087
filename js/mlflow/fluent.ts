// The fluent functions that need a tracking server: which one, which experiment, and reading traces back.
// The server's client is made by what init() loads (TraceBackend), so nothing of it is loaded for these.

import { TraceError } from "../trace_error.js";
import { flushTraces } from "../load/init.js";
import { tracer } from "../tracing/realm.js";
import type { Trace } from "../tracing/trace.js";
import { TraceManager } from "../tracing/trace_manager.js";
import type { BackendClient } from "../tracing/tracer.js";
import { safeText } from "../tracing/values.js";

/** The tracking server from now on, as init({ trackingUri }). Throws TraceError for what is no URI of one. */
export function setTrackingUri(uri: string): void {
  const shared = tracer();
  if (typeof uri !== "string" || uri === "") invalid("a tracking URI is the address of a server, such as http://127.0.0.1:5000");
  if (shared.control !== null) void shared.control.init({ trackingUri: uri }, false);
  // init() takes it from here, unless it is given another.
  else shared.backend = { trackingUri: uri, client: () => Promise.reject(notStarted()) };
}

/** "" where no server was named, by option or variable. */
export function getTrackingUri(): string {
  return tracer().backend?.trackingUri ?? variable("MLFLOW_TRACKING_URI");
}

/** Whether there is a server that traces can be read from. */
export function isUsingTrackingServer(): boolean {
  return /^(https?|databricks(-uc)?)(:|$)/i.test(getTrackingUri());
}

/**
 * Traces that start from now on belong to this experiment; the server is asked for its id, and makes it
 * where the name is new. Without a server only an id can be set. Rejects with TraceError.
 */
export async function setExperiment(nameOrId: string): Promise<string> {
  if (typeof nameOrId !== "string" || nameOrId === "") invalid("an experiment is named by a string");
  const isId = /^\d+$/.test(nameOrId);
  const id = isId && !isUsingTrackingServer() ? nameOrId : await (await client()).setExperiment(nameOrId);
  const shared = tracer();
  // Among the options, so that a later init() does not bring back the one before.
  await shared.control?.init({ experimentId: id }, false);
  shared.experimentId = id;
  return id;
}

export interface GetTraceOptions {
  /** No warning where there is no such trace. */
  silent?: boolean;
  /** What has ended is delivered first. */
  flush?: boolean;
}

/**
 * A trace by its id, or by the id of the request whose evaluation made it: from the server, else from
 * this process. null where it is in neither; never rejects.
 */
export async function getTrace(traceId: string, options: GetTraceOptions = {}): Promise<Trace | null> {
  const { later, logger } = tracer();
  let why = "there is no such trace";
  try {
    if (options.flush === true) await flushTraces();
    const id = later?.traceIdOfEvaluation(traceId) ?? traceId;
    if (isUsingTrackingServer()) {
      try {
        return await (await client()).getTrace(id, { display: false });
      } catch (error) {
        why = safeText(error);
      }
    }
    const local = TraceManager.getInstance().getTrace(id);
    if (local !== null) return local;
  } catch (error) {
    why = safeText(error);
  }
  if (options.silent !== true) logger.warn(`trace '${safeText(traceId)}' could not be read: ${why}`);
  return null;
}

export interface SearchTracesOptions {
  /** Experiment ids and "catalog.schema". Default: the experiment that traces belong to now. */
  locations?: readonly string[];
  /** MLflow's filter language. */
  filter?: string;
  orderBy?: readonly string[];
  /** Default 100. */
  maxResults?: number;
  modelId?: string;
  /** false: infos alone, which is faster. */
  includeSpans?: boolean;
  /** What has ended is delivered first. */
  flush?: boolean;
}

const DEFAULT_MAX_RESULTS = 100;
/** The server gives no more at once. */
const MAX_PAGE = 500;

/** The traces that match, page after page. Rejects with TraceError. */
export async function searchTraces(options: SearchTracesOptions = {}): Promise<Trace[]> {
  const { flush, maxResults = DEFAULT_MAX_RESULTS, locations, ...search } = options;
  if (flush === true) await flushTraces();
  const backend = await client();
  const places = locations ?? [tracer().experimentId ?? "0"];
  const found: Trace[] = [];
  let pageToken: string | null | undefined;
  do {
    const page = await backend.searchTraces({
      ...search,
      locations: places,
      maxResults: Math.min(maxResults - found.length, MAX_PAGE),
      ...(typeof pageToken === "string" ? { pageToken } : {}),
    });
    found.push(...page.traces);
    pageToken = page.nextPageToken;
  } while (typeof pageToken === "string" && pageToken !== "" && found.length < maxResults);
  return found.slice(0, maxResults);
}

/** Asked of the host directly: what stands between belongs to what init() loads. */
function variable(name: string): string {
  const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } };
  try {
    return process?.env?.[name]?.trim() ?? "";
  } catch {
    return ""; // Deno asks for a permission, which may be refused
  }
}

async function client(): Promise<BackendClient> {
  const { backend, control } = tracer();
  if (backend === null || control === null) throw notStarted();
  return await backend.client();
}

function notStarted(): TraceError {
  return new TraceError("INVALID_PARAMETER_VALUE", "there is no tracking server yet: call init({ trackingUri }) first");
}

function invalid(message: string): never {
  throw new TraceError("INVALID_PARAMETER_VALUE", message);
}
