// Serves a built page under the policy that ships, and plays the receiver's stream: what a test pushes, the page gets.

import { readFile } from "node:fs/promises";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";

export const CONTENT_POLICY =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; " +
  "worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types spandrel";

const TYPES: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};

export class PageServer {
  readonly #server: Server;
  readonly #readers = new Set<ServerResponse>();
  readonly #frames: Buffer[] = [];
  readonly token = "test-token";

  constructor(pageDir: string) {
    this.#server = createServer((request, response) => {
      const url = new URL(request.url ?? "/", "http://page.invalid");
      response.setHeader("Content-Security-Policy", CONTENT_POLICY);
      response.setHeader("X-Content-Type-Options", "nosniff");
      if (url.pathname === "/api/stream") {
        if (request.headers.authorization !== `Bearer ${this.token}`) {
          response.writeHead(403).end();
          return;
        }
        response.writeHead(200, { "Content-Type": "application/octet-stream" });
        const since = Number(url.searchParams.get("since") ?? 0);
        for (const frame of this.#frames.slice(since)) response.write(frame);
        response.flushHeaders();
        this.#readers.add(response);
        response.on("close", () => this.#readers.delete(response));
        return;
      }
      const path = url.pathname === "/" ? "/index.html" : normalize(url.pathname);
      readFile(join(pageDir, path)).then(
        (content) => response.writeHead(200, { "Content-Type": TYPES[extname(path)] ?? "application/octet-stream" }).end(content),
        () => response.writeHead(404).end(),
      );
    });
  }

  async listen(port = 0): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(port, "127.0.0.1", resolve));
  }

  get origin(): string {
    return `http://127.0.0.1:${String((this.#server.address() as AddressInfo).port)}`;
  }

  get url(): string {
    return `${this.origin}/#token=${this.token}`;
  }

  /** Sends OTLP JSON to the page, now and to whoever connects later. */
  push(json: string): void {
    const payload = Buffer.from(json);
    const header = Buffer.alloc(9);
    header.writeUInt32LE(payload.length, 0);
    header.writeUInt8(2, 4);
    header.writeUInt32LE(this.#frames.length + 1, 5);
    const frame = Buffer.concat([header, payload]);
    this.#frames.push(frame);
    for (const reader of this.#readers) reader.write(frame);
  }

  /** Breaks the connections, as a receiver that restarts does. */
  disconnect(): void {
    for (const reader of this.#readers) reader.destroy();
  }

  async close(): Promise<void> {
    this.disconnect();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
