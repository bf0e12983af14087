// Export in the background: a bounded queue of tasks, a few of which run at a time.
//
// What is accepted, dropped and next is decided in the core (src/exporting/task_queue.h); here are
// the tasks themselves, the event loop, the log and the end of the process. Nothing is started
// before the first put(). Each task starts in a task of the event loop of its own, without the
// caller's active span, so that requests of an exporter make no spans.
//
// Before the module is there as many tasks are kept as the queue is long; they run when it is.
// Where it dies, what waits is dropped and told so; what runs comes to its end.

import { systemTimers, type Timers } from "../export/timers.js";
import type { LossReason } from "../load/core.js";
import { ModulePart } from "../load/module_part.js";
import { TaskQueueCore } from "../load/queue_core.js";
import { systemClock, type Clock } from "../tracing/clock.js";
import { suppressTracing } from "../tracing/context.js";
import type { Logger } from "../tracing/runtime.js";
import { processExitHooks, type ExitHooks } from "./exit_hooks.js";
import { MAX_QUEUE_SIZE, MAX_WORKERS, settingOf } from "./queue_settings.js";
import { messageOf, quietLogger } from "./quiet_logger.js";
import type { Task } from "./task.js";

export interface AsyncExportQueueOptions {
  /** Tasks that wait. Default: MLFLOW_ASYNC_TRACE_LOGGING_MAX_QUEUE_SIZE, else 1000. */
  maxQueueSize?: number | undefined;
  /** Tasks that run at a time. Default: MLFLOW_ASYNC_TRACE_LOGGING_MAX_WORKERS, else 10. */
  maxWorkers?: number | undefined;
  /** For who looks at several of them. Default: the name of MLflow's consumer thread. */
  name?: string | undefined;
  logger?: Logger | undefined;
  clock?: Clock | undefined;
  timers?: Timers | undefined;
  exitHooks?: ExitHooks | undefined;
}

const FULL =
  "Trace export queue is full, trace will be discarded. Consider increasing the queue size through " +
  "`MLFLOW_ASYNC_TRACE_LOGGING_MAX_QUEUE_SIZE` environment variable or number of workers through " +
  "`MLFLOW_ASYNC_TRACE_LOGGING_MAX_WORKERS` environment variable.";
const EXIT = "Flushing the async trace logging queue before program exit. This may take a while...";

const MAX_TASK_NUMBER = 0xffffffff;

interface Flush {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
}

export class AsyncExportQueue {
  readonly name: string;
  readonly #maxQueueSize: number;
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #exitHooks: ExitHooks;
  readonly #part: ModulePart<TaskQueueCore>;
  /** Accepted and not started, by the number the core knows them by. */
  readonly #tasks = new Map<number, Task>();
  #lastNumber = 0;
  #running = 0;
  #isActive = false;
  #isPumpDue = false;
  #flush: Flush | null = null;
  #isTerminating = false;
  #dropped = 0;
  /** Monotonic; −1: never. */
  #lastWarningMillis = -1;
  #hasToldLoss = false;
  #removeHook: (() => void) | null = null;

  constructor(options: AsyncExportQueueOptions = {}) {
    const logger = quietLogger(options.logger);
    const maxQueueSize = settingOf(MAX_QUEUE_SIZE, options.maxQueueSize, logger);
    const maxWorkers = settingOf(MAX_WORKERS, options.maxWorkers, logger);
    this.name = options.name ?? "MLflowTraceLoggingConsumer";
    this.#maxQueueSize = maxQueueSize;
    this.#logger = logger;
    this.#clock = options.clock ?? systemClock;
    this.#timers = options.timers ?? systemTimers;
    this.#exitHooks = options.exitHooks ?? processExitHooks;
    this.#part = new ModulePart({
      make: (handover) => new TaskQueueCore(handover, maxQueueSize, maxWorkers, this.#lastWarningMillis),
      onLost: (reason, why) => {
        this.#lost(reason, why);
      },
    });
    this.#registerHook();
  }

  /** Never throws, never waits: where the queue is full the task is dropped and told so. */
  put(task: Task): void {
    try {
      this.#put(task);
    } catch {
      // the host's stack is at its end
      this.#dropped++;
    }
  }

  /**
   * Resolves when the tasks accepted so far have finished; what is put meanwhile comes after them.
   * Flushes that meet share one promise. With `terminate` the queue is inactive then, until the
   * next put(). Never rejects. Without a module it gives up after five seconds, and the tasks stay.
   */
  flush(options: { terminate?: boolean | undefined } = {}): Promise<void> {
    if (!this.#isActive) return Promise.resolve();
    const terminate = options?.terminate === true;
    const isKnown = this.#flush !== null && (!terminate || this.#isTerminating);
    const { promise } = (this.#flush ??= newFlush());
    if (isKnown) return promise;
    this.#isTerminating ||= terminate;
    if (this.#part.isEarly && this.#part.earlyCalls === 0) {
      this.#flushed(false);
      return promise;
    }
    this.#part.use(
      (core) => {
        if (!core.flush(terminate)) this.#flushed(core.state === "active");
      },
      () => {
        this.#settleLost();
      },
    );
    if (this.#part.isEarly) void this.#giveUpWithoutModule();
    return promise;
  }

  isActive(): boolean {
    return this.#isActive;
  }

  /** Before a page goes away: as many tasks as there are free workers run within the call, up to their first wait. */
  startNow(): void {
    for (let waiting = this.#tasks.size; waiting > 0; waiting--) this.#pump();
  }

  /** What put() does first. */
  activate(): void {
    if (this.#isActive) return;
    this.#markActive();
    if (!this.#part.isEarly)
      this.#part.use(
        (core) => {
          core.activate();
        },
        () => undefined,
      );
  }

  /** Tasks that were dropped since the queue was made. */
  get droppedCount(): number {
    return this.#dropped;
  }

  // --- tasks --------------------------------------------------------------------------------

  #put(task: Task): void {
    this.#markActive();
    if (this.#part.isEarly && this.#part.earlyCalls >= this.#maxQueueSize)
      return this.#drop(task, "queue_full", this.#lastWarningMillis < 0);
    this.#part.use(
      (core) => {
        this.#accept(core, task);
      },
      (reason) => {
        this.#drop(task, reason, false);
      },
    );
  }

  #accept(core: TaskQueueCore, task: Task): void {
    const now = this.#clock.monotonicMillis();
    const number = (this.#lastNumber = (this.#lastNumber % MAX_TASK_NUMBER) + 1);
    const outcome = core.put(number, now);
    if (outcome === "dropped" || outcome === "dropped_loudly") return this.#drop(task, "queue_full", outcome !== "dropped");
    this.#tasks.set(number, task);
    this.#schedulePump();
  }

  #schedulePump(): void {
    if (this.#isPumpDue || this.#tasks.size === 0) return;
    this.#isPumpDue = true;
    this.#timers.yieldToLoop(() => {
      this.#isPumpDue = false;
      this.#pump();
    });
  }

  /** Starts the next task, if a worker is free; done() sees to it that the others follow. */
  #pump(): void {
    if (this.#tasks.size === 0) return;
    this.#part.use(
      (core) => {
        const number = core.next();
        if (number === 0) return;
        const task = this.#tasks.get(number) as Task;
        this.#tasks.delete(number);
        void this.#run(number, task);
        this.#schedulePump();
      },
      () => undefined,
    );
  }

  async #run(number: number, task: Task): Promise<void> {
    this.#running++;
    try {
      await suppressTracing(() => task.handle(this.#logger));
    } catch {
      // a task reports its own errors
    }
    this.#running--;
    this.#part.use(
      (core) => {
        if (core.done(number)) this.#flushed(core.state === "active");
        this.#schedulePump();
      },
      () => {
        this.#settleLost();
      },
    );
  }

  #drop(task: Task, reason: LossReason, isLoud: boolean): void {
    this.#dropped++;
    if (isLoud) {
      this.#lastWarningMillis = this.#clock.monotonicMillis();
      this.#logger.warn(FULL);
    }
    try {
      task.dropped(reason);
    } catch {
      // it is no task
    }
  }

  // --- flush and end ------------------------------------------------------------------------

  /** `hasMore`: tasks were put during the flush, so that a terminating one leaves the queue active. */
  #flushed(hasMore: boolean): void {
    const flush = this.#flush;
    const isTerminated = this.#isTerminating && !hasMore;
    this.#flush = null;
    this.#isTerminating = false;
    if (isTerminated) this.#terminate();
    else this.#schedulePump();
    flush?.resolve();
  }

  #terminate(): void {
    this.#isActive = false;
    this.#part.release((core) => {
      core.free();
    });
    this.#removeHook?.();
    this.#removeHook = null;
  }

  async #giveUpWithoutModule(): Promise<void> {
    if (await this.#part.ready(this.#timers)) return;
    const flush = this.#flush;
    if (flush === null || !this.#part.isEarly) return;
    this.#logger.warn(`${String(this.#part.earlyCalls)} calls of the export queue wait for the module: call init()`);
    this.#flush = null;
    this.#isTerminating = false;
    flush.resolve();
  }

  #lost(reason: LossReason, why: string): void {
    const tasks = [...this.#tasks.values()];
    this.#tasks.clear();
    for (const task of tasks) this.#drop(task, reason, false);
    this.#settleLost();
    if (this.#hasToldLoss) return;
    this.#hasToldLoss = true;
    const message = `the export queue has lost its module, its tasks are dropped: ${why}`;
    // That the module died is told once, for all that needed it.
    if (reason === "module_dead") this.#logger.debug(message);
    else this.#logger.warn(message);
  }

  /** Without a module a flush is over when nothing runs any more. */
  #settleLost(): void {
    if (this.#flush !== null && this.#running === 0 && this.#tasks.size === 0) this.#flushed(false);
  }

  #markActive(): void {
    this.#isActive = true;
    this.#registerHook();
    try {
      this.#exitHooks.arm?.();
    } catch {
      // then the end of the process is not watched
    }
  }

  #registerHook(): void {
    try {
      this.#removeHook ??= this.#exitHooks.register(() => this.#atExit());
    } catch {
      // as above
    }
  }

  async #atExit(): Promise<void> {
    // A hook runs once: what is put from now on registers anew.
    this.#removeHook = null;
    if (!this.#isActive || this.#part.isEarly) return;
    try {
      this.#logger.info(EXIT);
      await this.flush({ terminate: true });
    } catch (error) {
      this.#logger.error(`Error while finishing trace export requests: ${messageOf(error)}`);
    }
  }
}

function newFlush(): Flush {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
