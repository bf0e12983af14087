// What the exporters ask the core: wasm/export_bindings.cpp.

import type { Handover } from "./handover.js";
import type { RawModule } from "./raw_module.js";

/** In the order of NextStep in src/exporting/retry_policy.h. */
const NEXT_STEPS = ["deliver", "retry", "halve", "other_encoding", "give_up"] as const;
export type NextStep = (typeof NEXT_STEPS)[number];

export interface ExportAnswer {
  rejectedSpans: number;
  message: string;
}

/** Decisions that stay in the core, so that native users and this package agree. */
export interface ExportPolicies {
  nextStep(status: number, spanCount: number, mayChangeEncoding: boolean): NextStep;
  /** Milliseconds until the next attempt; null: the batch is given up. Times are monotonic. */
  retryDelay(attempts: number, random: number, retryAfterMillis: number, firstAttemptAt: number, now: number): number | null;
  /** Milliseconds to wait; null when the header says nothing that can be used. `now` is since 1970. */
  parseRetryAfter(text: string, dateHeader: string, now: number): number | null;
  /** An ExportTraceServiceResponse; what cannot be read counts as empty. */
  readAnswer(body: Uint8Array, isJson: boolean): ExportAnswer;
  /** The message of a google.rpc.Status; "" when there is none to read. */
  readErrorMessage(body: Uint8Array, isJson: boolean): string;
}

interface ExportBindings extends RawModule {
  nextStep(status: number, spanCount: number, mayChangeEncoding: boolean): number;
  retryDelay(attempts: number, random: number, retryAfterMillis: number, firstAttemptAt: number, now: number): number;
  parseRetryAfter(length: number, now: number): number;
  readExportAnswer(length: number, isJson: boolean): number;
  readErrorMessage(length: number, isJson: boolean): number;
}

export class ExportCore implements ExportPolicies {
  readonly #handover: Handover;

  constructor(handover: Handover) {
    this.#handover = handover;
  }

  nextStep(status: number, spanCount: number, mayChangeEncoding: boolean): NextStep {
    const step = this.#guard((raw) => raw.nextStep(status, spanCount, mayChangeEncoding));
    return NEXT_STEPS[step] ?? "give_up";
  }

  retryDelay(attempts: number, random: number, retryAfterMillis: number, firstAttemptAt: number, now: number): number | null {
    const delay = this.#guard((raw) => raw.retryDelay(attempts, random, retryAfterMillis, firstAttemptAt, now));
    return delay < 0 ? null : delay;
  }

  parseRetryAfter(text: string, dateHeader: string, now: number): number | null {
    const wait = this.#guard((raw) => raw.parseRetryAfter(this.#handover.putText(`${text}\n${dateHeader}`), now));
    return wait < 0 ? null : wait;
  }

  readAnswer(body: Uint8Array, isJson: boolean): ExportAnswer {
    const text = this.#read((raw) => raw.readExportAnswer(this.#handover.putBytes(body), isJson));
    const space = text.indexOf(" ");
    return { rejectedSpans: Number(text.slice(0, space)) || 0, message: text.slice(space + 1) };
  }

  readErrorMessage(body: Uint8Array, isJson: boolean): string {
    return this.#read((raw) => raw.readErrorMessage(this.#handover.putBytes(body), isJson));
  }

  #read(call: (raw: ExportBindings) => number): string {
    return this.#guard((raw) => this.#handover.takeText(call(raw)));
  }

  #guard<T>(call: (raw: ExportBindings) => T): T {
    return this.#handover.guard((raw) => call(raw as ExportBindings));
  }
}
