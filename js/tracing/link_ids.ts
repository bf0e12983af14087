// The ids of links, checked and made whole. Part of later.ts.

import type { LiveSpan, PendingLink } from "./live_span.js";

/** Gives the link its ids and the span the link, unless it has enough of them. */
export function placeLink(span: LiveSpan, link: PendingLink, countLimit: number): void {
  const { traceIdText, spanIdHex } = link as { traceIdText: unknown; spanIdHex: unknown };
  const isText = typeof traceIdText === "string" && typeof spanIdHex === "string";
  const ids = isText ? linkIds(span.traceId, traceIdText, spanIdHex) : null;
  if (ids === null) {
    span._trace.runtime.logger.warn(
      "a link needs a trace id ('tr-…' or up to 32 hex digits) and a span id of up to 16 hex digits; ignored",
    );
    return;
  }
  const links = (span._links ??= []);
  if (links.length < countLimit) links.push(Object.assign(link, ids));
  else span._droppedLinks++;
}

/**
 * Ids as src/manager/link_ids.h takes them: "tr-…", bare hex of up to 32 digits, or an id of a trace at
 * the same location as `own`; null for any other.
 */
function linkIds(
  own: string,
  traceId: string,
  spanId: string,
): Pick<PendingLink, "traceIdHex" | "traceIdText" | "spanIdHex"> | null {
  const ownLocation = V4_ID.exec(own)?.[1];
  const [, location, plain] = V4_ID.exec(traceId) ?? ([undefined, undefined, traceId] as const);
  const traceIdHex = paddedHex((plain as string).replace(/^tr-/, ""), 32);
  const spanIdHex = paddedHex(spanId, 16);
  if (traceIdHex === null || spanIdHex === null || (location !== undefined && location !== ownLocation)) return null;
  const isElsewhere = location === undefined && ownLocation !== undefined;
  return { traceIdHex, traceIdText: isElsewhere ? `trace:/${ownLocation}/${traceId}` : traceId, spanIdHex };
}

const V4_ID = /^trace:\/([^/]+)\/([^/]+)$/;

/** null unless it is 1 to `digits` hex digits, not all of them 0. */
function paddedHex(hex: string, digits: number): string | null {
  return hex.length <= digits && /^0*[1-9a-f][\da-f]*$/i.test(hex) ? hex.toLowerCase().padStart(digits, "0") : null;
}
