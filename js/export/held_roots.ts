// Traces of a whole-trace destination whose root has ended: each leaves after a while, complete or not.

import type { Timers } from "./timers.js";

const HOLD_AFTER_ROOT_MILLIS = 30_000;

export class HeldRoots {
  readonly #timers: Timers;
  readonly #release: (traceIdHex: string) => void;
  readonly #cancels = new Map<string, () => void>();

  constructor(timers: Timers, release: (traceIdHex: string) => void) {
    this.#timers = timers;
    this.#release = release;
  }

  add(traceIdHex: string): void {
    if (this.#cancels.has(traceIdHex)) return;
    const cancel = this.#timers.schedule(() => {
      this.#release(traceIdHex);
    }, HOLD_AFTER_ROOT_MILLIS);
    this.#cancels.set(traceIdHex, cancel);
  }

  remove(traceIdHex: string): void {
    this.#cancels.get(traceIdHex)?.();
    this.#cancels.delete(traceIdHex);
  }

  ids(): string[] {
    return [...this.#cancels.keys()];
  }

  clear(): void {
    for (const cancel of this.#cancels.values()) cancel();
    this.#cancels.clear();
  }
}
