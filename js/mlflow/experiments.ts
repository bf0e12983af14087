// Experiments of a server: what traces are filed under.

import { TraceError } from "../trace_error.js";
import { exactJson } from "../tracing/exact_json.js";
import { MlflowHttpError } from "./http_error.js";
import type { RestClient } from "./rest_client.js";

type Dict = Record<string, unknown>;

export interface Experiment {
  experimentId: string;
  name: string;
  artifactLocation: string;
  lifecycleStage: "active" | "deleted";
  /** Milliseconds since 1970. */
  creationTime: number | null;
  lastUpdateTime: number | null;
  tags: Record<string, string>;
}

export interface NewExperiment {
  artifactLocation?: string;
  tags?: Record<string, string>;
}

const ENDPOINT = "/api/2.0/mlflow/experiments";

/** The new id. RESOURCE_ALREADY_EXISTS for a name that is taken, also by a deleted experiment. */
export async function createExperiment(rest: RestClient, name: string, more: NewExperiment = {}): Promise<string> {
  checkedText("an experiment's name", name);
  const tags = more.tags && Object.entries(more.tags).map(([key, value]) => ({ key, value: String(value) }));
  const body = exactJson({ name, artifact_location: more.artifactLocation, tags });
  // A second one finds the name taken.
  const answer = await rest.json({ method: "POST", path: `${ENDPOINT}/create`, body, createsAnew: true });
  return String(answer["experiment_id"]);
}

export async function getExperiment(rest: RestClient, experimentId: string): Promise<Experiment> {
  checkedText("an experiment id", experimentId);
  return experimentOf(await rest.json({ method: "GET", path: `${ENDPOINT}/get`, query: [["experiment_id", experimentId]] }));
}

/** null where no experiment has this name. */
export async function getExperimentByName(rest: RestClient, name: string): Promise<Experiment | null> {
  checkedText("an experiment's name", name);
  try {
    const query: [string, string][] = [["experiment_name", name]];
    return experimentOf(await rest.json({ method: "GET", path: `${ENDPOINT}/get-by-name`, query }));
  } catch (error) {
    if (isCode(error, "RESOURCE_DOES_NOT_EXIST")) return null;
    throw error;
  }
}

export async function deleteExperiment(rest: RestClient, experimentId: string): Promise<void> {
  checkedText("an experiment id", experimentId);
  await rest.json({ method: "POST", path: `${ENDPOINT}/delete`, body: exactJson({ experiment_id: experimentId }) });
}

/**
 * The id of an active experiment. Digits alone are an id, which must exist; anything else is a name, whose experiment is
 * made where there is none.
 */
export async function resolveExperiment(rest: RestClient, nameOrId: string): Promise<string> {
  checkedText("an experiment", nameOrId);
  if (/^\d+$/.test(nameOrId)) return activeId(await existing(rest, nameOrId));
  const found = await getExperimentByName(rest, nameOrId);
  if (found !== null) return activeId(found);
  try {
    return await createExperiment(rest, nameOrId);
  } catch (error) {
    // Somebody else was quicker.
    const other = isCode(error, "RESOURCE_ALREADY_EXISTS") ? await getExperimentByName(rest, nameOrId) : null;
    if (other === null) throw error;
    return activeId(other);
  }
}

async function existing(rest: RestClient, experimentId: string): Promise<Experiment> {
  try {
    return await getExperiment(rest, experimentId);
  } catch (error) {
    if (!isCode(error, "RESOURCE_DOES_NOT_EXIST")) throw error;
    throw new MlflowHttpError(
      "RESOURCE_DOES_NOT_EXIST",
      `there is no experiment with the id ${experimentId} at ${rest.settings.trackingUri}; createExperiment() makes one with that name`,
      404,
    );
  }
}

function activeId({ experimentId, name, lifecycleStage }: Experiment): string {
  if (lifecycleStage === "deleted")
    throw new TraceError(
      "INVALID_PARAMETER_VALUE",
      `the experiment '${name}' (${experimentId}) is deleted: restore it, or give another name`,
    );
  return experimentId;
}

function experimentOf(answer: Dict): Experiment {
  const dict = answer["experiment"] as Dict | undefined;
  if (typeof dict?.["experiment_id"] !== "string") throw new TraceError("MALFORMED", "the server's answer holds no experiment");
  const tags = Array.isArray(dict["tags"]) ? (dict["tags"] as Dict[]) : [];
  return {
    experimentId: dict["experiment_id"],
    name: String(dict["name"] ?? ""),
    artifactLocation: String(dict["artifact_location"] ?? ""),
    lifecycleStage: dict["lifecycle_stage"] === "deleted" ? "deleted" : "active",
    creationTime: timeOf(dict["creation_time"]),
    lastUpdateTime: timeOf(dict["last_update_time"]),
    tags: Object.fromEntries(tags.map(({ key, value }) => [String(key), String(value ?? "")])),
  };
}

function timeOf(value: unknown): number | null {
  return value === undefined || value === null ? null : Number(value);
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof MlflowHttpError && error.errorCode === code;
}

function checkedText(what: string, value: unknown): void {
  if (typeof value !== "string" || value === "")
    throw new TraceError("INVALID_PARAMETER_VALUE", `${what} is a string that is not empty`);
}
