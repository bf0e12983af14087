// The page's own files, read from one folder and nothing outside it.
import { readFile, realpath } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { extname, join, resolve, sep } from "node:path";
import { sendText } from "./answers.js";

const TYPES: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".wasm": "application/wasm",
  ".json": "application/json",
  ".map": "application/json",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".woff2": "font/woff2",
};

export async function servePage(
  request: IncomingMessage,
  response: ServerResponse,
  pathname: string,
  pageDir: string,
): Promise<void> {
  if (request.method !== "GET" && request.method !== "HEAD") {
    response.setHeader("Allow", "GET, HEAD");
    return sendText(response, 405, "only GET and HEAD here");
  }
  const path = await pathInside(pageDir, pathname === "/" ? "/index.html" : pathname);
  const type = path && TYPES[extname(path)];
  if (!path || !type) return sendText(response, 404, "no such page");

  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch {
    return sendText(response, 404, "no such page");
  }
  response.statusCode = 200;
  response.setHeader("Content-Type", type);
  response.setHeader("Content-Length", bytes.length);
  response.end(request.method === "HEAD" ? undefined : bytes);
}

/** The file's real path, or null where the name is odd, the file is missing or a link leads out of the folder. */
async function pathInside(folder: string, pathname: string): Promise<string | null> {
  let name: string;
  try {
    name = decodeURIComponent(pathname);
  } catch {
    return null;
  }
  if (!/^(?:\/[\w@-][\w.@-]*)+$/.test(name)) return null; // no dot files, no "..", no backslash, no NUL
  try {
    const root = await realpath(resolve(folder));
    const path = await realpath(join(root, name));
    return path.startsWith(root + sep) ? path : null;
  } catch {
    return null;
  }
}
