// From what a server's client rejects with to what is counted and said.

import { ExportError } from "../export/export_error.js";
import type { Outcome } from "../export/exporter.js";
import { LogOnce, shownText } from "../export/log_once.js";
import type { LossReason } from "../load/core.js";
import { isModuleLost } from "../load/module_part.js";
import type { Clock } from "../tracing/clock.js";
import type { Logger } from "../tracing/runtime.js";
import type { ExportJob } from "./export_job.js";
import { messageOf } from "./quiet_logger.js";

/** The status of the answer that an error tells of; 0 where there was none. */
export function statusOf(error: unknown): number {
  const status = typeof error === "object" && error !== null && "httpStatus" in error ? error.httpStatus : 0;
  return typeof status === "number" ? status : 0;
}

function codeOf(error: unknown): string {
  const code = typeof error === "object" && error !== null && "errorCode" in error ? error.errorCode : "";
  return typeof code === "string" ? code : "";
}

/** The client has repeated what may be repeated. */
export function lossReasonOf(error: unknown): LossReason {
  if (error instanceof ExportError) return error.lossReason;
  const status = statusOf(error);
  if (status === 408 || status === 429) return "gave_up";
  if (status >= 400 && status < 500) return "http_4xx";
  if (codeOf(error) === "TOO_LARGE") return "too_large";
  return status >= 500 || codeOf(error) !== "" ? "gave_up" : "rejected";
}

export function failure(error: unknown, reason: LossReason = lossReasonOf(error)): Outcome {
  if (error instanceof ExportError && error.lossReason === reason) return { status: "failure", error };
  return {
    status: "failure",
    error: new ExportError(messageOf(error), { httpStatus: statusOf(error), lossReason: reason, cause: error }),
  };
}

/** A batch made by hand may hold several traces. */
export function combined(outcomes: readonly Outcome[], jobs: readonly ExportJob[]): Outcome {
  const [only] = outcomes;
  if (only !== undefined && outcomes.length === 1) return only;
  let lost = 0;
  let spans = 0;
  outcomes.forEach((outcome, i) => {
    const count = jobs[i]?.spans.length ?? 0;
    spans += count;
    lost += outcome.status === "success" ? (outcome.rejectedSpans ?? 0) : count;
  });
  const failed = outcomes.find(({ status }) => status !== "success");
  return failed !== undefined && lost === spans ? failed : { status: "success", rejectedSpans: lost };
}

/** The server has no endpoint for spans, and never will for this exporter. An experiment that is missing is no such thing. */
export function isUnsupported(error: unknown): boolean {
  const status = statusOf(error);
  const code = codeOf(error);
  return (
    status === 501 ||
    ((status === 404 || status === 405) && code !== "RESOURCE_DOES_NOT_EXIST") ||
    code === "NOT_IMPLEMENTED" ||
    messageOf(error).includes("REST OTLP span logging is not supported")
  );
}

/** One message a kind and minute, and what a failed log-in needs at level error. */
export class ExportLog {
  readonly logger: Logger;
  readonly #warnings: LogOnce;
  readonly #errors: LogOnce;

  constructor(logger: Logger, clock: Clock) {
    this.logger = logger;
    this.#warnings = new LogOnce(logger, clock);
    const asError: Logger = {
      debug: () => undefined,
      info: () => undefined,
      warn: (message) => {
        logger.error(message);
      },
      error: () => undefined,
    };
    this.#errors = new LogOnce(asError, clock);
  }

  failed(what: string, error: unknown): void {
    const status = statusOf(error);
    const message = `${what}: ${shownText(messageOf(error))}`;
    // That the module has gone is told once, for all that needs it.
    if (isModuleLost() && codeOf(error) === "INTERNAL_ERROR" && status === 0) return this.debug(message);
    const kind = `${what} ${String(status)} ${codeOf(error)}`;
    if (status === 401 || status === 403) this.#errors.warn(kind, `${message}. Check who the client logs in as`);
    else this.#warnings.warn(kind, message);
  }

  warn(kind: string, message: string): void {
    this.#warnings.warn(kind, message);
  }

  /** Never throws. */
  debug(message: string): void {
    try {
      this.logger.debug(message);
    } catch {
      // a logger that throws is the host's
    }
  }
}
