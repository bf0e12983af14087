// Timers as the exporters need them; tests hand in a fake.

export interface Timers {
  /**
   * Runs `run` later and returns its canceller. The timer does not keep a Node process alive
   * unless `keepsAlive` says so.
   */
  schedule(run: () => void, delayMillis: number, keepsAlive?: boolean): () => void;
  /** Runs `run` in a task of its own, after whatever the event loop has to do. */
  yieldToLoop(run: () => void): void;
}

/** setTimeout fires at once beyond this. */
const MAX_TIMEOUT_MILLIS = 0x7fffffff;

export const systemTimers: Timers = {
  schedule(run, delayMillis, keepsAlive = false) {
    const timer: unknown = setTimeout(run, Math.min(Math.max(delayMillis, 0), MAX_TIMEOUT_MILLIS));
    if (!keepsAlive) unref(timer);
    return () => {
      clearTimeout(timer as Parameters<typeof clearTimeout>[0]);
    };
  },
  yieldToLoop,
};

function unref(timer: unknown): void {
  if (typeof timer === "object" && timer !== null && "unref" in timer && typeof timer.unref === "function") timer.unref();
}

let channel: MessageChannel | null = null;
const yielded: (() => void)[] = [];

function yieldToLoop(run: () => void): void {
  if (typeof setImmediate === "function") {
    setImmediate(run);
  } else if (typeof MessageChannel === "function") {
    // setTimeout(0) is held back to 4 ms, and to a second in hidden pages; messages are not.
    if (channel === null) {
      channel = new MessageChannel();
      channel.port1.onmessage = () => yielded.shift()?.();
    }
    yielded.push(run);
    channel.port2.postMessage(null);
  } else {
    setTimeout(run, 0);
  }
}
