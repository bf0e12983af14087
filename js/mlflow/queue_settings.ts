// Sizes and times of the export queue and the span batcher: what code says, else MLflow's variables
// as they stand when the object is made, else the default. Pages have no variables.

import { environmentVariable } from "#host";
import type { Logger } from "../tracing/runtime.js";

/** The core counts in 32 bits; more than this is never reached. */
const MOST = 0x7fffffff;

interface Setting {
  readonly variable: string;
  readonly least: number;
  readonly otherwise: number;
}

export const MAX_QUEUE_SIZE: Setting = {
  variable: "MLFLOW_ASYNC_TRACE_LOGGING_MAX_QUEUE_SIZE",
  least: 1,
  otherwise: 1000,
};
export const MAX_WORKERS: Setting = { variable: "MLFLOW_ASYNC_TRACE_LOGGING_MAX_WORKERS", least: 1, otherwise: 10 };
export const MAX_SPAN_BATCH_SIZE: Setting = {
  variable: "MLFLOW_ASYNC_TRACE_LOGGING_MAX_SPAN_BATCH_SIZE",
  least: 0,
  // MLflow's reference has 10, release 3.17.2 has 5.
  otherwise: 10,
};
export const MAX_INTERVAL_MILLIS: Setting = {
  variable: "MLFLOW_ASYNC_TRACE_LOGGING_MAX_INTERVAL_MILLIS",
  least: 0,
  otherwise: 5000,
};

/** Never throws: what cannot be used is reported and ignored. */
export function settingOf({ variable, least, otherwise }: Setting, given: unknown, logger: Logger): number {
  if (given !== undefined) {
    if (typeof given === "number" && given >= least) return Math.min(Math.floor(given), MOST);
    ignore(logger, "an option of the export queue", least);
  }
  const text = environmentVariable(variable)?.trim();
  if (text === undefined || text === "") return otherwise;
  const value = /^\+?\d{1,15}$/.test(text) ? Number(text) : NaN;
  if (value >= least) return Math.min(value, MOST);
  ignore(logger, variable, least);
  return otherwise;
}

function ignore(logger: Logger, name: string, least: number): void {
  try {
    logger.warn(`${name} is ignored: it is not a whole number from ${String(least)}`);
  } catch {
    // a logger that throws is the host's
  }
}
