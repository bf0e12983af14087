// One piece of work of the export queue.

import { shownText } from "../export/log_once.js";
import type { LossReason } from "../load/core.js";
import type { Logger } from "../tracing/runtime.js";
import { messageOf, quietLogger } from "./quiet_logger.js";

/** Told why a task will never run. */
export type OnDropped = (reason: LossReason) => void;

export class Task {
  readonly #handler: (...args: never[]) => unknown;
  readonly #args: readonly unknown[];
  readonly #errorMessage: string;
  readonly #onDropped: OnDropped | undefined;

  /** `onDropped` hears of it when the queue drops the task: it is full, or has lost its module. */
  constructor(handler: (...args: never[]) => unknown, args: readonly unknown[] = [], errorMessage = "", onDropped?: OnDropped) {
    this.#handler = handler;
    this.#args = args;
    this.#errorMessage = errorMessage;
    this.#onDropped = onDropped;
  }

  /** Never rejects: what the handler throws is a warning, its stack a line for debugging. */
  async handle(logger?: Logger): Promise<void> {
    try {
      await this.#handler(...(this.#args as never[]));
    } catch (error) {
      const quiet = quietLogger(logger);
      quiet.warn(`${this.#errorMessage} Error: ${shownText(messageOf(error))}.`);
      const stack = stackOf(error);
      if (stack !== null) quiet.debug(stack);
    }
  }

  /** Never throws. */
  dropped(reason: LossReason): void {
    try {
      this.#onDropped?.(reason);
    } catch {
      // who is told of a drop cannot stop the queue
    }
  }
}

function stackOf(error: unknown): string | null {
  try {
    const { stack } = error as { stack?: unknown };
    return typeof stack === "string" ? stack : null;
  } catch {
    return null;
  }
}
