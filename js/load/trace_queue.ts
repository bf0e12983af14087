// Queues that keep each trace for itself until its exporter asks for it (wasm/trace_queue_bindings.cpp).
// The smaller module has none: there every call throws TraceError NOT_IMPLEMENTED.

import { LOSS_REASONS, type Core, type LossReason, type QueueLimits } from "./core.js";
import type { RawModule } from "./raw_module.js";

interface TraceQueueBindings extends RawModule {
  setTraceDestinationLimits(destination: number, maxBytes: number, maxSpans: number): void;
  takeTrace(destination: number, traceIdLength: number): number;
  discardTrace(destination: number, traceIdLength: number, reason: number): number;
  heldTraces(destination: number): number;
}

/** Trace ids are 32 hex digits. */
export class TraceQueue {
  readonly #core: Core;
  readonly #destination: number;

  constructor(core: Core, destination: number) {
    this.#core = core;
    this.#destination = destination;
  }

  setLimits({ maxBytes, maxSpans }: QueueLimits): void {
    this.#call((raw) => {
      raw.setTraceDestinationLimits(this.#destination, maxBytes, maxSpans);
    });
  }

  /** What is kept of the trace as a batch, which may be empty. */
  takeTrace(traceIdHex: string): number {
    const { handover } = this.#core;
    return this.#call((raw) => {
      const batch = raw.takeTrace(this.#destination, handover.putText(traceIdHex));
      if (batch < 0) handover.takeText(batch);
      return batch;
    });
  }

  /** What is kept of the trace is lost. */
  discardTrace(traceIdHex: string, reason: LossReason): void {
    const { handover } = this.#core;
    this.#call((raw) =>
      handover.takeText(raw.discardTrace(this.#destination, handover.putText(traceIdHex), LOSS_REASONS.indexOf(reason))),
    );
  }

  /** Traces of which something is kept. */
  heldTraces(): string[] {
    const text = this.#call((raw) => this.#core.handover.takeText(raw.heldTraces(this.#destination)));
    return text === "" ? [] : text.split(" ");
  }

  #call<T>(call: (raw: TraceQueueBindings) => T): T {
    const { handover } = this.#core;
    handover.need("takeTrace");
    return handover.guard((raw) => call(raw as TraceQueueBindings));
  }
}
