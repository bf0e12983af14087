// Searching traces: MLflow's filter language over experiments, or over tables of a Databricks workspace.

import { TraceError } from "../trace_error.js";
import { exactJson } from "../tracing/exact_json.js";
import { Trace } from "../tracing/trace.js";
import type { TraceInfo } from "../tracing/trace_info.js";
import { checkFilter, checkOrderBy } from "./filter.js";
import { isMissingEndpoint, MlflowHttpError } from "./http_error.js";
import { path, type RestClient } from "./rest_client.js";
import { warehouseQuery } from "./trace_address.js";
import { infoFromProto, locationOfText } from "./trace_info_proto.js";
import { loadTraces } from "./trace_loader.js";

type Dict = Record<string, unknown>;

export interface SearchTracesOptions {
  /** Experiment ids; in a Databricks workspace also "catalog.schema" or "catalog.schema.table_prefix". */
  locations?: readonly string[];
  /** The older name for experiment ids. */
  experimentIds?: readonly string[];
  /** docs/search.md */
  filter?: string;
  /** Default 100. More than 500 are asked for in several requests. */
  maxResults?: number;
  /** "key ASC" or "key DESC" each; default: newest first. */
  orderBy?: readonly string[];
  /** Of the search before. */
  pageToken?: string | null;
  /** Traces of one logged model; without a filter. */
  modelId?: string;
  /** Traces of one run. */
  runId?: string;
  /** Default true; false: the traces come without spans, by one request. */
  includeSpans?: boolean;
}

export interface SearchTracesResult {
  traces: Trace[];
  /** null: there are no more. */
  nextPageToken: string | null;
}

interface Page {
  infos: TraceInfo[];
  nextPageToken: string | null;
}

const DEFAULT_MAX_RESULTS = 100;
/** The server refuses to answer more at once. */
const MAX_PAGE = 500;
const POLL_MILLIS = 1000;
/** A warehouse that has to start takes some of these. */
const MAX_SEARCH_MILLIS = 600_000;

/** What a search of tables needs of a client. */
export type SearchingClient = Pick<RestClient, "json" | "settings" | "wait" | "clock">;

export async function searchTraces(rest: RestClient, options: SearchTracesOptions): Promise<SearchTracesResult> {
  const locations = locationsOf(rest, options);
  const filter = await filterOf(rest, options, locations);
  const { orderBy = [], maxResults = DEFAULT_MAX_RESULTS, includeSpans = true } = options;
  if (typeof maxResults !== "number" || Number.isNaN(maxResults)) invalid("maxResults is a number");
  check(rest, filter, orderBy);

  const traces: Trace[] = [];
  let token = options.pageToken ?? null;
  do {
    const wanted = Math.min(Math.floor(maxResults) - traces.length, MAX_PAGE);
    if (wanted <= 0) break;
    const page = await pageOf(rest, locations, {
      filter,
      max_results: wanted,
      order_by: orderBy.length > 0 ? orderBy : undefined,
      page_token: token ?? undefined,
    });
    traces.push(...(includeSpans ? await loadTraces(rest, page.infos) : page.infos.map((info) => new Trace(info, []))));
    // The same page for ever would be a server's mistake, and ours to stop at.
    token = page.nextPageToken === token ? null : page.nextPageToken;
  } while (token !== null && traces.length < maxResults);
  return { traces, nextPageToken: token };
}

function locationsOf(rest: RestClient, { locations, experimentIds }: SearchTracesOptions): readonly string[] {
  if (locations !== undefined && experimentIds !== undefined)
    invalid("give either locations or experimentIds, which is the older name for the same");
  const given: unknown = locations ?? experimentIds;
  if (!Array.isArray(given) || given.length === 0 || given.some((each) => typeof each !== "string"))
    invalid("locations is a list of experiment ids: at least one says where to search");
  const table = (given as string[]).find((each) => each.includes("."));
  if (table !== undefined && !rest.settings.isDatabricks)
    invalid(`'${table}' is a table: only the tracking URI 'databricks' has those; other servers have experiments`);
  return given as string[];
}

async function filterOf(
  rest: RestClient,
  { filter = "", modelId, runId }: SearchTracesOptions,
  locations: readonly string[],
): Promise<string | undefined> {
  if (typeof filter !== "string") invalid("filter is a string");
  const clauses = filter.trim() === "" ? [] : [filter];
  if (modelId !== undefined) {
    if (clauses.length > 0) invalid("give either modelId or filter");
    clauses.push(`request_metadata.\`mlflow.modelId\` = '${plainId(modelId)}'`);
  }
  if (runId !== undefined) {
    await refuseOtherExperiment(rest, plainId(runId), locations);
    if (filter.includes("mlflow.sourceRun")) invalid("the filter speaks of mlflow.sourceRun already: leave runId out");
    clauses.push(`attribute.run_id = '${runId}'`);
  }
  return clauses.length === 0 ? undefined : clauses.join(" AND ");
}

/** Tables have a language of their own. */
function check(rest: RestClient, filter: string | undefined, orderBy: readonly string[]): void {
  if (!Array.isArray(orderBy) || orderBy.some((each) => typeof each !== "string"))
    invalid("orderBy is a list of strings such as 'timestamp_ms DESC'");
  if (rest.settings.isDatabricks) return;
  if (filter !== undefined) checkFilter(filter);
  checkOrderBy(orderBy);
}

async function refuseOtherExperiment(rest: RestClient, runId: string, locations: readonly string[]): Promise<void> {
  const query: [string, string][] = [
    ["run_uuid", runId],
    ["run_id", runId],
  ];
  const answer = await rest.json({ method: "GET", path: "/api/2.0/mlflow/runs/get", query });
  const info = (answer["run"] as Dict | undefined)?.["info"] as Dict | undefined;
  const experimentId = String(info?.["experiment_id"] ?? "");
  if (!locations.includes(experimentId))
    invalid(`the run ${runId} belongs to the experiment ${experimentId}, which is none of the locations`);
}

async function pageOf(rest: RestClient, locations: readonly string[], query: Dict): Promise<Page> {
  if (rest.settings.isDatabricks) {
    const answer = await searchOfTables(rest, locations, query);
    if (answer !== null) return pageFrom(answer, "trace_infos");
  }
  const body = exactJson({ locations: locations.map(locationOfText), ...query });
  const answer = await rest.json({ method: "POST", path: "/api/3.0/mlflow/traces/search", body });
  return pageFrom(answer, "traces");
}

/** Starts a search and asks until it is done; null where this workspace searches experiments another way. */
export async function searchOfTables(rest: SearchingClient, locations: readonly string[], query: Dict): Promise<Dict | null> {
  const body = exactJson({ locations: locations.map(locationOfText), ...query, ...Object.fromEntries(warehouseQuery(rest)) });
  let operation: Dict;
  try {
    operation = await rest.json({ method: "POST", path: "/api/4.0/mlflow/traces/search-long-running", body });
  } catch (error) {
    const isElsewhere =
      isMissingEndpoint(error) || (error instanceof MlflowHttpError && error.message.includes("locations not yet supported"));
    if (!isElsewhere || locations.some((each) => each.includes("."))) throw error;
    return null;
  }
  const since = rest.clock.monotonicMillis();
  while (operation["done"] !== true) {
    if (rest.clock.monotonicMillis() - since > MAX_SEARCH_MILLIS)
      throw new MlflowHttpError("DEADLINE_EXCEEDED", "the search was not done within 10 minutes: search fewer traces", null);
    await rest.wait(POLL_MILLIS);
    const name = String(operation["name"] ?? "");
    operation = await rest.json({ method: "GET", path: path`/api/4.0/mlflow/traces/search/operations/${name}` });
  }
  const error = operation["error"] as Dict | undefined;
  if (error !== undefined && error !== null)
    throw new MlflowHttpError(
      String(error["error_code"] ?? "INTERNAL_ERROR"),
      `the search failed: ${String(error["message"] ?? "the server does not say why")}`,
      200,
    );
  return (operation["response"] ?? {}) as Dict;
}

function pageFrom(answer: Dict, list: string): Page {
  const token = answer["next_page_token"];
  return {
    infos: ((answer[list] ?? []) as unknown[]).map(infoFromProto),
    nextPageToken: typeof token === "string" && token !== "" ? token : null,
  };
}

/** It stands between quotes in a filter. */
function plainId(id: string): string {
  if (typeof id !== "string" || !/^[\w.:-]+$/.test(id)) invalid(`'${String(id)}' is no id`);
  return id;
}

function invalid(message: string): never {
  throw new TraceError("INVALID_PARAMETER_VALUE", message);
}
