// Wall-clock starts and monotonic durations.
//
// A process has one anchor: the wall-clock time at which the monotonic clock stood at zero. It is
// compared with the wall clock at each local root and replaced when the two are more than a second
// apart (a laptop slept, the clock was set). A trace keeps the anchor it began with, so that its
// spans agree with each other.

/** Time as the tracer needs it; tests hand in a fake. */
export interface Clock {
  /** Milliseconds since 1970. */
  wallMillis(): number;
  /** Milliseconds of a clock that never goes back. */
  monotonicMillis(): number;
}

/** Wall-clock time of monotonic zero, split so that no digit is lost. */
export interface Anchor {
  /** Whole milliseconds since 1970. */
  readonly millis: number;
  /** 0 … 999,999 further nanoseconds. */
  readonly nanos: number;
}

const RE_ANCHOR_MILLIS = 1000;

// Asked for once: in Node the global is a getter, which costs a fifth of a reading.
const timer = typeof performance === "object" && typeof performance.now === "function" ? performance : Date;

export const systemClock: Clock = {
  wallMillis: () => Date.now(),
  monotonicMillis: () => timer.now(),
};

function makeAnchor(originMillis: number): Anchor {
  const millis = Math.floor(originMillis);
  return { millis, nanos: Math.round((originMillis - millis) * 1e6) };
}

export class AnchorSource {
  readonly #clock: Clock;
  #anchor: Anchor;

  constructor(clock: Clock) {
    this.#clock = clock;
    const isSystem = clock === systemClock && typeof performance === "object" && performance.timeOrigin > 0;
    this.#anchor = makeAnchor(isSystem ? performance.timeOrigin : clock.wallMillis() - clock.monotonicMillis());
    this.current();
  }

  /** The anchor for a trace that starts now. */
  current(): Anchor {
    const origin = this.#clock.wallMillis() - this.#clock.monotonicMillis();
    const drift = origin - (this.#anchor.millis + this.#anchor.nanos / 1e6);
    if (drift > RE_ANCHOR_MILLIS || drift < -RE_ANCHOR_MILLIS) this.#anchor = makeAnchor(origin);
    return this.#anchor;
  }
}

/** Nanoseconds since 1970 of a monotonic reading. */
export function toUnixNanos(anchor: Anchor, monotonicMillis: number): bigint {
  const whole = Math.floor(monotonicMillis);
  const nanos = anchor.nanos + Math.round((monotonicMillis - whole) * 1e6);
  return BigInt(anchor.millis + whole) * 1_000_000n + BigInt(nanos);
}
