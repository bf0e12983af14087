// Logging that never throws, whatever the host's logger does.

import { tracer } from "../tracing/realm.js";
import type { Logger } from "../tracing/runtime.js";
import { safeText } from "../tracing/values.js";

/** Without a logger it is the one that init() was given, at the time of each message. */
export function quietLogger(given?: Logger): Logger {
  const log = (level: keyof Logger, message: string, details: unknown[]): void => {
    try {
      (given ?? tracer().logger)[level](message, ...details);
    } catch {
      // a logger that fails has nowhere to say so
    }
  };
  return {
    debug: (message, ...details) => log("debug", message, details),
    info: (message, ...details) => log("info", message, details),
    warn: (message, ...details) => log("warn", message, details),
    error: (message, ...details) => log("error", message, details),
  };
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
