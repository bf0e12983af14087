// Who may talk to the receiver: decided from the request's head alone, before anything else is looked at.
//
// Host comes first, on every route and method. A page of another site can make its own name resolve to
// 127.0.0.1 (DNS rebinding); its requests are then "same-origin" to the browser and carry no Origin. Only the
// Host header tells, so only the three names of this machine with our own port pass, letter by letter.
// Origin comes second: parsed by nobody, compared as a whole.
import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";

export interface Guard {
  /** True where the Host header is exactly one of ours. */
  hostIsOurs(request: IncomingMessage): boolean;
  /** The Origin header's standing: `none` (no header), `own`, `listed`, or `foreign`. */
  originOf(request: IncomingMessage): OriginStanding;
  /** True where a request that reads traces comes from this very origin and carries the token. */
  mayRead(request: IncomingMessage): boolean;
}

export type OriginStanding = "none" | "own" | "listed" | "foreign";

export interface GuardOptions {
  port: number;
  token: string;
  /** Origins besides our own that may send spans (never read them), such as `http://localhost:3000`. */
  allowedOrigins: readonly string[];
}

export function createGuard({ port, token, allowedOrigins }: GuardOptions): Guard {
  const names = ["127.0.0.1", "localhost", "[::1]"];
  const hosts = new Set(names.map((name) => `${name}:${port}`));
  if (port === 80) for (const name of names) hosts.add(name); // clients leave the default port out
  const ownOrigins = new Set([...hosts].map((host) => `http://${host}`));
  const listed = new Set(allowedOrigins);
  const tokenDigest = digest(token);

  const originOf = (request: IncomingMessage): OriginStanding => {
    const origins = headerValues(request, "origin");
    if (origins.length === 0) return "none";
    const origin = origins[0] ?? "";
    if (origins.length > 1) return "foreign";
    if (ownOrigins.has(origin)) return "own";
    return listed.has(origin) ? "listed" : "foreign";
  };

  return {
    hostIsOurs(request) {
      const values = headerValues(request, "host");
      return values.length === 1 && hosts.has(values[0] ?? "");
    },
    originOf,
    mayRead(request) {
      const origins = headerValues(request, "origin");
      if (origins.length > 1) return false;
      // Our three names are three origins: a page opened under one does not read under another.
      if (origins.length === 1 && origins[0] !== `http://${request.headers.host ?? ""}`) return false;
      const site = request.headers["sec-fetch-site"];
      if (site !== undefined && site !== "same-origin" && site !== "none") return false;
      const given = /^Bearer ([\w-]+)$/.exec(request.headers.authorization ?? "")?.[1];
      return given !== undefined && timingSafeEqual(digest(given), tokenDigest);
    },
  };
}

/** True for what a browser sends as Origin: scheme, host, optional port, nothing after. */
export function isOrigin(text: string): boolean {
  try {
    const url = new URL(text);
    return (url.protocol === "http:" || url.protocol === "https:") && url.origin === text;
  } catch {
    return false;
  }
}

// Node keeps only the first of several Host headers in `headers`; the raw list shows a second one.
function headerValues(request: IncomingMessage, name: string): string[] {
  const values: string[] = [];
  const raw = request.rawHeaders;
  for (let index = 0; index + 1 < raw.length; index += 2) {
    if (raw[index]?.toLowerCase() === name) values.push(raw[index + 1] ?? "");
  }
  return values;
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest(); // equal lengths, whatever was given
}
