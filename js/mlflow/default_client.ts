// The client of an exporter that was given none.

import type { Logger } from "../tracing/runtime.js";
import { TracingClient } from "./tracing_client.js";

/** Throws TraceError where no server is named. */
export function makeDefaultClient(trackingUri: string | undefined, logger: Logger): TracingClient {
  return new TracingClient({ ...(trackingUri === undefined ? {} : { trackingUri }), logger, isBackground: true });
}
