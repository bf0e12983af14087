// Which traces are recorded. The decision falls at a root, before the module is needed, and holds
// for the whole trace; with a parent elsewhere the parent's decision holds.

import { TraceError } from "../trace_error.js";
import { isBelowRatio, isRatio } from "./ratio.js";
import type { SpanContext } from "./span.js";

export interface SamplingRequest {
  /** 32 hex digits. */
  readonly traceId: string;
  /** The parent in another process; null for a new trace. */
  readonly parent: SpanContext | null;
  readonly name: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

export interface SamplingResult {
  readonly isSampled: boolean;
  /** Set on the span. */
  readonly attributes?: Readonly<Record<string, unknown>>;
  /** W3C trace state of the trace; "" clears what came in. */
  readonly traceState?: string;
}

export interface Sampler {
  shouldSample(request: SamplingRequest): SamplingResult | boolean;
  toString(): string;
}

export class AlwaysOnSampler implements Sampler {
  shouldSample(): boolean {
    return true;
  }
  toString(): string {
    return "AlwaysOnSampler";
  }
}

export class AlwaysOffSampler implements Sampler {
  shouldSample(): boolean {
    return false;
  }
  toString(): string {
    return "AlwaysOffSampler";
  }
}

/** Keeps a trace when the low 64 bits of its id are below ratio · 2^64, as MLflow does. */
export class TraceIdRatioBasedSampler implements Sampler {
  readonly ratio: number;

  /** Throws TraceError unless 0 ≤ ratio ≤ 1. */
  constructor(ratio: number) {
    if (!isRatio(ratio)) throw new TraceError("INVALID_PARAMETER_VALUE", "a sampling ratio is a number from 0 to 1");
    this.ratio = ratio;
  }
  shouldSample(request: SamplingRequest): boolean {
    const { traceId } = request;
    return isBelowRatio(Number.parseInt(traceId.slice(16, 24), 16), Number.parseInt(traceId.slice(24), 16), this.ratio);
  }
  toString(): string {
    return `TraceIdRatioBased{${this.ratio.toFixed(6)}}`;
  }
}

/** A parent's decision holds; a new trace asks `root`. */
export class ParentBasedSampler implements Sampler {
  readonly root: Sampler;

  constructor(options: { root: Sampler }) {
    this.root = options.root;
  }
  shouldSample(request: SamplingRequest): SamplingResult | boolean {
    return request.parent === null ? this.root.shouldSample(request) : (request.parent.traceFlags & 1) === 1;
  }
  toString(): string {
    return `ParentBased{root=${this.root.toString()}}`;
  }
}
