// trace(): a function whose every call is a span. The function stays what it was: name, length,
// properties, `this`, and whether it is async or a generator.

import { FUNCTION_NAME_ATTRIBUTE, INPUTS_ATTRIBUTE } from "./constants.js";
import { currentFrame, type Frame } from "./context.js";
import type { TraceDestination } from "./placement.js";
import { tracer } from "./realm.js";
import type { ActiveSpan, SpanOptions } from "./tracer.js";
import type { LaterCode } from "./later.js";
import type { OutputReducer } from "./traced_stream.js";
import { JsonText, jsonTextOf, tagOf } from "./values.js";

export interface TraceOptions {
  /** Default: the function's name. */
  name?: string;
  spanType?: string;
  attributes?: Record<string, unknown>;
  /** Generators and streams: makes the outputs of the chunks. Default: the list of them. */
  outputReducer?: OutputReducer;
  /** 0 … 1, for calls that are roots. */
  samplingRatioOverride?: number;
  logLevel?: string | number;
  description?: string;
  /** Where the trace belongs, for calls that are roots. */
  destination?: TraceDestination;
}

export type AnyFunction = (this: unknown, ...args: never[]) => unknown;

/** A decorator of methods, getters and fields that hold functions: both the standard ones and TypeScript's legacy ones. */
export interface TraceDecorator {
  <T>(value: T, context: { kind: string }): T;
  (target: object, key: string | symbol, descriptor: PropertyDescriptor): PropertyDescriptor | undefined;
}

/** As `trace(fn, options)`, as `@trace`, or as `@trace(options)`. */
export function trace<F extends AnyFunction>(fn: F, options?: TraceOptions | { kind: string }): F;
export function trace(target: object, key: string | symbol, descriptor: PropertyDescriptor): PropertyDescriptor | undefined;
export function trace(options?: TraceOptions): TraceDecorator;
export function trace(first?: unknown, second?: unknown, third?: unknown): unknown {
  if (second !== undefined || typeof first === "function") return traceOne(null, first, second, third);
  const options = optionsOf(first);
  return (target: unknown, context: unknown, descriptor?: unknown): unknown => traceOne(options, target, context, descriptor);
}

/**
 * A function, with its options if there are none yet, or what a decorator is given: undefined then
 * leaves the member as it is.
 */
function traceOne(options: TraceOptions | null, target: unknown, second: unknown, third?: unknown): unknown {
  if (third !== undefined || (typeof target !== "function" && /string|symbol|number/.test(typeof second))) {
    // A legacy decorator; fields have no descriptor.
    const descriptor = optionsOf(third) as PropertyDescriptor;
    const part = descriptor.get === undefined ? "value" : "get";
    const member: unknown = descriptor[part];
    return typeof member === "function" ? { ...descriptor, [part]: traced(member as AnyFunction, options ?? {}) } : undefined;
  }
  const given = optionsOf(second) as TraceOptions & { kind?: unknown };
  const isDecorator = "addInitializer" in given;
  if (isDecorator && given.kind === "field") return (value: unknown) => traceOne(options ?? {}, value, undefined);
  if (typeof target === "function") return traced(target as AnyFunction, options ?? (isDecorator ? {} : given));
  if (!isDecorator) tracer().warn("traced");
  return target;
}

/** A copy: read once, so that nothing the caller's object does can reach a call. */
function optionsOf(value: unknown): TraceOptions {
  if (typeof value !== "object" || value === null) return {};
  try {
    const options = { ...value } as TraceOptions;
    // Anything may stand where a string is meant.
    if (typeof options.name !== "string") delete options.name;
    return options;
  } catch {
    tracer().warn("traceOptions");
    return {};
  }
}

type Args = readonly never[];

function traced<F extends AnyFunction>(fn: F, options: TraceOptions): F {
  const tag = tagOf(fn);
  const isAsync = tag === "[object AsyncGeneratorFunction]";
  const isGenerator = isAsync || tag === "[object GeneratorFunction]";
  let parameters: ReturnType<LaterCode["parametersOf"]> | undefined;

  const open = (args: Args, frame: Frame): ActiveSpan => {
    const given: SpanOptions = { ...options, name: options.name ?? (fn.name || undefined) };
    const span = tracer().open(given, frame, undefined);
    if (!("_setText" in span)) return span;
    const { later } = tracer();
    if (later === null) {
      const json = new JsonText(jsonTextOf({ args }));
      const isMissing = args.map((arg) => arg === undefined);
      tracer().whenLater((loaded) => {
        loaded.nameInputs(fn, json, isMissing);
      });
      span._setText(INPUTS_ATTRIBUTE, json);
    } else {
      parameters ??= later.parametersOf(fn);
      span.setInputs(later.inputsOf(parameters, args));
    }
    if (!isGenerator && fn.name !== "") span.setAttribute(FUNCTION_NAME_ATTRIBUTE, fn.name);
    return span;
  };

  const call = (self: unknown, args: Args): unknown => {
    if (!tracer().isOn) return Reflect.apply(fn, self, args);
    const frame = currentFrame();
    const finish = (span: ActiveSpan, value: unknown): unknown => endTraced(span, frame, value, options);
    return tracer().run(open(args, frame), frame, () => Reflect.apply(fn, self, args), finish);
  };

  const generate = (later: LaterCode, self: unknown, args: Args): unknown => {
    const inner = Reflect.apply(fn, self, args) as object;
    return later.tracedGenerator(
      inner,
      () => {
        const frame = currentFrame();
        const span = tracer().isOn ? open(args, frame) : null;
        return span === null ? null : new later.StreamSpan(span, frame, options);
      },
      isAsync,
    );
  };

  // A proxy keeps everything that can be asked of the function.
  return new Proxy(fn, {
    apply(_, self, args: never[]) {
      const later = isGenerator ? tracer().later : null;
      return later === null ? call(self, args) : generate(later, self, args);
    },
  });
}

export function reducerOf(options: TraceOptions): OutputReducer | null {
  return typeof options.outputReducer === "function" ? options.outputReducer : null;
}

/** The outputs are set whatever was returned, and streams are followed to their end. */
function endTraced(span: ActiveSpan, frame: Frame, value: unknown, options: TraceOptions): unknown {
  const { later } = tracer();
  if (span.isRecording && later?.isReadableStream(value) === true)
    return later.tracedReadable(value, new later.StreamSpan(span, frame, options));
  if ("_hasOutputs" in span && !span._hasOutputs) span.setOutputs(value);
  span.end();
  if (options.outputReducer !== undefined) later?.warnOfReducer(tracer());
  return value;
}
