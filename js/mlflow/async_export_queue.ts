// Export in the background: a bounded queue of tasks, a few of which run at a time.

import { systemTimers, type Timers } from "../export/timers.js";
import { systemClock, type Clock } from "../tracing/clock.js";
import { tracer } from "../tracing/realm.js";
import type { Logger } from "../tracing/runtime.js";
import { processExitHooks, type ExitHooks } from "./exit_hooks.js";
import type { Task } from "./task.js";

export interface AsyncExportQueueOptions {
  /** Tasks that wait. Default: MLFLOW_ASYNC_TRACE_LOGGING_MAX_QUEUE_SIZE, else 1000. */
  maxQueueSize?: number | undefined;
  /** Tasks that run at a time. Default: MLFLOW_ASYNC_TRACE_LOGGING_MAX_WORKERS, else 10. */
  maxWorkers?: number | undefined;
  logger?: Logger | undefined;
  clock?: Clock | undefined;
  timers?: Timers | undefined;
  exitHooks?: ExitHooks | undefined;
}

export class AsyncExportQueue {
  readonly #maxQueueSize: number;
  readonly #maxWorkers: number;
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #waiting: Task[] = [];
  readonly #running = new Set<Promise<void>>();
  #isActive = false;
  #dropped = 0;

  constructor(options: AsyncExportQueueOptions = {}) {
    this.#maxQueueSize = options.maxQueueSize ?? 1000;
    this.#maxWorkers = options.maxWorkers ?? 10;
    this.#logger = options.logger ?? tracer().logger;
    this.#clock = options.clock ?? systemClock;
    this.#timers = options.timers ?? systemTimers;
    (options.exitHooks ?? processExitHooks).register(() => this.flush({ terminate: true }));
  }

  /** Never throws, never waits: where the queue is full the task is dropped and told so. */
  put(task: Task): void {
    this.#isActive = true;
    if (this.#waiting.length >= this.#maxQueueSize) {
      if (this.#dropped++ === 0) this.#logger.warn(`the export queue is full (${String(this.#clock.monotonicMillis())})`);
      task.dropped("queue_full");
      return;
    }
    this.#waiting.push(task);
    this.#timers.yieldToLoop(() => {
      this.#startNext();
    });
  }

  /** Resolves when the tasks accepted so far have finished. */
  async flush({ terminate = false }: { terminate?: boolean } = {}): Promise<void> {
    while (this.#waiting.length > 0 || this.#running.size > 0) {
      this.#startNext();
      await Promise.race(this.#running);
    }
    if (terminate) this.#isActive = false;
  }

  isActive(): boolean {
    return this.#isActive;
  }

  /** What put() does first. */
  activate(): void {
    this.#isActive = true;
  }

  get droppedCount(): number {
    return this.#dropped;
  }

  #startNext(): void {
    while (this.#running.size < this.#maxWorkers) {
      const task = this.#waiting.shift();
      if (task === undefined) return;
      const run = task.handle(this.#logger).then(() => {
        this.#running.delete(run);
        this.#startNext();
      });
      this.#running.add(run);
    }
  }
}
