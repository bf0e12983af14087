// What a request to a tracking server can end with other than its answer.

import { TraceError, type TraceErrorCode } from "../trace_error.js";

/** The server's own error, or one that says why there is no answer to use. */
export class MlflowHttpError extends TraceError {
  /** null where no answer came. */
  readonly httpStatus: number | null;

  constructor(errorCode: string, message: string, httpStatus: number | null) {
    // The server's codes are more than ours; callers compare texts.
    super(errorCode as TraceErrorCode, message);
    this.httpStatus = httpStatus;
  }
}

/** The code of an answer that names none. */
export function codeOfStatus(status: number): string {
  switch (status) {
    case 400:
    case 413:
    case 415:
    case 422:
      return "BAD_REQUEST";
    case 401:
      return "UNAUTHENTICATED";
    case 403:
      return "PERMISSION_DENIED";
    case 404:
    case 405:
      return "ENDPOINT_NOT_FOUND";
    case 429:
      return "REQUEST_LIMIT_EXCEEDED";
    case 501:
      return "NOT_IMPLEMENTED";
    case 502:
    case 503:
    case 504:
      return "TEMPORARILY_UNAVAILABLE";
    default:
      return "INTERNAL_ERROR";
  }
}

/** Whether the server has no such endpoint: an older one, or none of MLflow's. */
export function isMissingEndpoint(error: unknown): boolean {
  if (!(error instanceof MlflowHttpError)) return false;
  return ["ENDPOINT_NOT_FOUND", "NOT_IMPLEMENTED"].includes(error.errorCode);
}
