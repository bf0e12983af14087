// The console as a logger that starts at a level: OTEL_LOG_LEVEL, and `debug: true`. Without either,
// and without a logger of the application, warnings and errors are printed.

import type { LogLevel } from "../export/otlp_config.js";
import type { Logger } from "../tracing/runtime.js";

const METHODS = ["error", "warn", "info", "debug"] as const;
const PRINTED: Readonly<Record<LogLevel, number>> = { none: 0, error: 1, warn: 2, info: 3, debug: 4, verbose: 4, all: 4 };

export function leveledConsole(level: LogLevel): Logger {
  const printed = METHODS.slice(0, PRINTED[level]);
  const write = (method: (typeof METHODS)[number], message: string, details: unknown[]): void => {
    if (printed.includes(method)) console[method](`spandrel: ${message}`, ...details);
  };
  return {
    debug: (message, ...details) => {
      write("debug", message, details);
    },
    info: (message, ...details) => {
      write("info", message, details);
    },
    warn: (message, ...details) => {
      write("warn", message, details);
    },
    error: (message, ...details) => {
      write("error", message, details);
    },
  };
}
