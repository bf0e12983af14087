// The state that spans of one tracer share. init() fills it; nothing here acts by itself.

import type { LossReason } from "../load/core.js";
import type { Clock } from "./clock.js";
import type { LaterCode } from "./later.js";
import type { LiveSpan } from "./live_span.js";
import type { LocalTrace } from "./local_trace.js";
import type { Warning } from "./warnings.js";

export interface Logger {
  debug(message: string, ...details: unknown[]): void;
  info(message: string, ...details: unknown[]): void;
  warn(message: string, ...details: unknown[]): void;
  error(message: string, ...details: unknown[]): void;
}

/** Limits of OpenTelemetry's specification; Infinity means none. */
export interface SpanLimits {
  attributeCountLimit: number;
  attributeValueLengthLimit: number;
  eventCountLimit: number;
  linkCountLimit: number;
  attributePerEventCountLimit: number;
  attributePerLinkCountLimit: number;
}

export const DEFAULT_SPAN_LIMITS: Readonly<SpanLimits> = {
  attributeCountLimit: 128,
  attributeValueLengthLimit: Infinity,
  eventCountLimit: 128,
  linkCountLimit: 128,
  attributePerEventCountLimit: 128,
  attributePerLinkCountLimit: 128,
};

/** What takes ended spans: the recorder, or before there is one a list of them. */
export interface SpanSink {
  record(span: LiveSpan): void;
  countLost(destinations: number, reason: LossReason): void;
  /** Hands over what is staged. */
  commit(): void;
  /** The span as a portable record; null where there is no module. */
  snapshot(span: LiveSpan): Uint8Array | null;
}

export interface Runtime {
  readonly logger: Logger;
  readonly clock: Clock;
  readonly limits: SpanLimits;
  readonly recorder: SpanSink;
  /** Run in order inside end(), while setters still work. */
  readonly spanProcessors: readonly ((span: LiveSpan) => unknown)[];
  readonly endHooks: ReadonlySet<(span: LiveSpan) => unknown>;
  /**
   * The hook before a span is sealed (redaction): runs last, may still set values. When it throws,
   * the span is withheld and counted as `redaction_error`.
   */
  readonly beforeSeal: ((span: LiveSpan) => void) | null;
  /** Told of each ended span, after its record was made. */
  spanHasEnded(span: LiveSpan, trace: LocalTrace): void;
  /** The code that pages load later; null until then. */
  readonly later: LaterCode | null;
  /** Calls `act` with it: now, or when it is there. */
  whenLater(act: (later: LaterCode) => void): void;
  warn(of: Warning, value?: unknown): void;
  /** Starts a child; how sampling, limits of the trace and no-op spans come in is its business. */
  startChild(parent: LiveSpan, options: unknown): unknown;
  withSpan(first: unknown, second: unknown, parent?: LiveSpan): unknown;
}
