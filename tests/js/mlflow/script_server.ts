// A tracking server on loopback that does what a script says and keeps what it was asked.
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";

export interface Asked {
  method: string;
  path: string;
  /** As sent, still encoded; "" without one. */
  query: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** `count` is 1 for the first request. */
export type Reply = (response: ServerResponse, asked: Asked, count: number) => void;

export function answer(body: unknown, status = 200, headers: Record<string, string> = {}): Reply {
  return (response) => {
    const isText = typeof body === "string" || Buffer.isBuffer(body);
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(isText ? body : JSON.stringify(body));
  };
}

const open = new Set<ScriptServer>();

export class ScriptServer {
  readonly asked: Asked[] = [];
  reply: Reply;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(reply: Reply) {
    this.reply = reply;
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("error", () => undefined);
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const [path = "", query = ""] = (request.url ?? "").split("?");
        const asked = { method: request.method ?? "", path, query, headers: request.headers, body: Buffer.concat(chunks) };
        this.asked.push(asked);
        this.reply(response, asked, this.asked.length);
      });
    });
    this.#server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
      socket.on("error", () => undefined);
    });
  }

  static async start(reply: Reply = answer({})): Promise<ScriptServer> {
    const server = new ScriptServer(reply);
    await new Promise<void>((resolve) => server.#server.listen(0, "127.0.0.1", resolve));
    open.add(server);
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${String((this.#server.address() as AddressInfo).port)}`;
  }

  get last(): Asked {
    const last = this.asked.at(-1);
    if (last === undefined) throw new Error("nothing was asked");
    return last;
  }

  async close(): Promise<void> {
    open.delete(this);
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

export async function closeScriptServers(): Promise<void> {
  await Promise.all([...open].map((server) => server.close()));
}

export function jsonOf(asked: Asked): unknown {
  return JSON.parse(asked.body.toString("utf8"));
}
