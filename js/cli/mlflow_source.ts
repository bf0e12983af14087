// The MLflow server that the command line names, and its way into the receiver.

import { serverSettings } from "../mlflow/client_settings.js";
import { RestClient } from "../mlflow/rest_client.js";
import { TraceError } from "../trace_error.js";
import type { MlflowArguments } from "./args.js";
import { MlflowFeed } from "./mlflow_feed.js";
import type { ViewServer } from "./view.js";

export interface MlflowSource {
  feedInto(server: ViewServer, terminal: Terminal): MlflowFeed;
  close(): void;
}

interface Terminal {
  print(line: string): void;
  printError(line: string): void;
}

/** Somebody waits in front of the page; what fails is asked again by the next round. */
const TIMEOUT_MILLIS = 30_000;

const SILENT = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** Throws TraceError for a URI that is no server's. */
export function mlflowSource({ trackingUri, experiments, locations, maxTraces }: MlflowArguments): MlflowSource {
  const settings = serverSettings({ trackingUri, timeoutMillis: TIMEOUT_MILLIS, retry: { maxRetries: 0 } });
  if (locations.length > 0 && !settings.isDatabricks)
    throw new TraceError(
      "INVALID_PARAMETER_VALUE",
      `--location names tables of a Databricks workspace, whose tracking URI is 'databricks' or 'databricks://profile'; ${settings.trackingUri} has experiments`,
    );
  const rest = new RestClient(settings, { logger: SILENT, isBackground: true });
  return {
    feedInto: (server, { print, printError }) =>
      new MlflowFeed({
        rest,
        server: settings.trackingUri,
        experiments,
        locations,
        maxTraces,
        maxBytes: server.memoryBytes / 2,
        add: (bytes, encoding) => server.add(bytes, encoding),
        isWatched: () => server.readerCount > 0,
        print,
        printError,
        schedule: (run, delayMillis) => {
          const timer = setTimeout(run, delayMillis).unref();
          return () => {
            clearTimeout(timer);
          };
        },
      }),
    close: () => {
      rest.close();
    },
  };
}
