// What becomes of a batch after an attempt: settled, repeated later, halved, or lost and counted.

import type { Core, LossReason } from "../load/core.js";
import type { ExportPolicies } from "../load/export_core.js";
import type { DestinationOptions } from "./destination_options.js";
import type { Clock } from "../tracing/clock.js";
import { ExportError } from "./export_error.js";
import type { Outcome } from "./exporter.js";
import { shownText, type LogOnce } from "./log_once.js";
import type { Outbox, OutgoingBatch } from "./outbox.js";

export class Settler {
  /** The last attempt failed for the time being. */
  isTroubled = false;
  /** Monotonic. */
  pausedUntil = 0;
  /** Halving brought nothing when it was last tried. */
  #isHalvingVain = false;
  readonly #id: number;
  readonly #name: string;
  readonly #outbox: Outbox;
  readonly #log: LogOnce;
  readonly #clock: Clock;
  readonly #policies: () => ExportPolicies | null;
  readonly #random: () => number;

  constructor(options: DestinationOptions, outbox: Outbox, log: LogOnce) {
    this.#id = options.id;
    this.#name = options.name;
    this.#outbox = outbox;
    this.#log = log;
    this.#clock = options.clock;
    this.#policies = options.policies;
    this.#random = options.random ?? Math.random;
  }

  settle(core: Core, batch: OutgoingBatch, outcome: Outcome): void {
    switch (outcome.status) {
      case "success":
        this.isTroubled = false;
        this.#isHalvingVain = false;
        batch.family.hasDelivered = true;
        core.settleDelivered(this.#id, batch.id, rejectedOf(outcome, batch.spanCount));
        break;
      case "retryable":
        this.#repeatLater(core, batch, outcome.afterMillis ?? 0);
        break;
      case "failure":
        this.isTroubled = false;
        if (!this.#halve(core, batch, outcome.error)) this.#lose(core, batch, outcome.error);
    }
  }

  #repeatLater(core: Core, batch: OutgoingBatch, afterMillis: number): void {
    const now = this.#clock.monotonicMillis();
    const wait = Number.isFinite(afterMillis) ? afterMillis : 0;
    const delay = this.#policies()?.retryDelay(batch.attempts, this.#random(), wait, batch.firstAttemptAt, now) ?? null;
    this.isTroubled = true;
    // What the receiver asks for holds for every batch, also where this one is too old for it.
    this.pausedUntil = Math.max(this.pausedUntil, now + (delay ?? wait));
    if (delay !== null) return this.#outbox.wait(batch);
    core.settleLost(this.#id, batch.id, "gave_up");
    this.#log.warn(
      "gave_up",
      `${this.#name}: ${String(batch.spanCount)} spans given up after ${String(batch.attempts)} attempts`,
    );
  }

  /** True when the halves are sent in place of the batch. */
  #halve(core: Core, batch: OutgoingBatch, error: unknown): boolean {
    const mayHalve = error instanceof ExportError && error.mayHalve;
    const { family } = batch;
    const isVain = this.#isHalvingVain && !family.hasDelivered;
    if (!mayHalve || batch.spanCount < 2 || family.requestsLeft < 2 || isVain) {
      if (mayHalve && !family.hasDelivered && family.requestsLeft < 2) this.#isHalvingVain = true;
      return false;
    }
    const halves = core.splitBatch(this.#id, batch.id);
    if (halves === null) return false;
    const { firstIndex } = batch;
    this.#outbox.waitFirst(
      halves.map((id) => ({
        id,
        spanCount: core.batchSpanCount(this.#id, id),
        firstIndex,
        family,
        attempts: 0,
        firstAttemptAt: -1,
      })),
    );
    return true;
  }

  #lose(core: Core, batch: OutgoingBatch, error: unknown): void {
    const reason: LossReason = error instanceof ExportError ? error.lossReason : "rejected";
    core.settleLost(this.#id, batch.id, reason);
    const why = error instanceof ExportError ? shownText(error.message) : "the exporter reports a failure";
    const status = error instanceof ExportError ? error.httpStatus : 0;
    this.#log.warn(`${reason} ${String(status)}`, `${this.#name}: ${String(batch.spanCount)} spans lost: ${why}`);
  }
}

export function rejectedOf(outcome: { rejectedSpans?: number }, spanCount: number): number {
  const rejected = Math.trunc(outcome.rejectedSpans ?? 0);
  return rejected > 0 ? Math.min(rejected, spanCount) : 0;
}
