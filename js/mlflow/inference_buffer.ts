// Finished traces that a serving layer fetches by its own ids for the requests.

import { environmentVariable } from "#host";
import type { Clock } from "../tracing/clock.js";
import { tracer } from "../tracing/realm.js";

const DEFAULT_MAX_SIZE = 1000;
const DEFAULT_TTL_SECONDS = 3600;

/** A trace as MLflow's dictionary. */
export type TraceDict = Record<string, unknown>;

/** Bounded by number and age; the oldest make room. */
export class TraceBuffer {
  readonly #maxSize: number;
  readonly #ttlMillis: number;
  readonly #clock: () => Clock;
  readonly #traces = new Map<string, { at: number; trace: TraceDict }>();

  constructor(maxSize: number, ttlSeconds: number, clock: () => Clock = () => tracer().clock) {
    this.#maxSize = maxSize;
    this.#ttlMillis = ttlSeconds * 1000;
    this.#clock = clock;
  }

  get size(): number {
    this.#forgetOld();
    return this.#traces.size;
  }

  set(requestId: string, trace: TraceDict): void {
    this.#forgetOld();
    this.#traces.delete(requestId);
    this.#traces.set(requestId, { at: this.#clock().monotonicMillis(), trace });
    if (this.#traces.size > this.#maxSize) this.#traces.delete(this.#traces.keys().next().value as string);
  }

  /** Takes it out. */
  pop(requestId: string): TraceDict | null {
    this.#forgetOld();
    const found = this.#traces.get(requestId);
    this.#traces.delete(requestId);
    return found?.trace ?? null;
  }

  #forgetOld(): void {
    const now = this.#clock().monotonicMillis();
    for (const [requestId, { at }] of this.#traces) {
      if (now - at < this.#ttlMillis) return;
      this.#traces.delete(requestId);
    }
  }
}

const KEY = Symbol.for("spandrel.inference_buffer");

/** Of this realm: made when it is first used, by MLFLOW_TRACE_BUFFER_MAX_SIZE and MLFLOW_TRACE_BUFFER_TTL_SECONDS. */
export function inferenceBuffer(): TraceBuffer {
  const realm = globalThis as { [KEY]?: TraceBuffer };
  if (realm[KEY] === undefined) {
    const buffer = new TraceBuffer(
      numberOf("MLFLOW_TRACE_BUFFER_MAX_SIZE", DEFAULT_MAX_SIZE),
      numberOf("MLFLOW_TRACE_BUFFER_TTL_SECONDS", DEFAULT_TTL_SECONDS),
    );
    Object.defineProperty(realm, KEY, { value: buffer, configurable: true });
  }
  return realm[KEY] as TraceBuffer;
}

/** init() has told of a number that cannot be used. */
function numberOf(name: string, otherwise: number): number {
  try {
    const value = Number(environmentVariable(name)?.trim());
    return Number.isInteger(value) && value > 0 ? value : otherwise;
  } catch {
    return otherwise;
  }
}

/** The trace of a request, which is then no longer there; null: none, or too long ago. Never throws. */
export function popInferenceTrace(clientRequestId: string): TraceDict | null {
  return typeof clientRequestId === "string" ? inferenceBuffer().pop(clientRequestId) : null;
}
