// Traces of a tracking server as it writes them: found by their infos, handed on as JSON bytes that are decoded
// where all received traces are, in the page's core.

import { isMissingEndpoint, MlflowHttpError } from "../mlflow/http_error.js";
import { downloadSigned } from "../mlflow/signed_files.js";
import { exactJson } from "../tracing/exact_json.js";
import type { Rest } from "./mlflow_experiments.js";
import { fetchFromTables, tableOf } from "./mlflow_tables.js";

/** What a search says of a trace. */
export type Info = Readonly<Record<string, unknown>> & { readonly trace_id: string };

/** Of one batchGet, as MLflow's own client asks. */
export const BATCH = 10;

export interface Page {
  infos: Info[];
  nextPageToken: string | null;
}

/** One page of a search, newest first. Rejects with TraceError. */
export async function searchPage(rest: Rest, experimentIds: readonly string[], max: number, token: string | null): Promise<Page> {
  const body = {
    locations: experimentIds.map((id) => ({ type: "MLFLOW_EXPERIMENT", mlflow_experiment: { experiment_id: id } })),
    max_results: max,
    order_by: ["timestamp_ms DESC"],
    ...(token === null ? {} : { page_token: token }),
  };
  const answer = await rest.json({ method: "POST", path: "/api/3.0/mlflow/traces/search", body: JSON.stringify(body) });
  const traces = Array.isArray(answer["traces"]) ? (answer["traces"] as unknown[]) : [];
  const next = answer["next_page_token"];
  return { infos: traces.filter(isInfo), nextPageToken: typeof next === "string" && next !== "" ? next : null };
}

function isInfo(value: unknown): value is Info {
  return typeof value === "object" && value !== null && typeof (value as Partial<Info>).trace_id === "string";
}

export interface Fetched {
  /** JSON texts that the viewer's importer reads. */
  bodies: Uint8Array[];
  /** Why a trace among them could not be had. */
  problems: string[];
}

/**
 * The traces with their spans, at most BATCH of them. Spans stand in the server's tracking store, in the artifacts of
 * their trace, or in tables. Rejects with TraceError where the server as such does not answer.
 */
export async function fetchTraces(rest: Rest, infos: readonly Info[]): Promise<Fetched> {
  const fetched: Fetched = { bodies: [], problems: [] };
  const inTables = infos.filter((info) => tableOf(info) !== null);
  if (inTables.length > 0) await fetchTables(rest, inTables, fetched);
  const others = infos.filter((info) => !inTables.includes(info));
  const stored = others.filter((info) => tagsOf(info)["mlflow.trace.spansLocation"] === "TRACKING_STORE");
  if (stored.length > 0) await fetchStored(rest, stored, fetched);
  for (const info of others) if (!stored.includes(info)) await tolerate(info, fetched, () => fetchArtifact(rest, info));
  return fetched;
}

async function fetchStored(rest: Rest, infos: readonly Info[], fetched: Fetched): Promise<void> {
  try {
    const query = infos.map((info) => ["trace_ids", info.trace_id] as const);
    fetched.bodies.push((await rest.bytes({ method: "GET", path: "/api/3.0/mlflow/traces/batchGet", query })).body);
  } catch (error) {
    const isTooLarge = error instanceof MlflowHttpError && error.errorCode === "TOO_LARGE";
    if (!isTooLarge && !isMissingEndpoint(error)) throw error;
    // An older server, or together they are more than one answer may hold: one by one.
    for (const info of infos) await tolerate(info, fetched, () => fetchOne(rest, info));
  }
}

/** Together, or one by one where they are more than one answer may hold. */
async function fetchTables(rest: Rest, infos: readonly Info[], fetched: Fetched): Promise<void> {
  try {
    fetched.bodies.push(...(await fetchFromTables(rest, infos)));
  } catch (error) {
    if (!(error instanceof MlflowHttpError) || error.errorCode !== "TOO_LARGE") throw error;
    for (const info of infos)
      await tolerate(info, fetched, async () => (await fetchFromTables(rest, [info]))[0] ?? new Uint8Array(0));
  }
}

async function fetchOne(rest: Rest, { trace_id: id }: Info): Promise<Uint8Array> {
  const query = [["trace_id", id] as const, ["allow_partial", "true"] as const];
  return (await rest.bytes({ method: "GET", path: "/api/3.0/mlflow/traces/get", query })).body;
}

/**
 * `{"info": …, "data": {"spans": […]}}`: the text of the artifact stays as it is. The route is that of MLflow's own page:
 * it knows every kind of artifact store. A Databricks workspace gives an address in its cloud.
 */
async function fetchArtifact(rest: Rest, info: Info): Promise<Uint8Array> {
  const body = rest.settings.isDatabricks ? await downloadSigned(rest, info.trace_id, null) : await throughServer(rest, info);
  return Buffer.concat([Buffer.from(`{"info":${exactJson(info)},"data":`), body, Buffer.from("}")]);
}

async function throughServer(rest: Rest, info: Info): Promise<Uint8Array> {
  const query = [["request_id", info.trace_id] as const];
  return (await rest.bytes({ method: "GET", path: "/ajax-api/2.0/mlflow/get-trace-artifact", query })).body;
}

/** What is wrong with one trace does not take the others along; a server that is gone does. */
async function tolerate(info: Info, fetched: Fetched, fetchIt: () => Promise<Uint8Array>): Promise<void> {
  try {
    fetched.bodies.push(await fetchIt());
  } catch (error) {
    if (error instanceof MlflowHttpError && (error.httpStatus === null || [401, 403].includes(error.httpStatus))) throw error;
    fetched.problems.push(`trace ${info.trace_id}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function tagsOf(info: Info): Record<string, string | undefined> {
  const tags = info["tags"];
  return typeof tags === "object" && tags !== null ? (tags as Record<string, string | undefined>) : {};
}
