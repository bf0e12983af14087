// Spans that never came to an exporter, because the queue had no room for them: the core counts them, and here it is said,
// once a minute at most. What an exporter loses is told by whoever lost it.

import type { LossReason } from "../load/core.js";
import type { LogOnce } from "./log_once.js";

const TOLD: readonly (readonly [LossReason, string])[] = [
  ["queue_full", "the queue is full (batch.queueBytes), so the newest are dropped"],
  ["too_large", "larger than the queue may be (batch.queueBytes), or than there is memory for"],
];

export class LossLog {
  readonly #known = new Map<LossReason, number>();

  /** Of these others have told. */
  settled(reason: LossReason, spans: number): void {
    this.#known.set(reason, (this.#known.get(reason) ?? 0) + spans);
  }

  tell(dropped: Readonly<Record<LossReason, number>>, name: string, log: LogOnce): void {
    for (const [reason, why] of TOLD) {
      const spans = dropped[reason] - (this.#known.get(reason) ?? 0);
      if (spans <= 0) continue;
      this.settled(reason, spans);
      log.warn(`${reason} 0`, `${name}: ${String(spans)} spans lost: ${why}`);
    }
  }
}
