// One piece of work of the export queue.

import type { LossReason } from "../load/core.js";
import { shownText } from "../export/log_once.js";
import { tracer } from "../tracing/realm.js";
import type { Logger } from "../tracing/runtime.js";
import { safeText } from "../tracing/values.js";

/** Told why a task will never run. */
export type OnDropped = (reason: LossReason) => void;

export class Task {
  readonly #handler: (...args: never[]) => unknown;
  readonly #args: readonly unknown[];
  readonly #errorMessage: string;
  readonly #onDropped: OnDropped | undefined;

  constructor(handler: (...args: never[]) => unknown, args: readonly unknown[] = [], errorMessage = "", onDropped?: OnDropped) {
    this.#handler = handler;
    this.#args = args;
    this.#errorMessage = errorMessage;
    this.#onDropped = onDropped;
  }

  /** Never rejects: what the handler throws is a warning, its stack a line for debugging. */
  async handle(logger: Logger = tracer().logger): Promise<void> {
    try {
      await this.#handler(...(this.#args as never[]));
    } catch (error) {
      try {
        logger.warn(`${this.#errorMessage} Error: ${shownText(messageOf(error))}.`);
        const stack = (error as { stack?: unknown } | null)?.stack;
        if (typeof stack === "string") logger.debug(stack);
      } catch {
        // a logger that throws is the host's
      }
    }
  }

  /** Never throws. */
  dropped(reason: LossReason): void {
    try {
      this.#onDropped?.(reason);
    } catch {
      // the queue goes on
    }
  }
}

/** The message of an error, whatever was thrown. */
export function messageOf(error: unknown): string {
  try {
    if (typeof error === "object" && error !== null && "message" in error) return safeText(error.message);
  } catch {
    // a getter that throws
  }
  return safeText(error);
}
