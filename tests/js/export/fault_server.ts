// A receiver on loopback that does what a script says: answers, faults, or nothing at all.
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { gunzipSync } from "node:zlib";
import { spansOfRequest, type SeenSpan } from "./otlp_spans.js";

export interface ReceivedRequest {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  /** As it came over the wire. */
  raw: Buffer;
  /** Inflated. */
  body: Buffer;
  spans: SeenSpan[];
}

/** What to do with a request; `count` is 1 for the first. */
export type Step = (response: ServerResponse, request: ReceivedRequest, count: number) => void;

export const ok: Step = (response) => {
  response.writeHead(200, { "content-type": "application/x-protobuf" }).end();
};

export function status(code: number, headers: Record<string, string> = {}, body: string | Uint8Array = ""): Step {
  return (response) => {
    response.writeHead(code, headers).end(body);
  };
}

/** One after the other; the last for everything that follows. */
export function script(...steps: Step[]): Step {
  return (response, request, count) => {
    (steps[count - 1] ?? steps[steps.length - 1] ?? ok)(response, request, count);
  };
}

export class FaultServer {
  readonly requests: ReceivedRequest[] = [];
  /** Requests whose answer was a success. */
  readonly accepted: ReceivedRequest[] = [];
  connections = 0;
  step: Step;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(step: Step) {
    this.step = step;
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("error", () => undefined);
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const raw = Buffer.concat(chunks);
        const body = request.headers["content-encoding"] === "gzip" ? gunzipSync(raw) : raw;
        const spans = spansOfRequest(body, request.headers["content-type"] ?? "");
        const received = { method: request.method ?? "", path: request.url ?? "", headers: request.headers, raw, body, spans };
        this.requests.push(received);
        response.on("finish", () => {
          if (response.statusCode >= 200 && response.statusCode < 300) this.accepted.push(received);
        });
        this.step(response, received, this.requests.length);
      });
    });
    this.#server.on("connection", (socket) => {
      this.connections++;
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
      socket.on("error", () => undefined);
    });
  }

  static async start(step: Step = ok): Promise<FaultServer> {
    const server = new FaultServer(step);
    await new Promise<void>((resolve) => server.#server.listen(0, "127.0.0.1", resolve));
    open.add(server);
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }
  get endpoint(): string {
    return `http://127.0.0.1:${String(this.port)}`;
  }

  /** Names of spans in requests that were accepted, each once. */
  get uniqueNames(): string[] {
    return [...new Set(this.accepted.flatMap((request) => request.spans.map((span) => span.name)))].sort();
  }

  async close(): Promise<void> {
    open.delete(this);
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

const open = new Set<FaultServer>();

export async function closeServers(): Promise<void> {
  await Promise.all([...open].map((server) => server.close()));
}

/** A port on which nobody listens. */
export async function freePort(): Promise<number> {
  const server = await FaultServer.start();
  const { port } = server;
  await server.close();
  return port;
}
