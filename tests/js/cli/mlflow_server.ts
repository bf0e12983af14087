// An MLflow server small enough to see through: experiments and traces in memory, answers as the real one writes
// them (tests/golden/rest.json), and whatever can be wrong with it.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { goldenFile } from "../tracing/recorded.js";

interface Exchange {
  path: string;
  query: string;
  response_text: string;
}

/** Answers recorded from a real server, by the path asked. */
export function recordedAnswers(caseName: string): Exchange[] {
  const { cases } = goldenFile("rest.json") as { cases: { name: string; exchanges: Exchange[] }[] };
  return cases.find(({ name }) => name === caseName)?.exchanges ?? [];
}

export interface FakeTrace {
  trace_id: string;
  experiment: string;
  timestamp: number;
  state: string;
  /** The JSON of a trace with its spans, REST form. */
  text: string;
  /** JSON of the artifact where the spans are not in the tracking store. */
  artifact?: string;
}

export class FakeMlflow {
  experiments: { experiment_id: string; name: string }[] = [];
  readonly traces: FakeTrace[] = [];
  /** Answers instead of the server; null lets it answer. */
  trouble: ((request: IncomingMessage, response: ServerResponse) => boolean) | null = null;
  readonly requests: string[] = [];
  readonly authorizations = new Set<string | undefined>();
  #server: Server | null = null;
  #port = 0;

  get uri(): string {
    return `http://127.0.0.1:${String(this.#port)}`;
  }

  /** Again on the port it had. */
  async start(): Promise<void> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        this.#answer(request, response, Buffer.concat(chunks).toString());
      });
    });
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(this.#port, "127.0.0.1", resolve));
    this.#port = (server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    server?.closeAllConnections();
    await new Promise((resolve) => (server === null ? resolve(null) : server.close(resolve)));
  }

  #answer(request: IncomingMessage, response: ServerResponse, body: string): void {
    const { pathname, searchParams } = new URL(request.url ?? "", this.uri);
    this.requests.push(`${request.method ?? ""} ${pathname}`);
    this.authorizations.add(request.headers.authorization);
    if (this.trouble?.(request, response) === true) return;
    const json = (status: number, text: string): void => {
      response.writeHead(status, { "Content-Type": "application/json" }).end(text);
    };
    const missing = (what: string): void => {
      json(404, JSON.stringify({ error_code: "RESOURCE_DOES_NOT_EXIST", message: `${what} not found.` }));
    };
    switch (pathname) {
      case "/api/2.0/mlflow/experiments/search":
        return json(200, JSON.stringify({ experiments: this.experiments }));
      case "/api/2.0/mlflow/experiments/get":
      case "/api/2.0/mlflow/experiments/get-by-name": {
        const [id, name] = [searchParams.get("experiment_id"), searchParams.get("experiment_name")];
        const experiment = this.experiments.find((each) => each.experiment_id === id || each.name === name);
        return experiment ? json(200, JSON.stringify({ experiment })) : missing("Experiment");
      }
      case "/api/3.0/mlflow/traces/search":
        return json(200, this.#search(JSON.parse(body) as Search));
      case "/api/3.0/mlflow/traces/batchGet": {
        const ids = searchParams.getAll("trace_ids");
        const texts = this.traces.filter(({ trace_id }) => ids.includes(trace_id)).map(({ text }) => text);
        return json(200, `{"traces":[${texts.join(",")}]}`);
      }
      case "/api/3.0/mlflow/traces/get": {
        const trace = this.traces.find(({ trace_id }) => trace_id === searchParams.get("trace_id"));
        return trace ? json(200, `{"trace":${trace.text}}`) : missing("Trace");
      }
      case "/ajax-api/2.0/mlflow/get-trace-artifact": {
        const trace = this.traces.find(({ trace_id }) => trace_id === searchParams.get("request_id"));
        if (trace?.artifact === undefined) return missing("Trace data");
        response.writeHead(200, { "Content-Type": "text/plain" }).end(trace.artifact);
        return;
      }
      default:
        response.writeHead(404, { "Content-Type": "text/html" }).end("<h1>Not Found</h1>");
    }
  }

  #search({ locations, max_results: max, page_token: token }: Search): string {
    const ids = new Set(locations.map(({ mlflow_experiment: { experiment_id: id } }) => id));
    const found = this.traces.filter(({ experiment }) => ids.has(experiment)).sort((a, b) => b.timestamp - a.timestamp);
    const from = token === undefined ? 0 : Number(token);
    const traces = found.slice(from, from + max).map(({ trace_id, state, timestamp, artifact }) => ({
      trace_id,
      state,
      request_time: new Date(timestamp).toISOString(),
      tags: artifact === undefined ? { "mlflow.trace.spansLocation": "TRACKING_STORE" } : {},
    }));
    return JSON.stringify({ traces, ...(from + max < found.length ? { next_page_token: String(from + max) } : {}) });
  }
}

interface Search {
  locations: { mlflow_experiment: { experiment_id: string } }[];
  max_results: number;
  page_token?: string;
}
