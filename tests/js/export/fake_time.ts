// A clock that moves only when told, with the timers that depend on it.
import type { Timers } from "../../../js/export/timers.js";
import type { Clock } from "../../../js/tracing/clock.js";

interface Timer {
  at: number;
  run: () => void;
}

export class FakeTime implements Clock, Timers {
  #now = 0;
  readonly #wallAtZero: number;
  #timers: Timer[] = [];
  #tasks: (() => void)[] = [];

  constructor(wallAtZero = Date.UTC(2026, 0, 1)) {
    this.#wallAtZero = wallAtZero;
  }

  wallMillis(): number {
    return this.#wallAtZero + this.#now;
  }
  monotonicMillis(): number {
    return this.#now;
  }

  schedule(run: () => void, delayMillis: number): () => void {
    const timer = { at: this.#now + Math.max(delayMillis, 0), run };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((each) => each !== timer);
    };
  }

  yieldToLoop(run: () => void): void {
    this.#tasks.push(run);
  }

  get pendingTimers(): number {
    return this.#timers.length;
  }

  /** Runs tasks and promises until nothing more happens at this moment. */
  async settle(): Promise<void> {
    for (let idle = 0; idle < 3; idle++) {
      await new Promise((resolve) => setImmediate(resolve));
      const tasks = this.#tasks;
      this.#tasks = [];
      for (const task of tasks) task();
      if (tasks.length > 0) idle = -1;
    }
  }

  async advance(millis: number): Promise<void> {
    const end = this.#now + millis;
    await this.settle();
    for (;;) {
      const next = this.#timers.filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      this.#now = Math.max(this.#now, next.at);
      this.#timers = this.#timers.filter((timer) => timer !== next);
      next.run();
      await this.settle();
    }
    this.#now = end;
    await this.settle();
  }
}
