// Messages of exporters: the first of a kind at once, later ones at most once a minute with the
// number that was held back. A receiver that is away must not fill the host's log.

import type { Clock } from "../tracing/clock.js";
import type { Logger } from "../tracing/runtime.js";

const PAUSE_MILLIS = 60_000;
/** More kinds than this come from outside (messages of receivers used as kinds would be a mistake). */
const MAX_KINDS = 100;

export class LogOnce {
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #kinds = new Map<string, { at: number; heldBack: number }>();

  constructor(logger: Logger, clock: Clock) {
    this.#logger = logger;
    this.#clock = clock;
  }

  warn(kind: string, message: string): void {
    const now = this.#clock.monotonicMillis();
    const known = this.#kinds.get(kind);
    if (known !== undefined && now - known.at < PAUSE_MILLIS) {
      known.heldBack++;
      return;
    }
    if (known === undefined && this.#kinds.size >= MAX_KINDS) return;
    this.#kinds.set(kind, { at: now, heldBack: 0 });
    const more = known !== undefined && known.heldBack > 0 ? ` (and ${String(known.heldBack)} more like this)` : "";
    try {
      this.#logger.warn(`${message}${more}`);
    } catch {
      // a logger that throws is the host's; exporting goes on
    }
  }
}

const MAX_SHOWN = 200;

/** Text from a receiver, fit for one line of a log: no control characters, at most 200 characters. */
export function shownText(text: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are what is taken out
  const oneLine = text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]+/g, " ").trim();
  return oneLine.length > MAX_SHOWN ? `${oneLine.slice(0, MAX_SHOWN)}…` : oneLine;
}

/** The URL without what may be secret: user name, password, query and fragment. */
export function shownUrl(url: string): string {
  try {
    const parsed = new URL(url);
    return `${parsed.protocol}//${parsed.host}${parsed.pathname}`;
  } catch {
    return "(not a URL)";
  }
}
