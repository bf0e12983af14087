// The span of something that gives its values one by one: generators and streams. It starts with
// the first request for a value and ends when the last was given, when something is thrown, or when
// the consumer stops asking.

import { OUTPUTS_ATTRIBUTE } from "./constants.js";
import { frames, frameWithSpan, type Frame } from "./context.js";
import { eventOfException } from "./span_event.js";
import { reducerOf, type TraceOptions } from "./trace_function.js";
import type { ActiveSpan } from "./tracer.js";
import { JsonText, jsonTextOf, tagOf } from "./values.js";

export type OutputReducer = (chunks: unknown[]) => unknown;

const ABANDONED_ATTRIBUTE = "stream.abandoned";
const CHUNK_EVENT_PREFIX = "mlflow.chunk.item.";
const CHUNK_VALUE_ATTRIBUTE = "mlflow.chunk.value";
/** How many chunks a reducer was not given. */
const LEFT_OUT_ATTRIBUTE = "stream.chunks_left_out";
/** Gathered outputs are cut at this many UTF-16 units of JSON text. */
const MAX_OUTPUT_UNITS = 1 << 20;

export class StreamSpan {
  readonly #span: ActiveSpan;
  readonly #frame: Frame;
  readonly #reduce: OutputReducer | null;
  readonly #chunks: unknown[] = [];
  readonly #texts: string[] = [];
  #units = 0;
  #count = 0;
  #isOver = false;

  constructor(span: ActiveSpan, frame: Frame, options: TraceOptions) {
    this.#span = span;
    this.#frame = frameWithSpan(frame, span);
    this.#reduce = reducerOf(options);
  }

  /** The producer's code runs with the span active; the consumer's does not. */
  run<R>(step: () => R): R {
    return this.#isOver ? step() : frames().run(this.#frame, step);
  }

  chunk(value: unknown): void {
    if (this.#isOver || !this.#span.isRecording) return;
    const text = jsonTextOf(value);
    const name = `${CHUNK_EVENT_PREFIX}${String(this.#count++)}`;
    this.#span.addEvent({ name, attributes: { [CHUNK_VALUE_ATTRIBUTE]: text } });
    this.#units += text.length + 1;
    if (this.#units > MAX_OUTPUT_UNITS) return;
    this.#texts.push(text);
    if (this.#reduce !== null) this.#chunks.push(value);
  }

  finish(): void {
    this.#end(() => {
      this.#setOutputs();
    });
  }

  /** The consumer stopped before the end: outputs so far. */
  abandon(): void {
    this.#end(() => {
      this.#setOutputs();
      this.#span.setAttribute(ABANDONED_ATTRIBUTE, true);
    });
  }

  /** As MLflow: an event and the status, without a description and without outputs. */
  fail(error: unknown): void {
    this.#end(() => {
      this.#span.addEvent(eventOfException(error));
      this.#span.setStatus("ERROR");
    });
  }

  #end(prepare: () => void): void {
    if (this.#isOver) return;
    this.#isOver = true;
    prepare();
    this.#span.end();
  }

  #setOutputs(): void {
    const span = this.#span;
    if (!("_hasOutputs" in span) || span._hasOutputs) return;
    const left = this.#count - this.#texts.length;
    if (this.#reduce !== null) {
      try {
        const reduced = this.#reduce(this.#chunks);
        if (left > 0) span.setAttribute(LEFT_OUT_ATTRIBUTE, left);
        if (reduced !== undefined && reduced !== null) span.setOutputs(reduced);
        return;
      } catch {
        // the chunks themselves tell more than nothing
      }
    }
    const marker = left > 0 ? [JSON.stringify(`[${String(left)} more chunks, cut at 1 MiB]`)] : [];
    span._setText(OUTPUTS_ATTRIBUTE, new JsonText(`[${[...this.#texts, ...marker].join(",")}]`));
  }
}

export type StreamOpener = () => StreamSpan | null;

/** Ends spans of streams that nobody holds any more. */
const forgotten =
  typeof FinalizationRegistry === "function"
    ? new FinalizationRegistry<StreamHolder>((holder) => {
        holder.stream?.abandon();
      })
    : null;

interface StreamHolder {
  stream: StreamSpan | null;
}

type Step = "next" | "throw" | "return";

/**
 * A generator that looks like `inner`, which it drives. `open` is called with the first step; null
 * from it means untraced.
 */
export function tracedGenerator<G extends object>(inner: G, open: StreamOpener, isAsync: boolean): G {
  const holder: StreamHolder = { stream: null };
  let isOpened = false;
  const drive = isAsync ? driveAsync : driveSync;
  const step = (name: Step) =>
    function (...values: unknown[]): unknown {
      if (!isOpened) {
        isOpened = true;
        holder.stream = open();
        // A generator that is closed before its first value has done nothing.
        if (name !== "next") holder.stream?.abandon();
      }
      return drive(inner as unknown as Stepper, name, values, holder.stream);
    };
  const outer: object = Object.create(Object.getPrototypeOf(inner) as object) as object;
  for (const name of ["next", "throw", "return"] as const) {
    Object.defineProperty(outer, name, { value: step(name), configurable: true, writable: true });
  }
  forgotten?.register(outer, holder);
  return outer as G;
}

type Stepper = Record<Step, (...values: unknown[]) => unknown>;

function driveSync(inner: Stepper, name: Step, values: unknown[], stream: StreamSpan | null): unknown {
  if (stream === null) return inner[name](...values);
  try {
    const result = stream.run(() => inner[name](...values)) as IteratorResult<unknown>;
    settleStep(result, name, stream);
    return result;
  } catch (error) {
    stream.fail(error);
    throw error;
  }
}

async function driveAsync(inner: Stepper, name: Step, values: unknown[], stream: StreamSpan | null): Promise<unknown> {
  if (stream === null) return await inner[name](...values);
  try {
    const result = (await stream.run(() => inner[name](...values))) as IteratorResult<unknown>;
    settleStep(result, name, stream);
    return result;
  } catch (error) {
    stream.fail(error);
    throw error;
  }
}

function settleStep(result: IteratorResult<unknown>, name: Step, stream: StreamSpan): void {
  if (result.done !== true) stream.chunk(result.value);
  else if (name === "return") stream.abandon();
  else stream.finish();
}

/** A stream of the same chunks. Nothing is read that was not asked for. */
export function tracedReadable(inner: ReadableStream<unknown>, stream: StreamSpan): ReadableStream<unknown> {
  const reader = inner.getReader();
  const outer = new ReadableStream<unknown>(
    {
      async pull(controller) {
        try {
          const { done, value } = await stream.run(() => reader.read());
          if (done) {
            stream.finish();
            controller.close();
          } else {
            stream.chunk(value);
            controller.enqueue(value);
          }
        } catch (error) {
          stream.fail(error);
          controller.error(error);
        }
      },
      async cancel(reason) {
        stream.abandon();
        await reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
  return outer;
}

export function isReadableStream(value: unknown): value is ReadableStream<unknown> {
  if (typeof value !== "object" || value === null || typeof ReadableStream !== "function") return false;
  try {
    return tagOf(value) === "[object ReadableStream]" && !(value as ReadableStream).locked;
  } catch {
    return false;
  }
}
