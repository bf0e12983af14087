// Something that happened at one moment of a span.

import { isError, safeText, tagOf } from "./values.js";

/** At most this many links of a chain of causes are written down. */
const MAX_CAUSES = 8;
const MAX_STACK_UNITS = 64 << 10;

export class SpanEvent {
  name: string;
  /** Nanoseconds since 1970. */
  timestamp: bigint;
  attributes: Record<string, unknown>;

  constructor(name: string, attributes: Record<string, unknown> = {}, timestamp: bigint = BigInt(Date.now()) * 1_000_000n) {
    this.name = name;
    this.timestamp = timestamp;
    this.attributes = attributes;
  }

  /** The event that recordException adds, as of now. Takes anything that can be thrown. */
  static fromException(error: unknown): SpanEvent {
    const { name, attributes } = eventOfException(error);
    return new SpanEvent(name, attributes);
  }
}

/** An `exception` event without a time: the span's own clock gives it. Never throws. */
export function eventOfException(error: unknown): { name: string; attributes: Record<string, unknown> } {
  return {
    name: "exception",
    attributes: {
      "exception.type": typeOf(error),
      "exception.message": messageOf(error),
      "exception.stacktrace": stackOf(error),
    },
  };
}

function read(value: unknown, key: string): unknown {
  try {
    return (value as Record<string, unknown>)[key];
  } catch {
    return undefined;
  }
}

function typeOf(error: unknown): string {
  if (isErrorSafely(error)) {
    const name = read(error, "name");
    return typeof name === "string" && name !== "" ? name : "Error";
  }
  if (typeof error !== "object" || error === null) return error === null ? "null" : typeof error;
  const name = read(read(error, "constructor"), "name");
  return typeof name === "string" && name !== "" ? name : "object";
}

function messageOf(error: unknown): string {
  if (!isErrorSafely(error)) return safeText(error);
  const message = read(error, "message");
  return typeof message === "string" ? message : safeText(message);
}

function isErrorSafely(error: unknown): boolean {
  try {
    // An aborted request gives a DOMException, which is no Error across realms.
    return isError(error) || tagOf(error) === "[object DOMException]";
  } catch {
    return false;
  }
}

/** The stack, then those of the causes and of the members of an AggregateError. */
function stackOf(error: unknown): string {
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

function ownStack(error: unknown): string {
  const stack = typeof error === "object" && error !== null ? read(error, "stack") : undefined;
  if (typeof stack === "string" && stack !== "") return stack;
  return `${typeOf(error)}: ${messageOf(error)}`;
}
