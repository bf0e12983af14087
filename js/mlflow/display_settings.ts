// What the notebook display asks of its surroundings, read when it is used.

import { environmentVariable as hostVariable } from "#host";
import { tracer } from "../tracing/realm.js";

/** undefined where it is not set, and in browsers, which have none. */
export function environmentVariable(name: string): string | undefined {
  try {
    return hostVariable(name);
  } catch {
    return undefined; // Deno asks for a permission, which may be refused
  }
}

/** MLflow's tracking URI; "" where there is none. */
export function trackingUri(): string {
  return tracer().trackingUri ?? environmentVariable("MLFLOW_TRACKING_URI")?.trim() ?? "";
}

export function isHttpUri(uri: string): boolean {
  return /^https?:\/\//i.test(uri);
}

/** A notebook of Databricks draws traces itself, from their ids. */
export function isDatabricks(uri: string): boolean {
  return /^databricks(?:$|[:-])/.test(uri) || environmentVariable("DATABRICKS_RUNTIME_VERSION") !== undefined;
}
