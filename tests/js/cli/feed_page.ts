// What a feed of an MLflow server works for, in a test: what came, what was said, and what it has scheduled.
import type { CheckResult } from "../../../js/cli/decoder.js";
import { MlflowFeed } from "../../../js/cli/mlflow_feed.js";
import type { ServerOptions } from "../../../js/mlflow/client_settings.js";
import { serverSettings } from "../../../js/mlflow/client_settings.js";
import { RestClient, type RestSeams } from "../../../js/mlflow/rest_client.js";

type FeedOptions = ConstructorParameters<typeof MlflowFeed>[0];

export class FeedPage {
  readonly added: string[] = [];
  readonly printed: string[] = [];
  readonly errors: string[] = [];
  isWatched = true;
  /** Its delay, and a way to let it happen. */
  next: { run: () => void; delayMillis: number } | null = null;
  readonly #clients: RestClient[] = [];

  /** The feed of a server that is asked once. */
  feedOf(server: ServerOptions, options: Partial<FeedOptions>, seams: RestSeams = {}): MlflowFeed {
    const rest = new RestClient(serverSettings({ retry: { maxRetries: 0 }, ...server }), seams);
    this.#clients.push(rest);
    return new MlflowFeed({
      rest,
      server: server.trackingUri ?? "",
      experiments: [],
      maxTraces: 100,
      maxBytes: 1e6,
      add: (bytes): CheckResult => {
        this.added.push(new TextDecoder().decode(bytes));
        return { spans: 1 };
      },
      isWatched: () => this.isWatched,
      print: (line) => void this.printed.push(line),
      printError: (line) => void this.errors.push(line),
      schedule: (run, delayMillis) => {
        this.next = { run, delayMillis };
        return () => void (this.next = null);
      },
      ...options,
    });
  }

  /** The round that is scheduled, to its end. */
  async nextRound(): Promise<void> {
    const waiting = this.next;
    this.next = null;
    waiting?.run();
    while (this.next === null) await new Promise((resolve) => setImmediate(resolve));
  }

  /** After a test: clients are closed, and all is as at the beginning. */
  reset(): void {
    for (const client of this.#clients.splice(0)) client.close();
    for (const lines of [this.added, this.printed, this.errors]) lines.length = 0;
    this.isWatched = true;
    this.next = null;
  }
}
