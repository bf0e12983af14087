// What the address says: the token that lets the page read, and the trace and span that are shown.
//
//   #token=…                       from the receiver's printed URL
//   #/t/<traceId>/s/<spanId>       a link to a span; the token follows as ?token=… so that links keep working here
//
// The token is kept for this tab only.

export interface Place {
  traceId: string | null;
  spanId: string | null;
}

const TOKEN_KEY = "spandrel.token";

export function readToken(): string | null {
  const match = /[#?&]token=([^&]+)/.exec(location.hash);
  if (match?.[1]) {
    const token = decodeURIComponent(match[1]);
    try {
      sessionStorage.setItem(TOKEN_KEY, token);
    } catch {
      // Storage is off: the address still has it.
    }
    return token;
  }
  try {
    return sessionStorage.getItem(TOKEN_KEY);
  } catch {
    return null;
  }
}

export function readPlace(): Place {
  const match = /#\/t\/([0-9a-f]{32})(?:\/s\/([0-9a-f]{16}))?/i.exec(location.hash);
  return { traceId: match?.[1]?.toLowerCase() ?? null, spanId: match?.[2]?.toLowerCase() ?? null };
}

export function hashOf({ traceId, spanId }: Place, token: string | null): string {
  const path = traceId ? `/t/${traceId}${spanId ? `/s/${spanId}` : ""}` : "";
  const query = token ? `token=${encodeURIComponent(token)}` : "";
  if (!path) return query ? `#${query}` : "#";
  return `#${path}${query ? `?${query}` : ""}`;
}

/** Another trace is a step that Back undoes, another span of it is not. */
export function writePlace(place: Place, token: string | null): void {
  const next = hashOf(place, token);
  if (next === location.hash) return;
  const isOtherTrace = readPlace().traceId !== null && readPlace().traceId !== place.traceId;
  if (isOtherTrace) history.pushState(null, "", next);
  else history.replaceState(null, "", next);
}
