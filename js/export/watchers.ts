// Who waits until a destination has done something, such as emptied its queue.

import type { Timers } from "./timers.js";

export class Watchers {
  readonly #timers: Timers;
  readonly #looks = new Set<() => void>();

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** Resolves true as soon as `isDone`, false after the time. The wait keeps a Node process alive. */
  until(isDone: () => boolean, timeoutMillis: number): Promise<boolean> {
    if (isDone()) return Promise.resolve(true);
    return new Promise((resolve) => {
      const look = (): void => {
        if (!isDone()) return;
        cancel();
        this.#looks.delete(look);
        resolve(true);
      };
      const cancel = this.#timers.schedule(
        () => {
          this.#looks.delete(look);
          resolve(false);
        },
        timeoutMillis,
        true,
      );
      this.#looks.add(look);
    });
  }

  /** Something has changed. */
  tell(): void {
    for (const look of [...this.#looks]) look();
  }
}
