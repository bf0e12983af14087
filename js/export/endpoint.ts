// Where traces are posted to.

import { TraceError } from "../trace_error.js";

export const DEFAULT_ENDPOINT = "http://localhost:4318";
const TRACES_PATH = "v1/traces";

/** `v1/traces` behind a base URL; its path and query stay. Throws TraceError for anything but http(s). */
export function tracesUrlOfBase(base: string): string {
  const url = httpUrl(base);
  url.pathname += url.pathname.endsWith("/") ? TRACES_PATH : `/${TRACES_PATH}`;
  return url.href;
}

/** A URL that already names the place of traces: used as it is. */
export function tracesUrlAsIs(text: string): string {
  return httpUrl(text).href;
}

function httpUrl(text: string): URL {
  let url: URL;
  try {
    url = new URL(text.trim());
  } catch {
    throw new TraceError("INVALID_PARAMETER_VALUE", "the endpoint is not a URL");
  }
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new TraceError("INVALID_PARAMETER_VALUE", "the endpoint must be an http or https URL");
  }
  url.hash = "";
  return url;
}

/** `user:password@` of a URL as the header it stands for; fetch refuses such URLs. */
export function splitUserInfo(href: string): { url: string; authorization: string | null } {
  const url = new URL(href);
  if (url.username === "" && url.password === "") return { url: href, authorization: null };
  const bytes = new TextEncoder().encode(`${decoded(url.username)}:${decoded(url.password)}`);
  url.username = "";
  url.password = "";
  return { url: url.href, authorization: `Basic ${btoa(String.fromCharCode(...bytes))}` };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
