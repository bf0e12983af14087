// The client of an exporter that was given none.

import { tracer } from "../tracing/realm.js";
import type { Logger } from "../tracing/runtime.js";
import type { UploadCompression } from "./span_upload.js";
import { TracingClient } from "./tracing_client.js";

export interface DefaultClientOptions {
  trackingUri?: string | undefined;
  /** Of spans on their way to the server. */
  compression?: UploadCompression | undefined;
  /** Of one attempt. */
  timeoutMillis?: number | undefined;
  usesOldEndpoints?: boolean | undefined;
}

/** Throws TraceError where no server is named. */
export function makeDefaultClient(logger: Logger, options: DefaultClientOptions): TracingClient {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return new TracingClient({ ...tracer().login, ...Object.fromEntries(given), logger, isBackground: true });
}
