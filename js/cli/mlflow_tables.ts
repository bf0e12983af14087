// Traces in tables of a Databricks workspace: searched by an operation that takes its time, handed on as the JSON of
// batchGet with their whole ids ("trace:/<location>/<id>"), which the workspace's answers leave out.

import { TraceError } from "../trace_error.js";
import { path } from "../mlflow/rest_client.js";
import { warehouseQuery } from "../mlflow/trace_address.js";
import { searchOfTables } from "../mlflow/trace_search.js";
import { locationTextOf } from "../mlflow/trace_info_proto.js";
import { exactJson } from "../tracing/exact_json.js";
import { parseJson } from "../tracing/json.js";
import { parseTraceIdV4 } from "../tracing/trace_ids.js";
import type { Rest } from "./mlflow_experiments.js";
import type { Info, Page } from "./mlflow_traces.js";

type Dict = Record<string, unknown>;

/** One page of a search, newest first. Rejects with TraceError. */
export async function searchTablePage(
  rest: Rest,
  locations: readonly string[],
  max: number,
  token: string | null,
): Promise<Page> {
  const query = { max_results: max, order_by: ["timestamp_ms DESC"], page_token: token ?? undefined };
  const answer = await searchOfTables(rest, locations, query);
  if (answer === null) throw new TraceError("NOT_IMPLEMENTED", "this workspace does not search tables");
  const infos = Array.isArray(answer["trace_infos"]) ? (answer["trace_infos"] as unknown[]) : [];
  const next = answer["next_page_token"];
  return {
    infos: infos.map(withWholeId).filter((info) => info !== null),
    nextPageToken: typeof next === "string" && next !== "" && next !== token ? next : null,
  };
}

/** null: no info, or one of no table. */
function withWholeId(value: unknown): Info | null {
  if (typeof value !== "object" || value === null) return null;
  const info = value as Dict;
  const location = locationTextOf((info["trace_location"] ?? {}) as Dict);
  const id = info["trace_id"];
  if (location === null || typeof id !== "string") return null;
  return { ...info, trace_id: id.startsWith("trace:/") ? id : `trace:/${location}/${id}` };
}

/** "catalog.schema[.table_prefix]"; null: a trace of an experiment. */
export function tableOf({ trace_id: id }: Info): string | null {
  return id.startsWith("trace:/") ? parseTraceIdV4(id).location : null;
}

/** The bodies of batchGet, one for each table. Rejects with TraceError. */
export async function fetchFromTables(rest: Rest, infos: readonly Info[]): Promise<Uint8Array[]> {
  const byTable = new Map<string, string[]>();
  for (const info of infos) {
    const { location, traceId } = parseTraceIdV4(info.trace_id);
    if (location !== null && traceId !== null) byTable.set(location, [...(byTable.get(location) ?? []), traceId]);
  }
  const bodies: Uint8Array[] = [];
  for (const [location, ids] of byTable) {
    const query: [string, string][] = [
      ["location_id", location],
      ...ids.map((id): [string, string] => ["trace_ids", id]),
      ...warehouseQuery(rest),
    ];
    const { body } = await rest.bytes({ method: "GET", path: path`/api/4.0/mlflow/traces/${location}/batchGet`, query });
    bodies.push(withWholeIds(body, location));
  }
  return bodies;
}

/** What cannot be read is handed on as it is: the importer says what is wrong with it. */
function withWholeIds(body: Uint8Array, location: string): Uint8Array {
  try {
    const answer = parseJson(new TextDecoder().decode(body)) as { traces?: { trace_info?: Dict }[] };
    for (const { trace_info: info } of answer.traces ?? []) {
      const id = info?.["trace_id"];
      if (info !== undefined && typeof id === "string" && !id.startsWith("trace:/"))
        info["trace_id"] = `trace:/${location}/${id}`;
    }
    return new TextEncoder().encode(exactJson(answer));
  } catch {
    return body;
  }
}
