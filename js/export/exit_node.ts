// What happens to pending spans when a Node process ends.
//
// beforeExit: they are flushed, bounded. SIGTERM, SIGINT: flushed for a shorter time, then the signal
// is raised again, so that the process ends as it would have; where the host listens to the signal
// too, ending is the host's business. exit: what could not be sent is counted in one line.
// Nothing here changes the exit code, and an uncaught exception is only watched.

import type { Logger } from "../tracing/runtime.js";

/** The part of `process` that is used. */
export interface ExitHost {
  readonly pid: number;
  on(event: string, listener: (...args: never[]) => void): unknown;
  removeListener(event: string, listener: (...args: never[]) => void): unknown;
  listenerCount(event: string): number;
  kill(pid: number, signal: string): unknown;
}

export interface ExitHookOptions {
  host: ExitHost;
  /** Spans that are neither delivered nor lost. */
  pendingSpans: () => number;
  flush: (options: { timeoutMillis: number }) => Promise<unknown>;
  logger: Logger;
  /** At the natural end of the process. Default 5,000. */
  exitTimeoutMillis?: number;
  /** After a signal. Default 2,000. */
  signalTimeoutMillis?: number;
}

const SIGNALS = ["SIGTERM", "SIGINT"] as const;

/** Installs the handlers; the result removes them. */
export function installExitHooks(options: ExitHookOptions): () => void {
  const { host, pendingSpans, flush, logger, exitTimeoutMillis = 5_000, signalTimeoutMillis = 2_000 } = options;
  let leftBehind = 0;
  let isFlushing = false;
  let isCrashing = false;
  let isLeaving = false;

  const onBeforeExit = (): void => {
    // A flush keeps the process alive, so this event comes again after it: what was left once stays left.
    if (isFlushing || pendingSpans() <= leftBehind) return;
    isFlushing = true;
    void quietly(flush({ timeoutMillis: exitTimeoutMillis })).then(() => {
      isFlushing = false;
      leftBehind = pendingSpans();
    });
  };
  const onExit = (): void => {
    const spans = pendingSpans();
    if (spans === 0) return;
    const why = isCrashing ? " after an uncaught exception" : "";
    logger.warn(`the process ended${why} with ${String(spans)} spans not sent`);
  };
  const onCrash = (): void => {
    isCrashing = true;
  };
  const signalHandlers = SIGNALS.map((signal) => {
    const onSignal = (): void => {
      const flushed = quietly(flush({ timeoutMillis: signalTimeoutMillis }));
      if (host.listenerCount(signal) > 1) return;
      const raise = (): void => {
        remove();
        if (host.listenerCount(signal) === 0) host.kill(host.pid, signal);
      };
      // The second signal is an impatient one.
      if (isLeaving) return raise();
      isLeaving = true;
      void flushed.then(raise);
    };
    return [signal, onSignal] as const;
  });

  const handlers: readonly (readonly [string, () => void])[] = [
    ["beforeExit", onBeforeExit],
    ["exit", onExit],
    ["uncaughtExceptionMonitor", onCrash],
    ...signalHandlers,
  ];
  for (const [event, handler] of handlers) host.on(event, handler);

  let isInstalled = true;
  function remove(): void {
    if (!isInstalled) return;
    isInstalled = false;
    for (const [event, handler] of handlers) {
      // After a signal the process still ends: its last line is wanted.
      if (event !== "exit" || !isLeaving) host.removeListener(event, handler);
    }
  }
  return () => {
    remove();
    host.removeListener("exit", onExit);
  };
}

async function quietly(flushed: Promise<unknown>): Promise<void> {
  try {
    await flushed;
  } catch {
    // a flush never rejects; a replaced one must not become an unhandled rejection
  }
}
