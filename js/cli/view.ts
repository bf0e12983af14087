// The local receiver and page of `spandrel view`: one HTTP server on this machine's loopback addresses.
//
// The order of every request: Host, then Origin, then the route. Nothing is answered before the first two, not
// even a 404. Routes: POST /v1/traces takes spans, GET /api/stream gives them to the page (same origin and token),
// mounted services answer under their prefix (same origin), everything else is a file of the page.
import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { sendText, setBaseHeaders, type Encoding } from "./answers.js";
import { InFlight } from "./body.js";
import type { CheckResult, Decoder } from "./decoder.js";
import { createGuard, isOrigin, type Guard } from "./guard.js";
import { answerPreflight, ingest, type IngestContext } from "./ingest.js";
import { listenOnLoopback, type ConnectionLimits } from "./listen.js";
import { servePage } from "./static.js";
import { RequestStore } from "./store.js";
import { LiveStream } from "./stream.js";

export type Mount = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

export interface ViewServerOptions {
  /** First port tried; where it is taken, the ones after it. 0 lets the system choose. Default 4318. */
  port?: number;
  /** Only loopback: `127.0.0.1` (and `::1` beside it where there is one) is the default, `::1` listens there alone. */
  host?: "127.0.0.1" | "::1" | "localhost";
  /** Bound of one request's body, before and after inflation. Default 20 MiB. */
  maxBodyBytes?: number;
  /** Bound of all requests kept; the oldest go first. Default 512 MiB. */
  memoryBytes?: number;
  /** The built page. */
  pageDir: string;
  /** Services on the same origin, by path prefix such as `/sample`: what is under it goes to the function. */
  mounts?: Record<string, Mount>;
  /** Origins besides our own whose pages may send spans here (they can never read). */
  allowedOrigins?: readonly string[];
  /** Reads requests for validation. */
  decoder: Decoder;
  /** Time limits and connection count; see listen.ts. Changed by tests. */
  limits?: Partial<ConnectionLimits & { bodyMillis: number }>;
}

export interface ViewServer {
  /** What to open: the origin and, in the fragment, the token that lets the page read. */
  url: string;
  /** The OTLP base endpoint and the origin of the mounts. */
  origin: string;
  port: number;
  token: string;
  /**
   * Takes what came from elsewhere (a file, a server's answer) as if it had been posted; returns what could be read.
   * `json` is everything that `Viewer.importJson` reads: OTLP JSON, MLflow's dictionaries and REST answers.
   */
  add(bytes: Uint8Array, encoding: Encoding): CheckResult;
  /** Pages that read the stream now. */
  readonly readerCount: number;
  /** Bound of what is kept. */
  readonly memoryBytes: number;
  close(): Promise<void>;
}

const MIB = 1024 * 1024;

/** Starts listening; rejects with a plain Error when no port can be had or an option is wrong. */
export async function startViewServer(options: ViewServerOptions): Promise<ViewServer> {
  for (const origin of options.allowedOrigins ?? []) {
    if (!isOrigin(origin)) throw new Error(`not an origin: ${JSON.stringify(origin)} (expected like http://localhost:3000)`);
  }
  const maxBodyBytes = options.maxBodyBytes ?? 20 * MIB;
  const store = new RequestStore(options.memoryBytes ?? 512 * MIB);
  const stream = new LiveStream(store, Object.keys(options.mounts ?? {}));
  const token = randomBytes(24).toString("base64url");
  const ingestContext: IngestContext = {
    store,
    decoder: options.decoder,
    limits: { maxBodyBytes, bodyMillis: options.limits?.bodyMillis ?? 30_000 },
    inFlight: new InFlight(4 * maxBodyBytes),
  };

  // The guard needs the port, which is known once we listen; until then nothing passes.
  let guard: Guard | null = null;
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    setBaseHeaders(response);
    if (!guard?.hostIsOurs(request)) return sendText(response, 403, "this host name is not served here");
    answer(request, response, guard, { options, stream, ingestContext }).catch(() => {
      if (response.headersSent) response.destroy();
      else sendText(response, 500, "internal error");
    });
  };

  const listener = await listenOnLoopback(handle, options.port ?? 4318, options.host ?? "127.0.0.1", options.limits ?? {});
  const { port } = listener;
  guard = createGuard({ port, token, allowedOrigins: options.allowedOrigins ?? [] });
  const origin = `http://${options.host === "::1" ? "[::1]" : "127.0.0.1"}:${port}`;

  return {
    url: `${origin}/#token=${token}`,
    origin,
    port,
    token,
    add(bytes, encoding) {
      const checked = options.decoder.check(bytes, encoding);
      if (checked.spans > 0) store.add(encoding, bytes, checked.spans);
      return checked;
    },
    get readerCount() {
      return stream.readerCount;
    },
    memoryBytes: store.capacityBytes,
    async close() {
      stream.close();
      await listener.close();
    },
  };
}

interface Rooms {
  options: ViewServerOptions;
  stream: LiveStream;
  ingestContext: IngestContext;
}

async function answer(request: IncomingMessage, response: ServerResponse, guard: Guard, rooms: Rooms): Promise<void> {
  const target = request.url ?? "";
  if (!target.startsWith("/")) return sendText(response, 400, "the request target must be a path"); // proxy form
  const { pathname, searchParams } = new URL(`http://receiver.invalid${target}`);
  const isIngest = pathname === "/v1/traces";
  const standing = guard.originOf(request);
  if (standing === "foreign" || (standing === "listed" && !isIngest)) {
    return sendText(response, 403, "this origin may not do that here");
  }
  if (request.method === "OPTIONS") {
    if (isIngest) return answerPreflight(request, response, standing);
    response.setHeader("Allow", "GET, HEAD, POST");
    return sendText(response, 405, "OPTIONS is only for /v1/traces");
  }
  if (isIngest) return ingest(request, response, standing, rooms.ingestContext);

  if (pathname.startsWith("/api/")) {
    if (!guard.mayRead(request)) return sendText(response, 403, "reading needs this page's origin and token");
    if (pathname !== "/api/stream") return sendText(response, 404, "no such route");
    if (request.method !== "GET") {
      response.setHeader("Allow", "GET");
      return sendText(response, 405, "only GET here");
    }
    const since = searchParams.get("since") ?? "0";
    if (!/^\d{1,10}$/.test(since)) return sendText(response, 400, "since must be a sequence number");
    return rooms.stream.attach(request, response, Number(since));
  }

  for (const [prefix, mount] of Object.entries(rooms.options.mounts ?? {})) {
    if (pathname === prefix || pathname.startsWith(`${prefix}/`)) {
      if (isCrossSite(request)) return sendText(response, 403, "this origin may not do that here");
      return mount(request, response);
    }
  }
  return servePage(request, response, pathname, rooms.options.pageDir);
}

// A cross-site GET or form post that carries no Origin still says so here, in every current browser.
function isCrossSite(request: IncomingMessage): boolean {
  const site = request.headers["sec-fetch-site"];
  return site !== undefined && site !== "same-origin" && site !== "none";
}
