// A failed export, with what the destination needs to decide and to count.

import type { LossReason } from "../load/core.js";
import { TraceError, type TraceErrorCode } from "../trace_error.js";

export class ExportError extends TraceError {
  /** The status of the answer; 0 where there was none. */
  readonly httpStatus: number;
  /** The batch may be sent again in halves. */
  readonly mayHalve: boolean;
  /** Under which reason the spans are counted. */
  readonly lossReason: LossReason;

  constructor(
    message: string,
    details: { code?: TraceErrorCode; httpStatus?: number; mayHalve?: boolean; lossReason: LossReason; cause?: unknown },
  ) {
    super(details.code ?? "INTERNAL_ERROR", message, { cause: details.cause });
    this.httpStatus = details.httpStatus ?? 0;
    this.mayHalve = details.mayHalve ?? false;
    this.lossReason = details.lossReason;
  }
}
