// `debug: true`: names each span that nobody ended, with the place that started it. Asking where that is
// costs microseconds a span, so it is done in this mode only.
//
// No finalizer is asked: a trace holds its open spans, because timeouts and shutdown() still send them, so
// the collector never takes one. They are named at shutdown, and when a Node process has nothing left to do.

import { watchBeforeExit } from "#host";
import type { LiveSpan } from "../tracing/live_span.js";
import type { Tracer } from "../tracing/tracer.js";

/** More names than this help nobody. */
const MAX_NAMES = 100;

export class LeakReports {
  readonly #tracer: Tracer;
  /** Stacks as they were at the start: null once the span was named. */
  readonly #starts = new WeakMap<LiveSpan, string | null>();
  #unwatch: (() => void) | null = null;
  #named = 0;

  constructor(tracer: Tracer) {
    this.#tracer = tracer;
  }

  watch(isOn: boolean): void {
    if (isOn === (this.#unwatch !== null)) return;
    if (isOn) {
      this.#tracer.startHooks.add(this.#started);
      this.#unwatch = watchBeforeExit(() => {
        this.report();
      });
    } else {
      this.#tracer.startHooks.delete(this.#started);
      this.#unwatch?.();
      this.#unwatch = null;
    }
  }

  /** Names the spans that are open now, each once. */
  report(): void {
    if (this.#unwatch === null) return;
    for (const trace of this.#tracer.openTraces) {
      for (let span = trace.firstOpen; span !== null; span = span._nextOpen) this.#name(span);
    }
  }

  readonly #started = (span: LiveSpan): void => {
    this.#starts.set(span, new Error().stack ?? "");
  };

  #name(span: LiveSpan): void {
    const stack = this.#starts.get(span);
    if (stack === null || this.#named >= MAX_NAMES) return;
    this.#starts.set(span, null);
    this.#named++;
    const place = stack === undefined ? "" : placeOf(stack);
    const more = this.#named === MAX_NAMES ? "; later ones are not named" : "";
    this.#tracer.logger.warn(
      `the span '${span.name}' of ${span.traceId} was never ended${place && `; it began ${place}`}${more}`,
    );
  }
}

/** Files of this package, as they are bundled and as they stand in its sources. */
const OWN_FILES = /[\\/]spandrel[\\/]dist[\\/]|[\\/]js[\\/](?:tracing|load)[\\/]\w+\.ts:/;

/** The first call of a stack that is the application's, "at work (file:line:column)"; "" where there is none. */
export function placeOf(stack: string): string {
  const calls = stack.split("\n").map((line) => line.trim());
  const call = calls.find((line) => /:\d+:\d+\)?$/.test(line) && !OWN_FILES.test(line));
  return call === undefined ? "" : call.startsWith("at ") ? call : `at ${call}`;
}
