// Something that happened at one moment of a span.

import { isError, safeText, tagOf } from "./values.js";

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

export const STACK_ATTRIBUTE = "exception.stacktrace";

/** Alone, or with its causes where that code is there (causes.ts). */
let stackOf = ownStack;

export function setStackOf(of: typeof ownStack): void {
  stackOf = of;
}

/** An `exception` event without a time: the span's own clock gives it. Never throws. */
export function eventOfException(error: unknown): { name: string; attributes: Record<string, unknown> } {
  return {
    name: "exception",
    attributes: {
      "exception.type": typeOf(error),
      "exception.message": messageOf(error),
      [STACK_ATTRIBUTE]: stackOf(error),
    },
  };
}

export function read(value: unknown, key: string): unknown {
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

export function ownStack(error: unknown): string {
  const stack = typeof error === "object" && error !== null ? read(error, "stack") : undefined;
  if (typeof stack === "string" && stack !== "") return stack;
  return `${typeOf(error)}: ${messageOf(error)}`;
}
