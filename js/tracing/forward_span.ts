// A running span of OpenTelemetry's API behind a span of ours: what is set here is set there too, in the
// forms plain OTLP carries, and end() ends both. What the other library refuses is its own affair.

import { INPUTS_ATTRIBUTE, LOG_LEVEL_ATTRIBUTE, logLevelOf, OUTPUTS_ATTRIBUTE, SPAN_TYPE_ATTRIBUTE } from "./constants.js";
import type { EndOptions, LiveSpan } from "./live_span.js";
import type { EventInput, LinkInput, SpanStatus } from "./span.js";
import { jsonTextOf } from "./values.js";

type HrTime = [seconds: number, nanos: number];

/** What is called of it; any of them may be missing. */
export interface ForeignLiveSpan {
  setAttribute?(key: string, value: unknown): unknown;
  setStatus?(status: { code: number; message?: string }): unknown;
  addEvent?(name: string, attributes: unknown, time?: HrTime): unknown;
  addLink?(link: { context: object; attributes: unknown }): unknown;
  end?(time?: HrTime): unknown;
}

const STATUS_CODES: Readonly<Record<string, number>> = { UNSET: 0, OK: 1, ERROR: 2 };

/**
 * Replaces methods of this one object. Those that are made of others (setAttributes, setDescription,
 * recordException, what end() is given) reach the other span through them.
 */
export function forwardTo(span: LiveSpan, foreign: ForeignLiveSpan, warn: (error: unknown) => void): void {
  const set = (key: string, value: unknown): unknown => foreign.setAttribute?.(key, value);
  const tell: { [Method in keyof LiveSpan]?: (...args: never[]) => unknown } = {
    setAttribute: (key: unknown, value: unknown) => {
      if (typeof key === "string" && key !== "" && value !== undefined) set(key, plain(value));
    },
    setInputs: (inputs: unknown) => set(INPUTS_ATTRIBUTE, jsonTextOf(inputs)),
    setOutputs: (outputs: unknown) => set(OUTPUTS_ATTRIBUTE, jsonTextOf(outputs)),
    setSpanType: (type: unknown) => {
      if (typeof type === "string") set(SPAN_TYPE_ATTRIBUTE, type);
    },
    setLogLevel: (level: string | number) => {
      const number = logLevelOf(level);
      if (number !== null) set(LOG_LEVEL_ATTRIBUTE, number);
    },
    setStatus: (status: SpanStatus | string, description?: string) => {
      const { statusCode, description: message } = typeof status === "string" ? { statusCode: status, description } : status;
      const code = STATUS_CODES[statusCode];
      if (code !== undefined) foreign.setStatus?.(code === 2 && message ? { code, message: description ?? message } : { code });
    },
    addEvent: ({ name, attributes, timestamp }: EventInput) =>
      foreign.addEvent?.(name, plainMembers(attributes), timestamp === undefined ? undefined : hrTimeOf(timestamp)),
    addLink: ({ traceId, spanId, traceFlags = 0, attributes }: LinkInput) =>
      foreign.addLink?.({
        context: { traceId: traceId.slice(-32), spanId, traceFlags },
        attributes: plainMembers(attributes ?? undefined),
      }),
  };
  const quietly = (call: () => unknown): void => {
    try {
      call();
    } catch (error) {
      warn(error);
    }
  };
  const replace = (name: keyof LiveSpan, value: (...args: never[]) => void): void => {
    Object.defineProperty(span, name, { value, configurable: true, writable: true });
  };
  for (const [name, there] of Object.entries(tell) as [keyof LiveSpan, (...args: unknown[]) => unknown][]) {
    const here = (span[name] as (...args: unknown[]) => void).bind(span);
    replace(name, (...args: unknown[]) => {
      if (!span.hasEnded) quietly(() => there(...args));
      here(...args);
    });
  }
  const end = span.end.bind(span);
  replace("end", (options?: EndOptions) => {
    const isFirst = span.isRecording; // a processor may call it once more from inside
    end(options);
    const time = options?.endTimeNs;
    if (isFirst && span.hasEnded) quietly(() => foreign.end?.(typeof time === "bigint" ? hrTimeOf(time) : undefined));
  });
}

/** A value that OpenTelemetry's attributes can hold. */
function plain(value: unknown): unknown {
  const isPlain = ["string", "number", "boolean"].includes(typeof value);
  const isList = Array.isArray(value) && value.every((member) => typeof member === typeof value[0] && plain(member) === member);
  return isPlain || isList ? value : jsonTextOf(value);
}

function plainMembers(attributes: Record<string, unknown> | undefined): Record<string, unknown> | undefined {
  return attributes === undefined
    ? undefined
    : Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, plain(value)]));
}

function hrTimeOf(nanos: bigint): HrTime {
  return [Number(nanos / 1_000_000_000n), Number(nanos % 1_000_000_000n)];
}
