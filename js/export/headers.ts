// Headers the user gives, checked before they reach a request: a CR, LF or NUL would end the header
// and begin another.

/** RFC 9110 token. */
const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** Visible Latin-1, space and tab. */
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Set by the exporter itself; a user's value would contradict the body. */
const OWN_HEADERS = new Set(["content-type", "content-encoding", "content-length", "host", "connection", "transfer-encoding"]);

/** Valid headers with lower-case names. `refused` is told the name only: a value may be a secret. */
export function checkedHeaders(headers: unknown, refused: (name: string, why: string) => void): Record<string, string> {
  const checked: Record<string, string> = Object.create(null) as Record<string, string>;
  if (typeof headers !== "object" || headers === null) return checked;
  for (const [name, value] of Object.entries(headers)) {
    const lower = name.toLowerCase();
    if (!NAME.test(name)) refused(JSON.stringify(name), "its name is not a header name");
    else if (typeof value !== "string") refused(name, "its value is not text");
    else if (!VALUE.test(value)) refused(name, "its value has characters that headers cannot carry");
    else if (OWN_HEADERS.has(lower)) refused(name, "the exporter sets it");
    else checked[lower] = value.trim();
  }
  return checked;
}

/**
 * `k1=v1,k2=v2` of OTEL_EXPORTER_OTLP_HEADERS: names and values percent-decoded, the first `=`
 * divides, a `;` belongs to the value (metadata is not part of this format).
 */
export function parseHeaderList(text: string, refused: (name: string, why: string) => void): Record<string, string> {
  const headers: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const part of text.split(",")) {
    if (part.trim() === "") continue;
    const divider = part.indexOf("=");
    const name = percentDecoded(part.slice(0, Math.max(divider, 0)).trim());
    const value = percentDecoded(part.slice(divider + 1).trim());
    if (divider <= 0) refused("(no name)", "it has no `name=value` form");
    else if (name === null || value === null) refused(name ?? "(no name)", "its percent-encoding is broken");
    else headers[name] = value;
  }
  return checkedHeaders(headers, refused);
}

function percentDecoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
