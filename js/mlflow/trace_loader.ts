// Whole traces from a server: which way their spans come depends on where they are kept.

import { clientCore, type TraceOfAnswer } from "../load/client_core.js";
import { TraceError } from "../trace_error.js";
import { exactJson } from "../tracing/exact_json.js";
import { parseJson } from "../tracing/json.js";
import { Span, SpanSource } from "../tracing/span.js";
import { Trace } from "../tracing/trace.js";
import { parseTraceIdV4 } from "../tracing/trace_ids.js";
import type { TraceInfo } from "../tracing/trace_info.js";
import { downloadTrace } from "./artifacts.js";
import { chunksOf, mapBounded } from "./bounded_map.js";
import { isMissingEndpoint, MlflowHttpError } from "./http_error.js";
import { exportOf } from "./pending_exports.js";
import { path, type RestClient } from "./rest_client.js";
import { SpansLocation } from "./spans_location.js";
import { warehouseQuery } from "./trace_address.js";
import { infoOfServer } from "./trace_records.js";
import { infoFromProto, locationTextOf } from "./trace_info_proto.js";

const SPANS_LOCATION_TAG = "mlflow.trace.spansLocation";
/** Why the spans of one trace cannot be had while those of others can. */
const ABSENT: ReadonlySet<string> = new Set(["RESOURCE_DOES_NOT_EXIST", "MALFORMED", "NOT_IMPLEMENTED"]);

/** Keys: "catalog.schema[.prefix]" for tables, null for the tracking store, else a SpansLocation. */
export function groupTraceInfosByLocation(
  infos: readonly TraceInfo[],
  warn: (message: string) => void,
): Map<string | null, TraceInfo[]> {
  const groups = new Map<string | null, TraceInfo[]>();
  for (const info of infos) {
    const location = storeOf(info);
    if (location === undefined)
      warn(`the trace ${info.traceId} is passed over: its location ${exactJson(info.traceLocation)} is not known`);
    else groups.set(location, [...(groups.get(location) ?? []), info]);
  }
  return groups;
}

/** In the order of the infos; traces that are not found are absent. */
export async function loadTraces(rest: RestClient, infos: readonly TraceInfo[]): Promise<Trace[]> {
  const found = new Map<string, Trace>();
  const jobs: (() => Promise<Trace[]>)[] = [];
  for (const [location, group] of groupTraceInfosByLocation(infos, (message) => rest.logger.warn(message))) {
    if (location === SpansLocation.ARTIFACT_REPO) {
      for (const info of group) jobs.push(() => artifactOrNothing(rest, info));
    } else {
      const table = location === SpansLocation.ARCHIVE_REPO ? null : location;
      for (const ids of chunksOf(
        group.map((info) => info.traceId),
        rest.settings.batchGetSize,
      ))
        jobs.push(() => batchGet(rest, ids, table));
    }
  }
  for (const traces of await mapBounded(jobs, rest.settings.maxSearchRequests, (job) => job()))
    for (const trace of traces) found.set(trace.info.traceId, trace);
  return inOrder(
    infos.map((info) => info.traceId),
    found,
  );
}

/** In the order of the ids; each once for each time it is asked for. */
export async function batchGetTraces(rest: RestClient, traceIds: readonly string[]): Promise<Trace[]> {
  const groups = new Map<string | null, string[]>();
  for (const traceId of new Set(traceIds)) {
    const { location } = parseTraceIdV4(traceId);
    groups.set(location, [...(groups.get(location) ?? []), traceId]);
  }
  const found = new Map<string, Trace>();
  const jobs: (() => Promise<Trace[]>)[] = [];
  for (const [location, ids] of groups) {
    if (location === null) jobs.push(() => tracesOfExperiments(rest, ids));
    else for (const chunk of chunksOf(ids, rest.settings.batchGetSize)) jobs.push(() => batchGet(rest, chunk, location));
  }
  for (const traces of await mapBounded(jobs, rest.settings.maxSearchRequests, (job) => job()))
    for (const trace of traces) found.set(trace.info.traceId, trace);
  return inOrder(traceIds, found);
}

/** Rejects with RESOURCE_DOES_NOT_EXIST where there is no such trace. */
export async function getTrace(rest: RestClient, traceId: string): Promise<Trace> {
  const { location } = parseTraceIdV4(traceId);
  await exportOf(traceId);
  if (location !== null) return firstOr(await batchGet(rest, [traceId], location), traceId);
  const info = await infoOfServer(rest, traceId);
  if (storeOf(info) === SpansLocation.ARTIFACT_REPO) return await downloadTrace(rest, info);
  try {
    const query: [string, string][] = [
      ["trace_id", traceId],
      ["allow_partial", "False"],
    ];
    const { body } = await rest.bytes({ method: "GET", path: "/api/3.0/mlflow/traces/get", query });
    return firstOr(tracesOf(body), traceId);
  } catch (error) {
    if (!isMissingEndpoint(error)) throw error;
    return firstOr(await batchGet(rest, [info.traceId], null), traceId);
  }
}

/** undefined: unknown. */
function storeOf(info: TraceInfo): string | null | undefined {
  const table = locationTextOf(info.traceLocation);
  if (table !== null) return table;
  if (typeof info.traceLocation["mlflow_experiment"] !== "object") return undefined;
  const tag = info.tags[SPANS_LOCATION_TAG];
  if (tag === SpansLocation.TRACKING_STORE) return null;
  return tag === SpansLocation.ARCHIVE_REPO ? tag : SpansLocation.ARTIFACT_REPO;
}

async function tracesOfExperiments(rest: RestClient, traceIds: readonly string[]): Promise<Trace[]> {
  let infos: TraceInfo[];
  try {
    const body = exactJson({ trace_ids: traceIds });
    const answer = await rest.json({ method: "POST", path: "/api/3.0/mlflow/traces/batchGetInfos", body });
    infos = ((answer["trace_infos"] ?? []) as unknown[]).map(infoFromProto);
  } catch (error) {
    // Servers before 3.10 have the traces' endpoint alone.
    if (!isMissingEndpoint(error)) throw error;
    const chunks = chunksOf(traceIds, rest.settings.batchGetSize);
    return (await mapBounded(chunks, rest.settings.maxSearchRequests, (ids) => batchGet(rest, ids, null))).flat();
  }
  return await loadTraces(rest, infos);
}

/** At most one batch of traces of one location; an answer that is too large is asked for in halves. */
async function batchGet(rest: RestClient, traceIds: readonly string[], location: string | null): Promise<Trace[]> {
  const ids = traceIds.map((traceId) => parseTraceIdV4(traceId).traceId ?? traceId);
  const idQuery = ids.map((id): [string, string] => ["trace_ids", id]);
  const request =
    location === null
      ? { path: "/api/3.0/mlflow/traces/batchGet", query: idQuery }
      : {
          path: path`/api/4.0/mlflow/traces/${location}/batchGet`,
          query: [["location_id", location] as [string, string], ...idQuery, ...warehouseQuery(rest)],
        };
  try {
    const { body } = await rest.bytes({ method: "GET", ...request });
    return tracesOf(body, location ?? "");
  } catch (error) {
    const isTooLarge = error instanceof MlflowHttpError && error.errorCode === "TOO_LARGE";
    if (!isTooLarge || traceIds.length < 2) throw error;
    const half = traceIds.length >> 1;
    const first = await batchGet(rest, traceIds.slice(0, half), location);
    return [...first, ...(await batchGet(rest, traceIds.slice(half), location))];
  }
}

function tracesOf(body: Uint8Array, location = ""): Trace[] {
  return clientCore()
    .tracesOfAnswer(body, location)
    .map((each) => traceOf(each, location));
}

function traceOf({ infoText, records }: TraceOfAnswer, location: string): Trace {
  const info = infoFromProto(parseJson(infoText));
  // An experiment may keep its traces in a table: they are known by the id they were asked by.
  if (location !== "" && parseTraceIdV4(info.traceId).location === null) info.traceId = `trace:/${location}/${info.traceId}`;
  return new Trace(
    info,
    records.map((record) => new Span(new SpanSource(record, null))),
  );
}

async function artifactOrNothing(rest: RestClient, info: TraceInfo): Promise<Trace[]> {
  try {
    return [await downloadTrace(rest, info)];
  } catch (error) {
    if (!(error instanceof TraceError) || !ABSENT.has(error.errorCode)) throw error;
    rest.logger.warn(`the trace ${info.traceId} is passed over: ${error.message}`);
    return [];
  }
}

function inOrder(traceIds: readonly string[], found: ReadonlyMap<string, Trace>): Trace[] {
  return traceIds.flatMap((traceId) => found.get(traceId) ?? []);
}

function firstOr(traces: readonly Trace[], traceId: string): Trace {
  const [first] = traces;
  if (first === undefined) throw new MlflowHttpError("RESOURCE_DOES_NOT_EXIST", `the server has no trace ${traceId}`, null);
  return first;
}
