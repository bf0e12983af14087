// A receiver on a free port, and raw HTTP against it: `fetch` would rewrite Host and Origin.
import { mkdtempSync, writeFileSync } from "node:fs";
import { request, type IncomingHttpHeaders } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CheckResult, Decoder } from "../../../js/cli/decoder.js";
import { startViewServer, type ViewServer, type ViewServerOptions } from "../../../js/cli/view.js";

/**
 * A decoder small enough to see through. JSON: `{"spans": n}`, anything after the closing brace an error there.
 * Protobuf: each byte 1 is a span, the first other byte an error at its offset.
 */
export const countingDecoder: Decoder = {
  check(bytes, encoding): CheckResult {
    if (encoding === "protobuf") {
      const bad = bytes.findIndex((byte) => byte !== 1);
      return bad < 0 ? { spans: bytes.length } : { spans: bad, error: malformed(bad) };
    }
    const text = new TextDecoder().decode(bytes);
    const match = /^\{(?:"spans":(\d+))?[^}]*\}/.exec(text);
    if (!match) return { spans: 0, error: malformed(0) };
    const spans = Number(match[1] ?? 0);
    return match[0].length === text.length ? { spans } : { spans, error: malformed(match[0].length) };
  },
};

function malformed(offset: number): { code: string; message: string; offset: number } {
  return { code: "MALFORMED", message: "unexpected byte", offset };
}

export function makePageDir(): string {
  const folder = mkdtempSync(join(tmpdir(), "spandrel-page-"));
  writeFileSync(join(folder, "index.html"), "<!doctype html><title>page</title>");
  writeFileSync(join(folder, "page.js"), "export {};");
  return folder;
}

const servers: ViewServer[] = [];

export async function startServer(options: Partial<ViewServerOptions> = {}): Promise<ViewServer> {
  const server = await startViewServer({ port: 0, pageDir: makePageDir(), decoder: countingDecoder, ...options });
  servers.push(server);
  return server;
}

export async function closeServers(): Promise<void> {
  await Promise.all(servers.splice(0).map((server) => server.close()));
}

export interface RawRequest {
  method?: string;
  path?: string;
  headers?: Record<string, string | string[]>;
  body?: Uint8Array | string;
  /** `::1` to come in by the other family. */
  address?: string;
  /** Leaves Node's own Host header out. */
  noHost?: boolean;
}

export interface RawAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

export function send(
  port: number,
  { method = "GET", path = "/", headers = {}, body, address, noHost }: RawRequest,
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const options = { host: address ?? "127.0.0.1", port, method, path, headers, agent: false, setHost: !noHost };
    const outgoing = request(options, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
      incoming.on("error", reject);
      incoming.on("end", () =>
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: Buffer.concat(chunks) }),
      );
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

export function post(port: number, body: Uint8Array | string, headers: Record<string, string> = {}): Promise<RawAnswer> {
  const type = { "content-type": "application/x-protobuf" };
  return send(port, { method: "POST", path: "/v1/traces", body, headers: { ...type, ...headers } });
}

/** Writes text to the port and resolves with all that came back when the server closed the connection. */
export function talk(port: number, text: string, then?: (write: (more: string) => void) => void): Promise<string> {
  return new Promise((resolve) => {
    let heard = "";
    const socket = connect(port, "127.0.0.1", () => {
      socket.write(text);
      then?.((more) => socket.writable && socket.write(more));
    });
    socket.on("data", (chunk) => (heard += chunk.toString("latin1")));
    socket.on("error", () => {});
    socket.on("close", () => resolve(heard));
  });
}

export interface Frame {
  type: number;
  sequence: number;
  payload: Buffer;
}

export interface FrameReader {
  status: number;
  /** The next frame that passes. */
  next(passes?: (frame: Frame) => boolean): Promise<Frame>;
  /** All frames seen. */
  seen: Frame[];
  close(): void;
}

export function readStream(server: ViewServer, since = 0, token = server.token): Promise<FrameReader> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}` };
    const options = { host: "127.0.0.1", port: server.port, path: `/api/stream?since=${since}`, headers, agent: false };
    const outgoing = request(options, (incoming) => {
      let buffered = Buffer.alloc(0);
      const seen: Frame[] = [];
      let looked = 0;
      let wake = (): void => {};
      incoming.on("data", (chunk: Buffer) => {
        buffered = Buffer.concat([buffered, chunk]);
        while (buffered.length >= 9 && buffered.length >= 9 + buffered.readUInt32LE(0)) {
          const length = buffered.readUInt32LE(0);
          seen.push({
            type: buffered.readUInt8(4),
            sequence: buffered.readUInt32LE(5),
            payload: buffered.subarray(9, 9 + length),
          });
          buffered = buffered.subarray(9 + length);
        }
        wake();
      });
      incoming.on("error", () => {});
      const next = async (passes: (frame: Frame) => boolean = () => true): Promise<Frame> => {
        for (;;) {
          for (; looked < seen.length;) {
            const frame = seen[looked++];
            if (frame && passes(frame)) return frame;
          }
          await new Promise<void>((woken) => (wake = woken));
        }
      };
      resolve({ status: incoming.statusCode ?? 0, next, seen, close: () => outgoing.destroy() });
    });
    outgoing.on("error", reject);
    outgoing.end();
  });
}
