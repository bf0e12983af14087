// produced = delivered + pending + Σ dropped for one destination, before, while and after there is a
// module. While there is one the core counts; what it knew last is kept for the time after.

import type { AttachmentCounts } from "./trace_exporter.js";
import { LOSS_REASONS, type Core, type LossReason, type QueueCounters } from "../load/core.js";

export interface DestinationCounters {
  produced: number;
  delivered: number;
  pending: number;
  dropped: Record<LossReason, number>;
  /** Where contents were taken out of spans. */
  attachments?: AttachmentCounts;
}

/** A loss that the core has not been told of. */
export interface UnreportedLoss {
  /** One bit a destination. */
  destinations: number;
  reason: LossReason;
}

export function noLosses(): Record<LossReason, number> {
  return Object.fromEntries(LOSS_REASONS.map((reason) => [reason, 0])) as Record<LossReason, number>;
}

export function totalOf(dropped: Record<LossReason, number>): number {
  let total = 0;
  for (const reason of LOSS_REASONS) total += dropped[reason];
  return total;
}

/** Losses of these kinds are told to noteRecord() as well; the others only to the recorder. */
const NOTED: ReadonlySet<LossReason> = new Set(["not_ready", "module_dead"]);

export class CounterKeeper {
  readonly #id: number;
  readonly #unreported: () => readonly UnreportedLoss[];
  #last: QueueCounters = { produced: 0, delivered: 0, dropped: noLosses() };

  constructor(id: number, unreported: () => readonly UnreportedLoss[]) {
    this.#id = id;
    this.#unreported = unreported;
  }

  /** What the core says, kept for the time when it says nothing more. */
  refresh(core: Core): void {
    this.#last = core.counters(this.#id);
  }

  /** After the module's end: an answer for a batch that was under way. */
  addDelivered(spans: number, rejected: number): void {
    this.#last.delivered += spans - rejected;
    this.#last.dropped.rejected += rejected;
  }

  /** As the core said last; not a copy. */
  get lastDropped(): Readonly<Record<LossReason, number>> {
    return this.#last.dropped;
  }

  whileAlive(): DestinationCounters {
    const { produced, delivered, dropped } = this.#last;
    return { produced, delivered, pending: produced - delivered - totalOf(dropped), dropped: { ...dropped } };
  }

  /** `noted`: spans the recorder told of. Nothing has been sent yet. */
  beforeReady(noted: number): DestinationCounters {
    const dropped = noLosses();
    let produced = noted;
    for (const { destinations, reason } of this.#unreported()) {
      if (((destinations >>> this.#id) & 1) === 0) continue;
      dropped[reason]++;
      if (!NOTED.has(reason)) produced++;
    }
    return { produced, delivered: 0, pending: Math.max(produced - totalOf(dropped), 0), dropped };
  }

  /** Everything that is neither settled nor under way went down with the module. */
  afterDeath(noted: number, spansUnderWay: number): DestinationCounters {
    const produced = Math.max(noted, this.#last.produced);
    const dropped = { ...this.#last.dropped };
    const settled = this.#last.delivered + totalOf(dropped);
    const pending = Math.min(spansUnderWay, produced - settled);
    dropped.module_dead += produced - settled - pending;
    return { produced, delivered: this.#last.delivered, pending, dropped };
  }
}
