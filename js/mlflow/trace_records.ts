// What a server keeps of a trace beside its spans: the info, tags, links to prompts and runs.

import { TraceError } from "../trace_error.js";
import { exactJson } from "../tracing/exact_json.js";
import { parseJson } from "../tracing/json.js";
import { TraceInfo } from "../tracing/trace_info.js";
import type { PromptVersion } from "../tracing/trace_manager.js";
import { safeText } from "../tracing/values.js";
import { isMissingEndpoint } from "./http_error.js";
import { liveTraceOf } from "./live_trace.js";
import { exportOf } from "./pending_exports.js";
import { path, type RestClient } from "./rest_client.js";
import { spacedJson } from "./spaced_json.js";
import { addressOf, warehouseQuery } from "./trace_address.js";
import { infoFromProto, infoToProto } from "./trace_info_proto.js";

type Dict = Record<string, unknown>;

const LINKED_PROMPTS = "mlflow.linkedPrompts";
/** Only the server sets these. */
const IMMUTABLE_TAGS: ReadonlySet<string> = new Set(["mlflow.user", "mlflow.artifactLocation"]);

/** `fallsBack`: to the endpoints of servers before 3.3, which give the trace another id. */
export async function startTrace(rest: RestClient, info: TraceInfo, fallsBack: boolean): Promise<TraceInfo> {
  const address = addressOf(info.traceId);
  const proto = infoToProto(info, warner(rest));
  if (address.location !== null) {
    const answer = await rest.json({ method: "POST", path: `${address.path}/info`, body: exactJson(proto) });
    return infoFromProto(answer);
  }
  try {
    const body = exactJson({ trace: { trace_info: proto } });
    return infoOfAnswer(await rest.json({ method: "POST", path: "/api/3.0/mlflow/traces", body }));
  } catch (error) {
    if (!fallsBack || !isMissingEndpoint(error)) throw error;
    return await startTraceV2(rest, info);
  }
}

export async function getTraceInfo(rest: RestClient, traceId: string): Promise<TraceInfo> {
  return liveTraceOf(traceId)?.info() ?? (await infoOfServer(rest, traceId));
}

/** As the server has it. */
export async function infoOfServer(rest: RestClient, traceId: string): Promise<TraceInfo> {
  await exportOf(traceId);
  const { location, id, path: where } = addressOf(traceId);
  if (location === null) return infoOfAnswer(await rest.json({ method: "GET", path: where, query: [["trace_id", id]] }));
  const query: [string, string][] = [["trace_id", id], ["location", location], ...warehouseQuery(rest)];
  return infoOfAnswer(await rest.json({ method: "GET", path: `${where}/info`, query }));
}

export async function setTraceTag(rest: RestClient, traceId: string, key: string, value: unknown): Promise<void> {
  if (IMMUTABLE_TAGS.has(key)) return rest.logger.warn(`the tag '${key}' is the server's: it was not set`);
  if (typeof value !== "string") rest.logger.warn(`the value of the tag '${key}' is no string: its text is set`);
  const live = liveTraceOf(traceId);
  if (live !== null) return live.setTag(key, safeText(value));
  await exportOf(traceId);
  const body = exactJson({ key, value: safeText(value) });
  await rest.json({ method: "PATCH", path: tagsPath(traceId), body });
}

export async function deleteTraceTag(rest: RestClient, traceId: string, key: string): Promise<void> {
  if (IMMUTABLE_TAGS.has(key)) return rest.logger.warn(`the tag '${key}' is the server's: it was not deleted`);
  const live = liveTraceOf(traceId);
  if (live !== null) {
    if (live.deleteTag(key)) return;
    throw new TraceError("RESOURCE_DOES_NOT_EXIST", `trace '${traceId}' has no tag '${key}'`);
  }
  await exportOf(traceId);
  if (addressOf(traceId).location === null) {
    await rest.json({ method: "DELETE", path: tagsPath(traceId), body: exactJson({ key }) });
  } else {
    await rest.json({ method: "DELETE", path: `${tagsPath(traceId)}${path`/${key}`}`, query: warehouseQuery(rest) });
  }
}

export interface TraceDeletion {
  experimentId: string;
  /** One of the two: by age, the oldest first and at most `maxTraces`, … */
  maxTimestampMillis?: number;
  maxTraces?: number;
  /** … or by id. */
  traceIds?: readonly string[];
}

/** How many were deleted. */
export async function deleteTraces(rest: RestClient, given: TraceDeletion): Promise<number> {
  const { experimentId, maxTimestampMillis, maxTraces, traceIds } = given;
  const isByAge = maxTimestampMillis !== undefined;
  if (isByAge === (traceIds !== undefined))
    throw new TraceError("INVALID_PARAMETER_VALUE", "deleteTraces takes either maxTimestampMillis or traceIds");
  if (maxTraces !== undefined && !isByAge)
    throw new TraceError("INVALID_PARAMETER_VALUE", "maxTraces goes with maxTimestampMillis");
  if (maxTraces !== undefined && !(maxTraces > 0))
    throw new TraceError("INVALID_PARAMETER_VALUE", "maxTraces is a number above 0");
  const body = exactJson({
    experiment_id: experimentId,
    max_timestamp_millis: maxTimestampMillis,
    max_traces: maxTraces,
    request_ids: traceIds,
  });
  const answer = await rest.json({ method: "POST", path: "/api/2.0/mlflow/traces/delete-traces", body });
  return Number(answer["traces_deleted"] ?? 0);
}

/** Links both ways: for the prompts' side, and as the tag that traces carry. */
export async function linkPrompts(rest: RestClient, traceId: string, prompts: readonly PromptVersion[]): Promise<void> {
  if (prompts.length === 0) return;
  const links = prompts.map(({ name, version }) => ({ name, version: String(version) }));
  const { tags } = await infoOfServer(rest, traceId);
  const body = exactJson({ trace_id: traceId, prompt_versions: links });
  await rest.json({ method: "POST", path: "/api/2.0/mlflow/traces/link-prompts", body });
  const known = linksOfTag(tags[LINKED_PROMPTS]);
  for (const link of links)
    if (!known.some((each) => each["name"] === link.name && each["version"] === link.version)) known.push(link);
  await setTraceTag(rest, traceId, LINKED_PROMPTS, spacedJson(known));
}

export async function linkTracesToRun(rest: RestClient, traceIds: readonly string[], runId: string): Promise<void> {
  const byLocation = new Map<string | null, string[]>();
  for (const traceId of traceIds) {
    const { location, id } = addressOf(traceId);
    byLocation.set(location, [...(byLocation.get(location) ?? []), id]);
  }
  for (const [location, ids] of byLocation) {
    const where =
      location === null ? "/api/2.0/mlflow/traces/link-to-run" : path`/api/4.0/mlflow/traces/${location}/link-to-run/batchCreate`;
    const table = location === null ? {} : { location_id: location };
    await rest.json({ method: "POST", path: where, body: exactJson({ ...table, trace_ids: ids, run_id: runId }) });
  }
}

export function warner(rest: RestClient): (message: string) => void {
  return (message) => {
    rest.logger.warn(message);
  };
}

function infoOfAnswer(answer: Dict): TraceInfo {
  const trace = answer["trace"] as Dict | undefined;
  return infoFromProto(trace?.["trace_info"] ?? trace);
}

function tagsPath(traceId: string): string {
  const { location, path: where } = addressOf(traceId);
  return location === null ? path`/api/2.0/mlflow/traces/${traceId}/tags` : `${where}/tags`;
}

function linksOfTag(text: string | undefined): Dict[] {
  if (text === undefined) return [];
  try {
    const links = parseJson(text);
    if (Array.isArray(links)) return links as Dict[];
  } catch {
    // told below
  }
  throw new TraceError("INTERNAL_ERROR", `the tag '${LINKED_PROMPTS}' holds no JSON list: ${text.slice(0, 200)}`);
}

async function startTraceV2(rest: RestClient, info: TraceInfo): Promise<TraceInfo> {
  const proto = infoToProto(info, warner(rest));
  const request_metadata = pairs(proto["trace_metadata"]);
  const tags = pairs(proto["tags"]);
  const begun = await rest.json({
    method: "POST",
    path: "/api/2.0/mlflow/traces",
    body: exactJson({ experiment_id: info.experimentId, timestamp_ms: info.requestTime, request_metadata, tags }),
    createsAnew: true,
  });
  const id = String((begun["trace_info"] as Dict | undefined)?.["request_id"] ?? "");
  const ended = await rest.json({
    method: "PATCH",
    path: path`/api/2.0/mlflow/traces/${id}`,
    body: exactJson({
      request_id: id,
      timestamp_ms: info.requestTime + (info.executionDuration ?? 0),
      status: info.state,
      request_metadata,
      tags,
    }),
  });
  return infoOfV2(ended["trace_info"] as Dict);
}

function infoOfV2(info: Dict): TraceInfo {
  const duration = info["execution_time_ms"];
  return new TraceInfo({
    traceId: String(info["request_id"]),
    traceLocation: { type: "MLFLOW_EXPERIMENT", mlflow_experiment: { experiment_id: String(info["experiment_id"]) } },
    requestTime: Number(info["timestamp_ms"] ?? 0),
    executionDuration: duration === undefined ? null : Number(duration),
    state: String(info["status"] ?? "STATE_UNSPECIFIED"),
    traceMetadata: fromPairs(info["request_metadata"]),
    tags: fromPairs(info["tags"]),
  });
}

function pairs(map: unknown): Dict[] {
  return Object.entries((map ?? {}) as Dict).map(([key, value]) => ({ key, value }));
}

function fromPairs(list: unknown): Record<string, string> {
  const entries = Array.isArray(list) ? (list as Dict[]) : [];
  return Object.fromEntries(entries.map(({ key, value }) => [String(key), String(value ?? "")]));
}
