// Where the REST endpoints of one trace are: of version 3 for traces of experiments, of version 4 for traces in tables.

import { TraceError } from "../trace_error.js";
import { parseTraceIdV4 } from "../tracing/trace_ids.js";
import { path, type RestClient } from "./rest_client.js";

export interface TraceAddress {
  /** null: a trace of an experiment. */
  location: string | null;
  /** Without the location. */
  id: string;
  /** Its endpoint, without a slash at its end. */
  path: string;
}

/** Throws TraceError. */
export function addressOf(traceId: string): TraceAddress {
  if (typeof traceId !== "string" || traceId === "")
    throw new TraceError("INVALID_PARAMETER_VALUE", "a trace id is a string such as 'tr-…' or 'trace:/<location>/<id>'");
  const { location, traceId: id } = parseTraceIdV4(traceId);
  if (location === null || id === null) return { location: null, id: traceId, path: path`/api/3.0/mlflow/traces/${traceId}` };
  return { location, id, path: path`/api/4.0/mlflow/traces/${location}/${id}` };
}

/** Which warehouse of Databricks reads the tables. */
export function warehouseQuery(rest: Pick<RestClient, "settings">): [string, string][] {
  const { sqlWarehouseId } = rest.settings;
  return sqlWarehouseId === null ? [] : [["sql_warehouse_id", sqlWarehouseId]];
}
