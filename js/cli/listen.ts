// Sockets: loopback only, both families where the machine has both, with limits on time and number.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";

export interface ConnectionLimits {
  /** From the connection, or the end of the answer before, to the end of the headers. Default 10 s. */
  headersMillis: number;
  /** The whole request, headers and body. Default 40 s. */
  requestMillis: number;
  /** A connection on which nothing moves. Default 60 s. */
  idleMillis: number;
  /** Over both families. Default 100. */
  maxConnections: number;
  /** How often the two limits above are looked at. Default 1 s. */
  checkMillis: number;
}

export interface Listener {
  port: number;
  close(): Promise<void>;
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** Ports tried after the first, one by one. */
const MORE_PORTS = 20;

export async function listenOnLoopback(
  handle: Handler,
  firstPort: number,
  host: "127.0.0.1" | "::1" | "localhost",
  limits: Partial<ConnectionLimits>,
): Promise<Listener> {
  if (host !== "127.0.0.1" && host !== "::1" && host !== "localhost") {
    throw new Error(`only loopback addresses can be served, not ${JSON.stringify(host)}`);
  }
  if (!Number.isInteger(firstPort) || firstPort < 0 || firstPort > 65_535) {
    throw new Error(`not a port: ${JSON.stringify(firstPort)}`);
  }
  const last = firstPort === 0 ? 0 : Math.min(65_535, firstPort + MORE_PORTS);
  for (let port = firstPort; port <= last; port += 1) {
    const listener = await listenOnce(handle, port, host, limits);
    if (listener) return listener;
  }
  throw new Error(`no free port between ${firstPort} and ${last}`);
}

/** Null where somebody else has this port on either address. */
async function listenOnce(
  handle: Handler,
  port: number,
  host: string,
  limits: Partial<ConnectionLimits>,
): Promise<Listener | null> {
  const sockets = new Set<Socket>();
  const servers: Server[] = [];
  const close = async (): Promise<void> => {
    const closed = servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve())));
    for (const socket of sockets) socket.destroy();
    await Promise.all(closed);
  };
  const open = async (address: string, wantedPort: number): Promise<"open" | "taken" | "absent"> => {
    const server = limitedServer(handle, limits, sockets);
    const outcome = await listen(server, wantedPort, address);
    if (outcome === "open") servers.push(server);
    return outcome;
  };

  const first = host === "::1" ? "::1" : "127.0.0.1";
  const outcome = await open(first, port);
  if (outcome === "absent") throw new Error(`this machine has no address ${first}`);
  if (outcome === "taken") return null;
  const actual = (servers[0]?.address() as AddressInfo).port;
  // `localhost` may mean ::1 to a client: the same port there must be ours or nobody's.
  if (first === "127.0.0.1" && (await open("::1", actual)) === "taken") {
    await close();
    if (port !== 0) return null;
    return listenOnce(handle, 0, host, limits);
  }
  return { port: actual, close };
}

function limitedServer(handle: Handler, limits: Partial<ConnectionLimits>, sockets: Set<Socket>): Server {
  const server = createServer({
    headersTimeout: limits.headersMillis ?? 10_000,
    requestTimeout: limits.requestMillis ?? 40_000,
    keepAliveTimeout: limits.idleMillis ?? 60_000,
    connectionsCheckingInterval: limits.checkMillis ?? 1_000,
    maxHeaderSize: 16 * 1024,
  });
  server.timeout = limits.idleMillis ?? 60_000;
  const maxConnections = limits.maxConnections ?? 100;
  server.on("connection", (socket) => {
    if (sockets.size >= maxConnections) return socket.destroy();
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    return undefined;
  });
  server.on("request", handle);
  server.on("checkContinue", handle); // the route says whether the body is wanted
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    if (!socket.writable) return void socket.destroy();
    const late = error.code === "ERR_HTTP_REQUEST_TIMEOUT";
    socket.end(`HTTP/1.1 ${late ? "408 Request Timeout" : "400 Bad Request"}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  });
  return server;
}

function listen(server: Server, port: number, address: string): Promise<"open" | "taken" | "absent"> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") resolve("taken");
      else if (error.code === "EADDRNOTAVAIL" || error.code === "EAFNOSUPPORT") resolve("absent");
      else if (error.code === "EACCES") reject(new Error(`port ${port} needs more rights than this process has`));
      else reject(error);
    });
    server.listen({ port, host: address, ipv6Only: address === "::1" }, () => resolve("open"));
  });
}
