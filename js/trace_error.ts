/** Codes of {@link TraceError}: MLflow's where it has one, ours for broken input. */
export type TraceErrorCode =
  | "INVALID_PARAMETER_VALUE"
  | "RESOURCE_DOES_NOT_EXIST"
  | "NOT_IMPLEMENTED"
  | "INTERNAL_ERROR"
  | "MALFORMED"
  | "TRUNCATED"
  | "TOO_DEEP"
  | "TOO_LARGE";

/** The one error class of the package. `offset` is in bytes of the input, where there is one. */
export class TraceError extends Error {
  readonly errorCode: TraceErrorCode;
  readonly offset: number | undefined;

  constructor(errorCode: TraceErrorCode, message: string, options?: { cause?: unknown; offset?: number }) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause });
    this.name = "TraceError";
    this.errorCode = errorCode;
    this.offset = options?.offset;
  }
}
