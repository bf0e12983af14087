// Which experiments of a tracking server are meant: those named, by id or name, or all of them.

import { MlflowHttpError } from "../mlflow/http_error.js";
import type { RestClient } from "../mlflow/rest_client.js";

export type Rest = Pick<RestClient, "json" | "bytes" | "settings" | "wait" | "clock">;

export interface Experiment {
  id: string;
  name: string;
}

/** A search may name this many places. */
export const MAX_EXPERIMENTS = 100;

/** The active experiments, the one changed last first; at most MAX_EXPERIMENTS. Rejects with TraceError. */
export async function allExperiments(rest: Rest): Promise<Experiment[]> {
  const body = JSON.stringify({ max_results: MAX_EXPERIMENTS, order_by: ["last_update_time DESC"], view_type: "ACTIVE_ONLY" });
  const answer = await rest.json({ method: "POST", path: "/api/2.0/mlflow/experiments/search", body });
  const all = Array.isArray(answer["experiments"]) ? (answer["experiments"] as unknown[]) : [];
  return all.map(experimentOf).filter((experiment) => experiment !== null);
}

/** null where there is none of that id or name. Rejects with TraceError for anything else. */
export async function findExperiment(rest: Rest, nameOrId: string): Promise<Experiment | null> {
  const byId = /^\d+$/.test(nameOrId) ? await lookUp(rest, "get", "experiment_id", nameOrId) : null;
  return byId ?? lookUp(rest, "get-by-name", "experiment_name", nameOrId);
}

async function lookUp(rest: Rest, route: string, key: string, value: string): Promise<Experiment | null> {
  try {
    const answer = await rest.json({ method: "GET", path: `/api/2.0/mlflow/experiments/${route}`, query: [[key, value]] });
    return experimentOf(answer["experiment"]);
  } catch (error) {
    if (error instanceof MlflowHttpError && error.errorCode === "RESOURCE_DOES_NOT_EXIST") return null;
    throw error;
  }
}

function experimentOf(value: unknown): Experiment | null {
  const { experiment_id: id, name } = (value ?? {}) as { experiment_id?: unknown; name?: unknown };
  return typeof id === "string" && id !== "" ? { id, name: typeof name === "string" ? name : id } : null;
}
