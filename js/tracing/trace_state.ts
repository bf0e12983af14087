// W3C tracestate: members in order, cut by the rules of its text.

const MAX_MEMBERS = 32;
/** At least 512 must be kept; 32 members of the longest kind fit. */
const MAX_UNITS = 32 * 513;
const LONG_MEMBER = 128;

const MEMBER =
  /^[a-z0-9][a-z0-9_\-*/@]{0,255}=[\u0020-\u002b\u002d-\u003c\u003e-\u007e]{0,255}[\u0021-\u002b\u002d-\u003c\u003e-\u007e]$/;

/** The valid members; "" where the list is none. A bad list never spoils the traceparent. */
export function cleanTraceState(text: string): string {
  const members: string[] = [];
  const keys = new Set<string>();
  for (const part of text.split(",")) {
    const member = part.replace(/^[ \t]+|[ \t]+$/g, "");
    if (member === "") continue;
    const key = member.slice(0, member.indexOf("="));
    // One bad or doubled member makes the list invalid.
    if (!MEMBER.test(member) || keys.has(key)) return "";
    keys.add(key);
    members.push(member);
  }
  return shortened(members);
}

/** Long members go first, then the last ones. */
function shortened(members: readonly string[]): string {
  let kept = [...members];
  const isTooMuch = (): boolean => kept.length > MAX_MEMBERS || kept.join(",").length > MAX_UNITS;
  for (let i = kept.length - 1; i >= 0 && isTooMuch(); i--) {
    if ((kept[i] as string).length > LONG_MEMBER) kept = kept.filter((_, place) => place !== i);
  }
  while (isTooMuch()) kept.pop();
  return kept.join(",");
}
