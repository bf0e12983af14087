// The tracer of this realm: opens spans, decides about sampling, knows the open traces.
//
// One tracer serves every copy of the package in the realm (ES module, CommonJS, bundles twice),
// as long as they write the same record grammar.

import type { DestinationCounters } from "../export/destination_counters.js";
import type { FlushResult } from "../export/flush_result.js";
import { Backlog } from "./backlog.js";
import { AnchorSource, systemClock, type Clock } from "./clock.js";
import { DEFAULT_SPAN_NAME } from "./constants.js";
import { currentFrame, EMPTY_FRAME, frames, frameWithSpan, type Ambient, type Frame } from "./context.js";
import type { TraceDestination } from "./placement.js";
import { laterCode } from "#platform";
import type { LaterCode } from "./later.js";
import { hexOfWord, isSpanIdHex, isTraceIdHex, nonZeroWord, otelTraceIdOf, randomWord, wordOfHex } from "./ids.js";
import { LiveSpan } from "./live_span.js";
import { LocalTrace } from "./local_trace.js";
import { NO_OP_SPAN, NoOpSpan } from "./noop_span.js";
import { DEFAULT_SPAN_LIMITS, type Logger, type Runtime, type SpanLimits, type SpanSink } from "./runtime.js";
import { isBelowRatio, isRatio } from "./ratio.js";
import type { Sampler, SamplingResult } from "./sampling.js";
import type { Warning } from "./warnings.js";
import { whenSettled } from "./settle.js";
import type { LinkInput, SpanContext } from "./span.js";
import type { SpanCodec } from "./span_codec.js";
import { setStackOf } from "./span_event.js";
import { jsonTextOf, safeText } from "./values.js";

export type ActiveSpan = LiveSpan | NoOpSpan;

export type SpanKindName = "INTERNAL" | "SERVER" | "CLIENT" | "PRODUCER" | "CONSUMER";

/** Where a trace belongs; used where the span is the root of its trace. */
export interface PlaceOptions {
  /** On another span it is ignored with a warning. */
  destination?: TraceDestination;
  experimentId?: string;
  /** MLflow's run of the trace. */
  runId?: string;
}

export interface SpanOptions extends PlaceOptions {
  name?: string;
  spanType?: string;
  inputs?: unknown;
  attributes?: Record<string, unknown>;
  /** A name in any case, or the number of `@opentelemetry/api`. Default INTERNAL. */
  kind?: SpanKindName | Lowercase<SpanKindName> | number;
  links?: readonly LinkInput[];
  /** A span, the context of a remote one, or null for a new root. Absent: the active span. */
  parent?: unknown;
  /** Nanoseconds since 1970. */
  startTimeNs?: bigint | number;
  logLevel?: string | number;
  description?: string;
  /** Trace-level values; used where the span is the root of its trace. */
  tags?: Record<string, unknown>;
  metadata?: Record<string, unknown>;
  /** 0 … 1: replaces the sampler for a root. */
  samplingRatioOverride?: number;
}

/** Where ended spans go. The tracer works without: then they are recorded for nobody. */
export interface ExportHub {
  /** Destinations of traces that start now. */
  readonly destinations: number;
  /** Those among them that send whole traces. */
  readonly wholeTraceDestinations: number;
  /** Of "tracecontext", "baggage" and "none"; undefined: the first two. */
  readonly propagators?: readonly string[] | undefined;
  /** A root ended before some of its spans. */
  rootEnded(trace: LocalTrace): void;
  traceCompleted(trace: LocalTrace): void;
  /** Nothing more will come of this trace. */
  releaseTrace(trace: LocalTrace): void;
}

/** What init() has set up, for every copy of the package. */
export interface TracerControl {
  init(options: unknown, isSync: boolean): Promise<void>;
  flush(options: { timeoutMillis?: number }): Promise<FlushResult>;
  shutdown(options: { timeoutMillis?: number }): Promise<FlushResult>;
  stats(): TracerStats;
}

export interface TracerStats {
  destinations: Record<string, DestinationCounters>;
  notProduced: { unfinished: number; sampled_out: number };
  module: "none" | "loading" | "ready" | "dead";
}

/** Told of traces where something keeps them: the manager, timeouts. */
export interface TraceObserver {
  traceStarted(trace: LocalTrace, root: LiveSpan): void;
  traceCompleted(trace: LocalTrace): void;
  /** A trace that the core's manager knows, ended or not; null: it does not. */
  keptTrace(traceIdHex: string): LocalTrace | null;
  /** A trace of which no exporter has told yet; null: it is not known, or has left. */
  untoldTrace(traceIdHex: string): LocalTrace | null;
  /** The trace was popped. */
  forget(traceIdHex: string): void;
  /** An exporter takes the trace; false: it stays where it is, others read it after this one. */
  isLastToTake(traceIdHex: string): boolean;
}

/** Of calls before that code is there: a page that makes more spans meanwhile has other worries. */
const MAX_WAITING = 50_000;

const NO_EXPORT: ExportHub = {
  destinations: 0,
  wholeTraceDestinations: 0,
  rootEnded: () => undefined,
  traceCompleted: () => undefined,
  releaseTrace: () => undefined,
};

export const consoleLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: (message, ...details) => {
    console.warn(`spandrel: ${message}`, ...details);
  },
  error: (message, ...details) => {
    console.error(`spandrel: ${message}`, ...details);
  },
};

export class Tracer implements Runtime {
  logger: Logger = consoleLogger;
  limits: SpanLimits = { ...DEFAULT_SPAN_LIMITS };
  spanProcessors: readonly ((span: LiveSpan) => unknown)[] = [];
  beforeSeal: ((span: LiveSpan) => void) | null = null;
  readonly endHooks = new Set<(span: LiveSpan) => unknown>();
  readonly startHooks = new Set<(span: LiveSpan) => unknown>();
  /** A backlog until the recorder is there. */
  recorder: SpanSink = new Backlog();
  /** Of the module, for all copies of the package; false: it has stopped, or will not come. */
  codec: SpanCodec | (() => SpanCodec) | false | null = null;
  /** null: always on, and a parent's decision holds. */
  sampler: Sampler | null = null;
  hub: ExportHub = NO_EXPORT;
  control: TracerControl | null = null;
  observer: TraceObserver | null = null;
  /** null in pages until init() has loaded it. */
  later: LaterCode | null = laterCode;
  /** What waits for it. */
  #waiting: ((later: LaterCode) => void)[] = [];
  experimentId: string | null = null;
  /** What setDestination() said of traces outside of any context. */
  ambient: Ambient | null = null;
  /** As it was given by code; null: MLflow's variable. */
  trackingUri: string | null = null;
  /** Options of MLflow's client that init() was given. */
  login: object = {};
  sampledOut = 0;
  unfinished = 0;
  #clock: Clock = systemClock;
  #anchors = new AnchorSource(systemClock);
  #isStarted = false;
  #isEnabled = true;
  #isStopped = false;
  /** The three above in one: whether startSpan makes spans. */
  #isOn = false;
  readonly openTraces = new Set<LocalTrace>();
  /** The trace whose root ended last. */
  lastTrace: { readonly traceId: string; readonly hex?: string } | null = null;
  #warned = new Set<string>();

  constructor() {
    if (this.later !== null) setStackOf(this.later.stackOf);
  }

  get clock(): Clock {
    return this.#clock;
  }
  set clock(clock: Clock) {
    this.#clock = clock;
    this.#anchors = new AnchorSource(clock);
  }

  // --- switches -----------------------------------------------------------------------------

  get isOn(): boolean {
    return this.#isOn;
  }
  get isEnabled(): boolean {
    return this.#isEnabled;
  }

  /** init() was called: spans are made from now on. */
  start(): void {
    this.#isStarted = true;
    this.#isStopped = false;
    this.#update();
  }
  setEnabled(isEnabled: boolean): void {
    this.#isEnabled = isEnabled;
    this.#update();
  }
  /** Shut down, or the module has died: no-op spans from now on. */
  stop(): void {
    this.#isStopped = true;
    this.#update();
  }
  #update(): void {
    this.#isOn = this.#isStarted && this.#isEnabled && !this.#isStopped;
  }

  /** A message that is worth saying once. */
  warnOnce(key: string, message: string): void {
    if (this.#warned.has(key)) return;
    this.#warned.add(key);
    this.logger.warn(message);
  }

  // --- opening ------------------------------------------------------------------------------

  startSpan(options: unknown): ActiveSpan {
    return this.#isOn ? this.open(options, currentFrame(), undefined) : NO_OP_SPAN;
  }

  /** Both orders of the arguments; below `parent`, else below the active span. */
  withSpan(first: unknown, second: unknown, parent?: LiveSpan): unknown {
    const isBodyFirst = typeof first === "function";
    const body = isBodyFirst ? first : second;
    if (typeof body !== "function") {
      this.warn("body");
      return undefined;
    }
    if (!this.#isOn) return (body as (span: ActiveSpan) => unknown)(NO_OP_SPAN);
    const frame = currentFrame();
    const span = this.open(isBodyFirst ? second : first, frame, parent);
    return this.run(span, frame, body as (span: ActiveSpan) => unknown);
  }

  startChild(parent: LiveSpan, options: unknown): ActiveSpan {
    return this.#isOn ? this.open(options, currentFrame(), parent) : NO_OP_SPAN;
  }

  /** A span by these options; a no-op span where anything goes wrong. Never throws. */
  open(options: unknown, frame: Frame, parent: LiveSpan | undefined): ActiveSpan {
    if (frame.isSuppressed) return NO_OP_SPAN;
    try {
      const given = (typeof options === "object" && options !== null ? options : { name: options }) as SpanOptions;
      const above: unknown = parent ?? given.parent;
      if (above === undefined) {
        if (frame.span === null) return this.#openRoot(given, frame.remote, frame);
        return frame.span instanceof LiveSpan
          ? this.#openChild(given, frame.span)
          : this.#childOfForeign(given, frame.span, frame);
      }
      if (above === null) return this.#openRoot(given, null, frame);
      return above instanceof LiveSpan ? this.#openChild(given, above) : this.#childOfForeign(given, above, frame);
    } catch (error) {
      this.warn("starting", error);
      return NO_OP_SPAN;
    }
  }

  #openChild(options: SpanOptions, parent: LiveSpan): ActiveSpan {
    const trace = parent._trace;
    if (trace.isHalted) {
      this.warn("halted", trace.traceId);
      return NO_OP_SPAN;
    }
    if (trace.openSpans === 0) this.openTraces.add(trace);
    const span = new LiveSpan(trace, parent, nameOf(options.name), kindOf(options.kind), timeOf(options.startTimeNs));
    this.#dress(span, options);
    return span;
  }

  /** A no-op span, an ended span, another library's span, or a remote context. */
  #childOfForeign(options: SpanOptions, above: unknown, frame: Frame): ActiveSpan {
    if (above instanceof NoOpSpan) return this.#noOpChild(above);
    const context = contextOf(above);
    if (context === null) {
      this.warn("parent");
      return this.#openRoot(options, null, frame);
    }
    return this.#openRoot(options, context, frame);
  }

  #noOpChild(parent: NoOpSpan): NoOpSpan {
    if (parent._hidden === null) return parent;
    this.sampledOut++;
    return new NoOpSpan(() => ({ ...(parent._hiddenContext() as SpanContext), spanId: newSpanId(), isRemote: false }));
  }

  #openRoot(options: SpanOptions, remote: SpanContext | null, frame: Frame): ActiveSpan {
    const name = nameOf(options.name);
    const hex = remote?.traceId;
    // Our ids are random to the last bit, which Level 2 of W3C's text lets us say (flag 2).
    const word0 = hex === undefined ? nonZeroWord() : wordOfHex(hex, 0);
    const word1 = hex === undefined ? randomWord() : wordOfHex(hex, 8);
    const word2 = hex === undefined ? randomWord() : wordOfHex(hex, 16);
    const word3 = hex === undefined ? randomWord() : wordOfHex(hex, 24);
    let isSampled = remote === null || (remote.traceFlags & 1) === 1;
    let traceState = remote?.traceState ?? "";
    let decision: SamplingResult | null = null;
    const ratio = options.samplingRatioOverride;
    if (remote === null && ratio !== undefined && this.#checkRatio(ratio)) {
      isSampled = isBelowRatio(swapped(word2), swapped(word3), ratio);
    } else if (this.sampler !== null) {
      decision = this.#ask(this.sampler, hexOfWords(word0, word1, word2, word3), remote, name, options);
      isSampled = decision.isSampled;
      traceState = decision.traceState ?? traceState;
    }
    const flags = (isSampled ? 1 : 0) | (remote === null ? 2 : remote.traceFlags & 2);
    if (!isSampled) {
      this.sampledOut++;
      return new NoOpSpan(() => ({
        traceId: hexOfWords(word0, word1, word2, word3),
        spanId: newSpanId(),
        traceFlags: flags,
        traceState,
      }));
    }

    const trace = new LocalTrace(
      this,
      word0,
      word1,
      word2,
      word3,
      this.#anchors.current(),
      flags,
      traceState,
      this.hub.destinations,
    );
    trace.experimentId = this.experimentId;
    trace.frame = frame;
    (frame.ambient ?? this.ambient)?.applyTo(trace);
    this.openTraces.add(trace);
    const span =
      remote === null
        ? new LiveSpan(trace, null, name, kindOf(options.kind), timeOf(options.startTimeNs))
        : new LiveSpan(
            trace,
            null,
            name,
            kindOf(options.kind),
            timeOf(options.startTimeNs),
            wordOfHex(remote.spanId, 0),
            wordOfHex(remote.spanId, 8),
            remote.isRemote !== false,
          );
    if (decision?.attributes !== undefined) span.setAttributes(decision.attributes);
    if (options.tags !== undefined) fillTexts(trace.ensuredValues.tags, options.tags);
    if (options.metadata !== undefined) fillTexts(trace.ensuredValues.metadata, options.metadata);
    this.#dress(span, options);
    this.observer?.traceStarted(trace, span);
    return span;
  }

  #checkRatio(ratio: unknown): ratio is number {
    if (isRatio(ratio)) return true;
    this.warn("ratio");
    return false;
  }

  #ask(sampler: Sampler, traceId: string, parent: SpanContext | null, name: string, options: SpanOptions): SamplingResult {
    try {
      const answer: unknown = sampler.shouldSample({ traceId, parent, name, attributes: options.attributes ?? {} });
      if (typeof answer === "boolean") return { isSampled: answer };
      if (typeof (answer as SamplingResult | null)?.isSampled === "boolean") return answer as SamplingResult;
      throw new TypeError("no isSampled");
    } catch (error) {
      this.warnOnce("sampler", `the sampler failed, the trace is recorded: ${safeText(error)}`);
    }
    return { isSampled: true };
  }

  #dress(span: LiveSpan, options: SpanOptions): void {
    const { spanType, inputs, attributes, links, logLevel, description, destination, runId, experimentId } = options;
    if ((destination ?? runId ?? experimentId) !== undefined)
      this.whenLater((later) => {
        later.place(span._trace, options, span._isRoot);
      });
    if (spanType !== undefined && spanType !== null) span.setSpanType(spanType);
    if (inputs !== undefined && inputs !== null) span.setInputs(inputs);
    if (attributes !== undefined && attributes !== null) span.setAttributes(attributes);
    if (description !== undefined && description !== null) span.setDescription(description);
    if (logLevel !== undefined && logLevel !== null) span.setLogLevel(logLevel);
    if (links !== undefined && links !== null) {
      if (Array.isArray(links)) for (const link of links as LinkInput[]) span.addLink(link);
      else this.warn("links");
    }
    if (this.startHooks.size > 0) this.#runStartHooks(span);
  }

  whenLater(act: (later: LaterCode) => void): void {
    if (this.later !== null) act(this.later);
    else if (this.#waiting.length < MAX_WAITING) this.#waiting.push(act);
  }
  /** The words are among the code that comes later. */
  warn(of: Warning, value?: unknown): void {
    this.whenLater((later) => {
      this.logger.warn(later.textOf(of, value));
    });
  }
  takeLater(later: LaterCode): void {
    this.later = later;
    setStackOf(later.stackOf);
    for (const act of this.#waiting.splice(0)) act(later);
  }

  #runStartHooks(span: LiveSpan): void {
    for (const hook of [...this.startHooks]) {
      try {
        hook(span);
      } catch (error) {
        this.warn("startHook", error);
      }
    }
  }

  // --- running ------------------------------------------------------------------------------

  /**
   * Runs `body` with `span` active, and ends the span when it returns, settles or throws. `finish` ends
   * it with what came, and gives what the caller is to be given.
   */
  run<R>(span: ActiveSpan, frame: Frame, body: (span: ActiveSpan) => R, finish = endWithOutputs): R {
    if (span === NO_OP_SPAN) return body(span);
    let result: R;
    try {
      result = frames().run(frameWithSpan(frame, span), () => body(span));
    } catch (error) {
      endWithError(span, error);
      throw error;
    }
    return whenSettled(result, {
      fulfilled: (value) => finish(span, value),
      rejected: (error) => {
        endWithError(span, error);
      },
    });
  }

  // --- ending -------------------------------------------------------------------------------

  spanHasEnded(span: LiveSpan, trace: LocalTrace): void {
    if (span._isRoot) {
      this.lastTrace = trace;
      trace.frame.lastTrace = trace;
      // Held on to, frames of traces that begin inside of one another would make an endless chain.
      trace.frame = EMPTY_FRAME;
    }
    if (!trace.rootHasEnded) return;
    if (trace.openSpans === 0) this.#complete(trace);
    else if (span._isRoot) this.hub.rootEnded(trace);
  }

  #complete(trace: LocalTrace): void {
    this.openTraces.delete(trace);
    if ((trace.destinations & this.hub.wholeTraceDestinations) !== 0) {
      this.commit();
      this.hub.traceCompleted(trace);
    }
    this.observer?.traceCompleted(trace);
  }

  commit(): void {
    try {
      this.recorder.commit();
    } catch (error) {
      this.warn("commit", error);
    }
  }
}

function endWithError(span: ActiveSpan, error: unknown): void {
  span.recordException(error);
  span.end();
}

/** Outputs that the body set itself stand. */
function endWithOutputs(span: ActiveSpan, value: unknown): unknown {
  if (value !== undefined && span instanceof LiveSpan && span.isRecording && !span._hasOutputs) span.setOutputs(value);
  span.end();
  return value;
}

function nameOf(name: unknown): string {
  if (typeof name === "string") return name;
  return name === undefined || name === null ? DEFAULT_SPAN_NAME : safeText(name);
}

const KINDS = ["INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"];

/** OTLP's number of the kind; anything unknown is INTERNAL. */
function kindOf(kind: unknown): number {
  if (kind === undefined) return 1;
  const place = typeof kind === "string" ? KINDS.indexOf(kind.toUpperCase()) : typeof kind === "number" ? kind : -1;
  return Number.isInteger(place) && place >= 0 && place <= 4 ? place + 1 : 1;
}

function timeOf(time: unknown): bigint | null {
  if (typeof time === "bigint") return time >= 0n && time < 2n ** 64n ? time : null;
  return typeof time === "number" && Number.isSafeInteger(time) && time >= 0 ? BigInt(time) : null;
}

/** The context that anything given as a parent stands for: ours, OpenTelemetry's, or the plain shape. */
export function contextOf(value: unknown): SpanContext | null {
  if (typeof value !== "object" || value === null) return null;
  const span = value as { context?: unknown; spanContext?: unknown };
  let context = value as Partial<SpanContext>;
  if (typeof span.spanContext === "function") context = (span.spanContext as () => Partial<SpanContext>).call(value);
  else if (typeof span.context === "object" && span.context !== null) context = span.context;
  if (typeof context !== "object" || context === null) return null;
  const { traceId, spanId, traceFlags, traceState, isRemote } = context;
  const hex = typeof traceId === "string" ? otelTraceIdOf(traceId) : null;
  if (hex === null || !isTraceIdHex(hex) || typeof spanId !== "string" || !isSpanIdHex(spanId)) return null;
  const stateText: unknown =
    typeof traceState === "object" && traceState !== null
      ? (traceState as { serialize?: () => string }).serialize?.()
      : traceState;
  return {
    traceId: hex,
    spanId: spanId.toLowerCase(),
    traceFlags: typeof traceFlags === "number" ? traceFlags & 0xff : 0,
    traceState: typeof stateText === "string" ? stateText : "",
    isRemote: isRemote !== false,
  };
}

/** Tags and metadata are strings: an object becomes its JSON text, any other value what String makes of it. */
export function fillTexts(target: Map<string, string>, source: unknown): void {
  if (typeof source !== "object" || source === null) return;
  for (const key of Object.keys(source)) {
    const value = (source as Record<string, unknown>)[key];
    if (value !== undefined)
      target.set(key, typeof value === "string" ? value : typeof value === "object" ? jsonTextOf(value) : safeText(value));
  }
}

function newSpanId(): string {
  return hexOfWord(nonZeroWord()) + hexOfWord(randomWord());
}

function hexOfWords(word0: number, word1: number, word2: number, word3: number): string {
  return hexOfWord(word0) + hexOfWord(word1) + hexOfWord(word2) + hexOfWord(word3);
}

/** The number that four bytes in memory order spell. */
function swapped(word: number): number {
  return (((word & 255) << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)) >>> 0;
}
