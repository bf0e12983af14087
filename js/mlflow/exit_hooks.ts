// What is still to be done when a Node process ends, the last registered first: a batcher hands its
// spans to a queue that was registered before it, and the queue sends them.
//
// Registering costs nothing and listens to nothing; the process is watched from the first task on
// (arm). When its event loop has run dry the hooks run, each once; what they do may keep the process
// alive, and then it is watched no longer until someone has something to do again. Pages have no
// such end: their hooks never run.

import { watchBeforeExit } from "#host";

export type ExitHook = () => Promise<void> | void;

export interface ExitHooks {
  /** The result removes the hook. */
  register(hook: ExitHook): () => void;
  /** There is something to do at the end now. */
  arm?(): void;
}

/** Hooks may register again while they run; more often than this is a loop. */
const MAX_RUNS = 100;

export class ExitRegistry implements ExitHooks {
  readonly #watch: (listener: () => void) => () => void;
  readonly #hooks = new Set<{ readonly run: ExitHook }>();
  #unwatch: (() => void) | null = null;
  #isRunning = false;

  /** `watch` tells its listener when the process is about to end; what it returns stops that. */
  constructor(watch: (listener: () => void) => () => void) {
    this.#watch = watch;
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
      void this.run();
    });
  }

  /** Never rejects. The event comes again after asynchronous work: while hooks run it means nothing. */
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
    this.#unwatch?.();
    this.#unwatch = null;
  }
}

/** Of this process. */
export const processExitHooks: ExitHooks = new ExitRegistry(watchBeforeExit);
