// What decides between MLflow's exporters, and how they send: options first, then MLflow's variables.

import { environmentVariable } from "#host";
import type { Logger } from "../tracing/runtime.js";
import type { AttachmentRules } from "./detached_job.js";

/** Characters of previews; elsewhere the core's own number holds. */
export const DATABRICKS_PREVIEW_LENGTH = 10_000;

/** undefined where it is not set or empty, and where the host does not let it be read. */
function variable(name: string): string | undefined {
  try {
    const text = environmentVariable(name)?.trim();
    return text === "" ? undefined : text;
  } catch {
    return undefined; // Deno asks for a permission, which may be refused
  }
}

/** MLFLOW_TRACKING_URI. */
export function trackingUriVariable(): string | undefined {
  return variable("MLFLOW_TRACKING_URI");
}

/** MLFLOW_EXPERIMENT_ID. */
export function experimentIdVariable(): string | undefined {
  return variable("MLFLOW_EXPERIMENT_ID");
}

/** MLFLOW_TRACE_ENABLE_OTLP_DUAL_EXPORT: traces go to the OTLP endpoint as well. */
export function isDualExport(logger: Logger): boolean {
  return flag("MLFLOW_TRACE_ENABLE_OTLP_DUAL_EXPORT", logger) ?? false;
}

/** MLFLOW_ENABLE_ASYNC_TRACE_LOGGING; undefined: not set. */
export function asyncVariable(logger: Logger): boolean | undefined {
  return flag("MLFLOW_ENABLE_ASYNC_TRACE_LOGGING", logger);
}

/** MLFLOW_TRACE_EXTRACT_ATTACHMENTS and MLFLOW_TRACE_MAX_ATTACHMENT_SIZE. */
export function attachmentRules(logger: Logger): AttachmentRules {
  const maxBytes = variable("MLFLOW_TRACE_MAX_ATTACHMENT_SIZE") ?? "0";
  const isNumber = /^\d{1,15}$/.test(maxBytes);
  if (!isNumber) logger.warn("MLFLOW_TRACE_MAX_ATTACHMENT_SIZE is ignored: it is no number of bytes");
  return { takesBase64: flag("MLFLOW_TRACE_EXTRACT_ATTACHMENTS", logger) ?? true, maxBytes: isNumber ? Number(maxBytes) : 0 };
}

function flag(name: string, logger: Logger): boolean | undefined {
  const value = variable(name)?.toLowerCase();
  if (value === undefined) return undefined;
  if (["true", "1"].includes(value)) return true;
  if (["false", "0"].includes(value)) return false;
  logger.warn(`${name} is ignored: it is neither true nor false`);
  return undefined;
}

/** "databricks", "databricks://profile", "databricks-uc". */
export function isDatabricksUri(uri: string): boolean {
  return /^databricks(?:-uc)?(?::\/\/|$)/.test(uri.trim());
}

/** Traces are sent to servers; MLflow's files and databases are its own. */
export function isServerUri(uri: string): boolean {
  return /^https?:\/\/./i.test(uri) || isDatabricksUri(uri);
}

/** Only a cluster of Databricks sets the variable. */
export function runsInDatabricks(): boolean {
  return variable("DATABRICKS_RUNTIME_VERSION") !== undefined;
}
