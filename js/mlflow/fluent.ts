// The fluent functions that need a tracking server: which one, which experiment, and reading traces back.
//
// They import the client as any other file, not lazily: an application that uses none of them carries
// nothing of it.

import { TraceError } from "../trace_error.js";
import { tracer } from "../tracing/realm.js";
import type { Trace } from "../tracing/trace.js";
import { TraceManager } from "../tracing/trace_manager.js";
import { safeText } from "../tracing/values.js";
import type { SearchTracesOptions } from "./trace_search.js";
import { TracingClient } from "./tracing_client.js";

/** The tracking server from now on, as init({ trackingUri }). Throws TraceError for what is no URI of one. */
export function setTrackingUri(uri: string): void {
  const shared = tracer();
  if (typeof uri !== "string" || uri === "") invalid("a tracking URI is the address of a server, such as http://127.0.0.1:5000");
  if (shared.control !== null) void shared.control.init({ trackingUri: uri }, false);
  // init() takes it from here, unless it is given another.
  else shared.trackingUri = uri;
}

/** "" where no server was named, by option or variable. */
export function getTrackingUri(): string {
  return tracer().trackingUri ?? variable("MLFLOW_TRACKING_URI");
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
  const id = isId && !isUsingTrackingServer() ? nameOrId : await client().setExperiment(nameOrId);
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
  const { control, later, logger } = tracer();
  const { silent, flush } = (options as GetTraceOptions | null) ?? {};
  let why = "there is no such trace";
  try {
    if (flush === true) await control?.flush({});
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
  if (silent !== true) logger.warn(`trace '${safeText(traceId)}' could not be read: ${why}`);
  return null;
}

/**
 * The traces that match, from the server; without locations those of the experiment that traces belong to
 * now. The client's method of this name gives pages. Rejects with TraceError.
 */
export async function searchTraces(options: SearchTracesOptions & { flush?: boolean } = {}): Promise<Trace[]> {
  const hasPlace = options.locations !== undefined || options.experimentIds !== undefined;
  const locations = hasPlace ? {} : { locations: [tracer().experimentId ?? "0"] };
  return (await client().searchTraces({ ...options, ...locations })).traces;
}

/** Of whatever process there is: a worker that takes the build for browsers may have one too. */
function variable(name: string): string {
  const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } };
  try {
    return process?.env?.[name]?.trim() ?? "";
  } catch {
    return ""; // Deno asks for a permission, which may be refused
  }
}

let known: TracingClient | null = null;
let knownUri = "";
let knownLogin: object = {};

/** One for each server. Throws TraceError where none is named. */
function client(): TracingClient {
  const uri = getTrackingUri();
  const { login, logger } = tracer();
  if (known === null || uri !== knownUri || login !== knownLogin) {
    known = new TracingClient({ ...login, ...(uri === "" ? {} : { trackingUri: uri }), logger });
    knownUri = uri;
    knownLogin = login;
  }
  return known;
}

function invalid(message: string): never {
  throw new TraceError("INVALID_PARAMETER_VALUE", message);
}
