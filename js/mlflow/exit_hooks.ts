// What is still to be done when a Node process ends, done once, the last registered first: a batcher
// hands its spans to a queue that was registered before it, and the queue sends them.
//
// Registering costs nothing and listens to nothing; the process is watched from the first task on
// (arm), and no longer once all hooks have run. Pages have no such end: their hooks never run here.

import { watchBeforeExit } from "#host";

export type ExitHook = () => Promise<void> | void;

export interface ExitHooks {
  /** The result removes the hook. */
  register(hook: ExitHook): () => void;
  /** There is something to do at the end now. */
  arm?(): void;
}

/** Hooks that were added while the others ran are run too; more rounds than this are a loop. */
const MAX_RUNS = 1000;

export class ExitRegistry implements ExitHooks {
  readonly #watch: (listener: () => void) => () => void;
  /** Runs its argument when the event loop comes round again. */
  readonly #later: (run: () => void) => void;
  readonly #hooks = new Set<{ readonly run: ExitHook }>();
  #unwatch: (() => void) | null = null;
  #isAnnounced = false;
  #isRunning = false;

  constructor(watch: (listener: () => void) => () => void, later: (run: () => void) => void) {
    this.#watch = watch;
    this.#later = later;
  }

  register(hook: ExitHook): () => void {
    const entry = { run: hook };
    this.#hooks.add(entry);
    return () => {
      this.#hooks.delete(entry);
    };
  }

  arm(): void {
    this.#unwatch ??= this.#watch(() => {
      this.#processEnds();
    });
  }

  /**
   * The event comes again whenever the loop has been busy in between. The first one is left to
   * those who deliver into the queues: what they start ends before the second.
   */
  #processEnds(): void {
    if (this.#isRunning) return;
    if (!this.#isAnnounced) {
      this.#isAnnounced = true;
      this.#later(() => undefined);
      return;
    }
    void this.run();
  }

  /** Never rejects. A second call while the first runs does nothing. */
  async run(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    for (let runs = 0; runs < MAX_RUNS; runs++) {
      const last = [...this.#hooks].at(-1);
      if (last === undefined) break;
      this.#hooks.delete(last);
      try {
        await last.run();
      } catch {
        // a hook reports its own errors; the others still run
      }
    }
    this.#isRunning = false;
    this.#isAnnounced = false;
    this.#unwatch?.();
    this.#unwatch = null;
  }
}

/** Of this process. */
export const processExitHooks: ExitHooks = new ExitRegistry(watchBeforeExit, (run) => void setTimeout(run, 0));
