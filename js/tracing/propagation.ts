// Trace context over the wire: W3C traceparent, tracestate and baggage (Level 2).

import { currentFrame, frames, type Frame } from "./context.js";
import { isSpanIdHex, isTraceIdHex } from "./ids.js";
import { tracer } from "./realm.js";
import type { SpanContext } from "./span.js";
import { cleanTraceState } from "./trace_state.js";
import { contextOf } from "./tracer.js";

/** `Headers`, a plain object, or a Map. */
export type HeaderCarrier = { get(name: string): unknown; set(name: string, value: string): unknown } | Record<string, unknown>;

/** A remote span as it came in, with the baggage beside it. */
export interface RemoteContext extends SpanContext {
  baggage?: string;
}

/** What a request's trace context depends on. */
export interface InjectOptions {
  /**
   * Where the request goes. Where it is given, a page writes nothing into requests to other origins than its own:
   * their servers would learn of the trace, and the headers would need leave by CORS.
   */
  url?: string | URL;
  /** Other origins that may be told: "https://api.example.com", with a path for what is below it, or a pattern of the whole URL. */
  allow?: readonly (string | URL | RegExp)[];
}

const HEX_LOWER = /^[0-9a-f]+$/;

/** Reads `00-<trace id>-<span id>-<flags>`; null for anything the specification calls invalid. */
export function parseTraceparent(text: string): SpanContext | null {
  const value = text.trim();
  const version = value.slice(0, 2);
  const traceId = value.slice(3, 35);
  const spanId = value.slice(36, 52);
  const flags = value.slice(53, 55);
  if (value.length < 55 || value[2] !== "-" || value[35] !== "-" || value[52] !== "-") return null;
  if (!HEX_LOWER.test(version + traceId + spanId + flags) || version === "ff") return null;
  // Later versions may have more behind the flags, set off by a dash.
  if (version === "00" ? value.length !== 55 : value.length > 55 && value[55] !== "-") return null;
  if (!isTraceIdHex(traceId) || !isSpanIdHex(spanId)) return null;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 3, traceState: "", isRemote: true };
}

/** The header's text: only the flags sampled and random are passed on. */
export function formatTraceparent({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-${(traceFlags & 3).toString(16).padStart(2, "0")}`;
}

/** OTEL_PROPAGATORS may name one of them, or none. */
function isPropagated(what: "tracecontext" | "baggage"): boolean {
  return tracer().hub.propagators?.includes(what) ?? true;
}

/**
 * Writes the headers of the span, by default the active one, or of the remote parent where there is
 * none. Where there is neither, nothing is written. Never throws.
 */
export function injectTraceContext(headers: HeaderCarrier, span?: unknown, options: InjectOptions = {}): void {
  try {
    if (!mayTell(options)) return;
    const frame = currentFrame();
    const context = isPropagated("tracecontext") ? contextToSend(span, frame) : null;
    if (context !== null) {
      setHeader(headers, "traceparent", formatTraceparent(context));
      const state = cleanTraceState(context.traceState ?? "");
      if (state !== "") setHeader(headers, "tracestate", state);
    }
    if (frame.baggage !== "" && isPropagated("baggage")) setHeader(headers, "baggage", frame.baggage);
  } catch {
    tracer().warnOnce("inject", "trace context could not be written into the headers");
  }
}

/** Without a list everything may be told outside of pages: only they have an origin of their own. */
function mayTell({ url, allow }: InjectOptions): boolean {
  if (url === undefined) return true;
  const own = (globalThis as { location?: { origin: string; href: string } }).location;
  if (own === undefined && allow === undefined) return true;
  const target = new URL(url, own?.href);
  const isOwn = target.origin === own?.origin && target.origin !== "null"; // the origin of files, data and sandboxes
  return isOwn || (allow ?? []).some((allowed) => isBelow(target, allowed));
}

function isBelow(target: URL, allowed: string | URL | RegExp): boolean {
  // The pattern's own state (flags g and y) is neither used nor changed.
  if (!(allowed instanceof URL) && typeof allowed !== "string") return target.href.search(allowed) >= 0;
  const { origin, pathname } = new URL(allowed);
  const folder = pathname.endsWith("/") ? pathname : `${pathname}/`;
  return target.origin === origin && (target.pathname === pathname || target.pathname.startsWith(folder));
}

function contextToSend(span: unknown, frame: Frame): SpanContext | null {
  const from = span === undefined ? (frame.span ?? frame.remote) : span;
  if (typeof from === "object" && from !== null && "_hiddenContext" in from) {
    return (from as { _hiddenContext(): SpanContext | null })._hiddenContext();
  }
  return contextOf(from);
}

/** The remote span that the headers name: what `parent` takes. null where they name none. Never throws. */
export function extractTraceContext(headers: HeaderCarrier): RemoteContext | null {
  try {
    if (!isPropagated("tracecontext")) return null;
    const parents = headerValues(headers, "traceparent");
    const context = parents.length === 1 ? parseTraceparent(parents[0] as string) : null;
    if (context === null) return null;
    const baggage = isPropagated("baggage") ? cleanBaggage(headerValues(headers, "baggage").join(",")) : "";
    const traceState = cleanTraceState(headerValues(headers, "tracestate").join(","));
    return baggage === "" ? { ...context, traceState } : { ...context, traceState, baggage };
  } catch {
    tracer().warnOnce("extract", "trace context could not be read from the headers");
    return null;
  }
}

/** Runs `fn` so that roots inside continue the remote trace; its baggage is passed on. */
export function withRemoteContext<R>(remote: RemoteContext | null, fn: () => R): R {
  if (remote === null) return fn();
  return frames().run({ ...currentFrame(), span: null, remote, baggage: remote.baggage ?? "" }, fn);
}

/** Kept when within both limits of W3C's text; properties and percent-coding pass as they are. */
function cleanBaggage(text: string): string {
  const members = text
    .split(",")
    .map((member) => member.trim())
    .filter((member) => member !== "");
  const valid = members.filter((member) => /^[!#$%&'*+.^_`|~0-9A-Za-z-]+\s*=[!-+\--~]*(?:\s*;.*)?$/.test(member));
  const kept: string[] = [];
  let bytes = 0;
  for (const member of valid) {
    bytes += member.length + (kept.length > 0 ? 1 : 0);
    if (kept.length >= 180 || member.length > 4096 || bytes > 8192) break;
    kept.push(member);
  }
  return kept.join(",");
}

function setHeader(headers: HeaderCarrier, name: string, value: string): void {
  if (typeof headers.set === "function") (headers as { set(name: string, value: string): unknown }).set(name, value);
  else (headers as Record<string, unknown>)[name] = value;
}

/** All values of a header; names in any case, repeated headers as arrays. */
function headerValues(headers: HeaderCarrier, name: string): string[] {
  if (headers === null || typeof headers !== "object") return [];
  let found: unknown[] = [];
  if (typeof headers.get === "function") found = [(headers as { get(name: string): unknown }).get(name)];
  else
    for (const key of Object.keys(headers)) if (key.toLowerCase() === name) found.push((headers as Record<string, unknown>)[key]);
  return found.flat().filter((value): value is string => typeof value === "string");
}
