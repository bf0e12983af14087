// The stacks of what an error was caused by. Part of later.ts.

import type { PendingEvent } from "./live_span.js";
import { ownStack, read, STACK_ATTRIBUTE } from "./span_event.js";
import { truncateText } from "./values.js";

/** At most this many links of a chain of causes are written down. */
const MAX_CAUSES = 8;
const MAX_STACK_UNITS = 64 << 10;

/** Completes an event that was recorded without them; a stack that a limit has cut stays as it is. */
export function addCauses(event: PendingEvent, error: unknown, lengthLimit: number): void {
  const place = event.keys.indexOf(STACK_ATTRIBUTE);
  if (event.values[place] === ownStack(error)) event.values[place] = truncateText(stackOf(error), lengthLimit);
}

/** The stack, then those of the causes and of the members of an AggregateError. */
export function stackOf(error: unknown): string {
  let text = ownStack(error);
  let rest = MAX_CAUSES;
  const seen = new Set<unknown>([error]);
  const waiting = causesOf(error);
  while (waiting.length > 0 && rest-- > 0 && text.length < MAX_STACK_UNITS) {
    const [label, cause] = waiting.shift() as [string, unknown];
    if (seen.has(cause)) continue;
    seen.add(cause);
    text += `\n${label}: ${ownStack(cause)}`;
    waiting.unshift(...causesOf(cause));
  }
  return text.length > MAX_STACK_UNITS ? text.slice(0, MAX_STACK_UNITS) : text;
}

function causesOf(error: unknown): [string, unknown][] {
  const causes: [string, unknown][] = [];
  if (typeof error !== "object" || error === null) return causes;
  const cause = read(error, "cause");
  if (cause !== undefined) causes.push(["Caused by", cause]);
  const members = read(error, "errors");
  if (Array.isArray(members)) for (const member of members.slice(0, MAX_CAUSES)) causes.push(["Member", member]);
  return causes;
}
