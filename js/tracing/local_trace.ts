// What this process knows of one trace: its ids, its open spans in start order, and the values that
// belong to the whole trace.

import type { Anchor } from "./clock.js";
import { EMPTY_FRAME, type Frame } from "./context.js";
import { hexOfWord } from "./ids.js";
import type { LiveSpan } from "./live_span.js";
import type { Runtime } from "./runtime.js";

/** Trace-level values set by updateCurrentTrace, tracingContext and the manager. */
export interface TraceValues {
  tags: Map<string, string>;
  metadata: Map<string, string>;
  clientRequestId: string | null;
  requestPreview: string | null;
  responsePreview: string | null;
  state: "OK" | "ERROR" | null;
  sessionId: string | null;
  user: string | null;
  /** Dictionaries of MLflow's assessments. */
  assessments?: Record<string, unknown>[];
}

export class LocalTrace {
  readonly runtime: Runtime;
  // The 16 bytes of the id as words in memory order.
  readonly word0: number;
  readonly word1: number;
  readonly word2: number;
  readonly word3: number;
  readonly anchor: Anchor;
  /** W3C trace flags of every span of the trace. */
  readonly flags: number;
  readonly traceState: string;
  /** Bits of the destinations its records go to. */
  readonly destinations: number;

  /** The first span of this process; null until it exists. */
  root: LiveSpan | null = null;
  /** Where the root began, until it has ended. */
  frame: Frame = EMPTY_FRAME;
  rootHasEnded = false;
  /** Set by a timeout or shutdown: later children are no-ops. */
  isHalted = false;
  openSpans = 0;
  nextOrdinal = 0;
  // Open spans in start order, a linked list through LiveSpan.
  firstOpen: LiveSpan | null = null;
  lastOpen: LiveSpan | null = null;
  values: TraceValues | null = null;
  /** MLflow's id where it is not "tr-<hex>": "trace:/<location>/<hex>". */
  traceIdText: string | null = null;
  experimentId: string | null = null;
  #hex: string | null = null;

  constructor(
    runtime: Runtime,
    word0: number,
    word1: number,
    word2: number,
    word3: number,
    anchor: Anchor,
    flags: number,
    traceState: string,
    destinations: number,
  ) {
    this.runtime = runtime;
    this.word0 = word0;
    this.word1 = word1;
    this.word2 = word2;
    this.word3 = word3;
    this.anchor = anchor;
    this.flags = flags;
    this.traceState = traceState;
    this.destinations = destinations;
  }

  /** 32 lower-case hex digits. */
  get hex(): string {
    return (this.#hex ??= hexOfWord(this.word0) + hexOfWord(this.word1) + hexOfWord(this.word2) + hexOfWord(this.word3));
  }

  /** MLflow's id. */
  get traceId(): string {
    return this.traceIdText ?? `tr-${this.hex}`;
  }

  /** Values of the trace, made when first needed. */
  get ensuredValues(): TraceValues {
    return (this.values ??= {
      tags: new Map(),
      metadata: new Map(),
      clientRequestId: null,
      requestPreview: null,
      responsePreview: null,
      state: null,
      sessionId: null,
      user: null,
    });
  }

  add(span: LiveSpan): void {
    span._previousOpen = this.lastOpen;
    if (this.lastOpen === null) this.firstOpen = span;
    else this.lastOpen._nextOpen = span;
    this.lastOpen = span;
    this.openSpans++;
  }

  remove(span: LiveSpan): void {
    const previous = span._previousOpen;
    const next = span._nextOpen;
    if (previous === null) this.firstOpen = next;
    else previous._nextOpen = next;
    if (next === null) this.lastOpen = previous;
    else next._previousOpen = previous;
    span._previousOpen = null;
    span._nextOpen = null;
    this.openSpans--;
  }

  /** Root and all known spans have ended. */
  get isComplete(): boolean {
    return this.rootHasEnded && this.openSpans === 0;
  }
}
