// The span that is not there: tracing is off, or the trace was sampled out. It has every member of
// a LiveSpan and none does anything. No call into the module, ever.

import { NO_OP_SPAN_TRACE_ID } from "./constants.js";
import { TraceError } from "../trace_error.js";
import { makeDisposable } from "./disposable.js";
import type { Link, OtlpSpan, SpanContext, SpanDict, SpanStatus } from "./span.js";
import type { SpanEvent } from "./span_event.js";

/** Ids that a no-op span passes on to other services; drawn when first needed. */
export type HiddenContext = () => SpanContext;

export class NoOpSpan {
  // A field of the class, so that all have one shape: null where tracing is off.
  _hidden: HiddenContext | SpanContext | null;

  constructor(hidden: HiddenContext | null = null) {
    this._hidden = hidden;
  }

  /** For traceparent headers alone; `context` is null as in MLflow. */
  _hiddenContext(): SpanContext | null {
    if (typeof this._hidden === "function") this._hidden = this._hidden();
    return this._hidden;
  }

  get traceId(): string {
    return NO_OP_SPAN_TRACE_ID;
  }
  get requestId(): string {
    return NO_OP_SPAN_TRACE_ID;
  }
  get spanId(): null {
    return null;
  }
  get parentId(): null {
    return null;
  }
  get name(): null {
    return null;
  }
  get startTimeNs(): null {
    return null;
  }
  get endTimeNs(): null {
    return null;
  }
  get status(): SpanStatus | null {
    return null;
  }
  get spanType(): null {
    return null;
  }
  get inputs(): null {
    return null;
  }
  get outputs(): null {
    return null;
  }
  get logLevel(): null {
    return null;
  }
  get description(): null {
    return null;
  }
  get modelName(): null {
    return null;
  }
  get llmCost(): null {
    return null;
  }
  get context(): SpanContext | null {
    return null;
  }
  get attributes(): Record<string, unknown> {
    return {};
  }
  get events(): SpanEvent[] {
    return [];
  }
  get links(): Link[] {
    return [];
  }
  get isRecording(): boolean {
    return false;
  }
  get hasEnded(): boolean {
    return false;
  }
  getAttribute(_key?: unknown): unknown {
    return null;
  }

  setInputs(_inputs?: unknown): void {}
  setOutputs(_outputs?: unknown): void {}
  setAttribute(_key?: unknown, _value?: unknown): void {}
  setAttributes(_attributes?: unknown): void {}
  setSpanType(_spanType?: unknown): void {}
  setDescription(_description?: unknown): void {}
  setLogLevel(_level?: unknown): void {}
  setStatus(_status?: unknown, _description?: unknown): void {}
  addEvent(_event?: unknown): void {}
  addLink(_link?: unknown): void {}
  recordException(_error?: unknown): void {}
  end(_options?: unknown): void {}

  /** Children of a no-op span are no-ops, never new roots. */
  startSpan(_options?: unknown): NoOpSpan {
    return this;
  }
  withSpan<R>(first: ((span: NoOpSpan) => R) | object, second?: ((span: NoOpSpan) => R) | object): R {
    return (typeof first === "function" ? (first as (span: NoOpSpan) => R) : (second as (span: NoOpSpan) => R))(this);
  }

  toImmutableSpan(): NoOpSpan {
    return this;
  }
  toDict(): { [Key in keyof SpanDict]: SpanDict[Key] | null } {
    return {
      trace_id: NO_OP_SPAN_TRACE_ID,
      span_id: null,
      parent_span_id: null,
      name: null,
      start_time_unix_nano: null,
      end_time_unix_nano: null,
      events: [],
      status: null,
      attributes: {},
      links: [],
    };
  }
  toJsonString(): string {
    return JSON.stringify(this.toDict());
  }
  toOtlp(): OtlpSpan {
    return {};
  }
  toOtlpBytes(): Uint8Array {
    return new Uint8Array(0);
  }
  static fromDict(): never {
    throw new TraceError("NOT_IMPLEMENTED", "a no-op span has no dictionary");
  }

  // Internal members of live spans that other files of the package may ask for.
  _fields(): null {
    return null;
  }
  _record(): Uint8Array {
    return new Uint8Array(0);
  }
}

makeDisposable(NoOpSpan.prototype, () => undefined);

/** The one that stands for all where tracing is off. */
export const NO_OP_SPAN = new NoOpSpan();
