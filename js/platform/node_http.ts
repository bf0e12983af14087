// HTTP for exporters in Node: node:http with an agent that keeps connections. `fetch` would cost
// 18 ms of a cold start where node:http costs 3.
//
// Sockets of exports do not keep the process alive: at its natural end the exit hook flushes, bounded.

import type * as http from "node:http";
import type { Agent, ClientRequest, IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import type * as zlib from "node:zlib";
import type { ExportPlatform, HttpAnswer, HttpClient, HttpRequest } from "../export/transport.js";

// Types alone: the modules are imported when the first exporter is made.
type Http = typeof http;
type Zlib = typeof zlib;

interface Connections {
  http: Http;
  zlib: Zlib;
  agent: Agent;
}

async function gzip(bytes: Uint8Array): Promise<Uint8Array> {
  const zlib = await import("node:zlib");
  return new Promise((resolve, reject) => {
    zlib.gzip(bytes, (error, result) => {
      if (error) reject(error);
      else resolve(result);
    });
  });
}

const PREPARE_AFTER_MILLIS = 200;

class NodeHttpClient implements HttpClient {
  readonly #maxConnections: number;
  readonly #connections = new Map<string, Promise<Connections>>();
  readonly #active = new Set<ClientRequest>();
  #preparation?: NodeJS.Timeout;

  constructor(options: { maxConnections: number }) {
    this.#maxConnections = options.maxConnections;
  }

  async send(request: HttpRequest): Promise<HttpAnswer> {
    try {
      const url = new URL(request.url);
      const connections = await this.#connectionsFor(url.protocol);
      const first = await this.#sendOn(connections, url, request);
      // An idle connection that the receiver closed just then: the request never had a chance.
      if (first === "stale") {
        const second = await this.#sendOn(connections, url, request);
        return second === "stale" ? { kind: "none", cause: "ECONNRESET" } : second;
      }
      return first;
    } catch (error) {
      return { kind: "none", cause: codeOf(error) };
    }
  }

  /** Loads what HTTP needs between start-up and the first batch: neither has to wait for it. */
  prepare(protocol: string): void {
    clearTimeout(this.#preparation);
    this.#preparation = setTimeout(() => {
      this.#connectionsFor(protocol).catch(() => undefined);
    }, PREPARE_AFTER_MILLIS).unref();
  }

  close(): void {
    clearTimeout(this.#preparation);
    for (const request of this.#active) request.destroy();
    for (const connections of this.#connections.values()) {
      connections.then(
        ({ agent }) => {
          agent.destroy();
        },
        () => {},
      );
    }
    this.#connections.clear();
  }

  #connectionsFor(protocol: string): Promise<Connections> {
    let connections = this.#connections.get(protocol);
    if (connections === undefined) {
      connections = openConnections(protocol, this.#maxConnections);
      this.#connections.set(protocol, connections);
    }
    return connections;
  }

  #sendOn({ http, zlib, agent }: Connections, url: URL, request: HttpRequest): Promise<HttpAnswer | "stale"> {
    return new Promise((resolve) => {
      const { method, body, keepsProcess = false } = request;
      const length = body.byteLength === 0 && method === "GET" ? {} : { "content-length": String(body.byteLength) };
      const sent = http.request(url, { method, agent, headers: { ...request.headers, ...length } });
      this.#active.add(sent);
      const finish = (answer: HttpAnswer | "stale"): void => {
        clearTimeout(timer);
        this.#active.delete(sent);
        resolve(answer);
      };
      const timer = setTimeout(() => {
        finish({ kind: "none", cause: "timeout" });
        sent.destroy();
      }, request.timeoutMillis);
      if (!keepsProcess) timer.unref();
      let hasAnswer = false;
      sent.on("socket", (socket) => (keepsProcess ? socket.ref() : socket.unref()));
      sent.on("response", (response) => {
        hasAnswer = true;
        readAnswer(zlib, response, request.maxAnswerBytes, (answer) => {
          finish(answer);
          if (answer.kind !== "answer") sent.destroy();
        });
      });
      sent.on("error", (error) => {
        const cause = codeOf(error);
        const isStale = sent.reusedSocket && !hasAnswer && (cause === "ECONNRESET" || cause === "EPIPE");
        finish(isStale ? "stale" : { kind: "none", cause });
      });
      // With an answer under way, its body tells how it ended; inflating may take longer than the connection.
      sent.on("close", () => {
        if (!hasAnswer) finish({ kind: "none", cause: "closed" });
      });
      sent.end(body);
    });
  }
}

export const exportPlatform: ExportPlatform = {
  createHttpClient: (options) => new NodeHttpClient(options),
  gzip,
  setsUserAgent: true,
};

async function openConnections(protocol: string, maxSockets: number): Promise<Connections> {
  const [http, zlib] = await Promise.all([
    protocol === "https:" ? (import("node:https") as unknown as Promise<Http>) : import("node:http"),
    import("node:zlib"),
  ]);
  return { http, zlib, agent: new http.Agent({ keepAlive: true, maxSockets, maxFreeSockets: maxSockets }) };
}

function readAnswer(zlib: Zlib, response: IncomingMessage, maxBytes: number, done: (answer: HttpAnswer) => void): void {
  const status = response.statusCode ?? 0;
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const body = inflated(zlib, response);
  const finish = (): void => {
    done({
      kind: "answer",
      status,
      contentType: response.headers["content-type"] ?? "",
      retryAfter: response.headers["retry-after"] ?? "",
      date: response.headers.date ?? "",
      body: Buffer.concat(chunks),
    });
  };
  body.on("data", (chunk: Uint8Array) => {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) {
      done({ kind: "too_large", status });
      body.destroy();
    } else {
      chunks.push(chunk);
    }
  });
  body.on("end", finish);
  // Cut off in the middle of the body: as if there had been no answer.
  response.on("close", () => {
    if (!response.complete) done({ kind: "none", cause: "ECONNRESET" });
  });
  response.on("error", (error) => {
    done({ kind: "none", cause: codeOf(error) });
  });
  if (body !== response) {
    // A body that does not inflate: the status counts, the text is lost.
    body.on("error", () => {
      chunks.length = 0;
      if (response.readableEnded) return finish();
      response.on("end", finish);
      response.resume();
    });
  }
}

/** We ask for no encoding, but receivers and proxies send one all the same. */
function inflated(zlib: Zlib, response: IncomingMessage): Readable {
  switch (response.headers["content-encoding"]?.trim().toLowerCase()) {
    case "gzip":
    case "x-gzip":
    case "deflate":
      return response.pipe(zlib.createUnzip());
    case "br":
      return response.pipe(zlib.createBrotliDecompress());
    default:
      return response;
  }
}

function codeOf(error: unknown): string {
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : "error";
}
