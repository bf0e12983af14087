// Values that belong to a whole trace: said of the trace under way, or ahead of traces to come.

import { AmbientValues } from "./ambient.js";
import { MODEL_ID_METADATA } from "./late_names.js";
import { currentFrame, frames, type Frame } from "./context.js";
import { isDestination } from "./destination.js";
import type { LiveSpan } from "./live_span.js";
import type { TraceValues } from "./local_trace.js";
import type { TraceDestination } from "./placement.js";
import { tracer } from "./realm.js";
import { fillTexts } from "./tracer.js";
import { safeText } from "./values.js";

export interface TraceUpdate {
  tags?: Record<string, unknown>;
  metadata?: Record<string, unknown>;
  clientRequestId?: string;
  requestPreview?: string;
  responsePreview?: string;
  state?: "OK" | "ERROR";
  sessionId?: string;
  user?: string;
  /** MLflow's logged model behind the trace. */
  modelId?: string;
}

/** Adds to the trace of the active span; without one a warning says so. Never throws. */
export function updateCurrentTrace(update: TraceUpdate): void {
  const { logger } = tracer();
  try {
    const { span } = currentFrame();
    if (span === null) {
      if (tracer().isOn) logger.warn("there is no active trace to update: call it inside of a span");
      return;
    }
    if (!("_trace" in span)) return;
    if (typeof update !== "object" || update === null) {
      logger.warn("updateCurrentTrace takes an object; ignored");
      return;
    }
    apply(span, update);
  } catch (error) {
    logger.warn(`the trace could not be updated: ${safeText(error)}`);
  }
}

function apply(span: LiveSpan, update: TraceUpdate): void {
  const values = span._trace.ensuredValues;
  fillChecked(values.tags, "tags", update.tags);
  fillChecked(values.metadata, "metadata", update.metadata);
  const { clientRequestId, state, modelId } = update;
  if (modelId !== undefined && modelId !== null) values.metadata.set(MODEL_ID_METADATA, safeText(modelId));
  if (clientRequestId !== undefined && clientRequestId !== null) values.clientRequestId = safeText(clientRequestId);
  setText(values, "requestPreview", update.requestPreview);
  setText(values, "responsePreview", update.responsePreview);
  setText(values, "sessionId", update.sessionId);
  setText(values, "user", update.user);
  if (state === "OK" || state === "ERROR") values.state = state;
  else if (state !== undefined && state !== null) tracer().logger.warn("the state of a trace is set to OK or ERROR; ignored");
}

/** Values that are no strings become text; their keys are named. */
function fillChecked(target: Map<string, string>, what: "tags" | "metadata", given: unknown): void {
  if (given === undefined || given === null) return;
  const { logger } = tracer();
  if (typeof given !== "object" || Array.isArray(given)) {
    logger.warn(`${what} are an object of strings; ignored`);
    return;
  }
  fillTexts(target, given);
  const others = Object.keys(given).filter((key) => typeof (given as Record<string, unknown>)[key] !== "string");
  if (others.length > 0) logger.warn(`${what} are strings; these became text: ${others.map((key) => `'${key}'`).join(", ")}`);
}

/** "" counts as not given. */
function setText(values: TraceValues, key: "requestPreview" | "responsePreview" | "sessionId" | "user", value: unknown): void {
  if (value === undefined || value === null || value === "") return;
  if (typeof value === "string") values[key] = value;
  else tracer().logger.warn(`${key} is a string, not ${typeof value}; ignored`);
}

export interface TracingContextOptions {
  sessionId?: string;
  user?: string;
  tags?: Record<string, unknown>;
  metadata?: Record<string, unknown>;
  /** false: nothing inside makes spans; true inside of that: they are made again. */
  enabled?: boolean;
  /** Where the traces belong. */
  destination?: TraceDestination;
}

/** Every trace that starts inside of `fn` gets these values; inner calls win, others merge. No span is made for it. */
export function tracingContext<R>(options: TracingContextOptions, fn: () => R): R {
  if (typeof fn !== "function") {
    tracer().logger.warn("tracingContext needs a function; nothing was run");
    return undefined as R;
  }
  return frames().run(frameWithValues(currentFrame(), options), fn);
}

function frameWithValues(frame: Frame, options: TracingContextOptions): Frame {
  try {
    return valuesInFrame(frame, typeof options === "object" && options !== null ? options : {});
  } catch (error) {
    tracer().logger.warn(`the values of tracingContext could not be read: ${safeText(error)}`);
    return frame;
  }
}

function valuesInFrame(frame: Frame, given: TracingContextOptions): Frame {
  const { sessionId, user, enabled, destination } = given;
  const outer = AmbientValues.of(frame.ambient);
  const ambient = outer.with({
    tags: merged(outer.tags, "tags", given.tags),
    metadata: merged(outer.metadata, "metadata", given.metadata),
    sessionId: typeof sessionId === "string" && sessionId !== "" ? sessionId : outer.sessionId,
    user: typeof user === "string" && user !== "" ? user : outer.user,
    destination: destination !== undefined && isDestination(destination) ? destination : outer.destination,
  });
  const isSuppressed = enabled === undefined ? frame.isSuppressed : !enabled;
  return { ...frame, span: isSuppressed ? null : frame.span, isSuppressed, ambient, lastTrace: null };
}

function merged(outer: ReadonlyMap<string, string>, what: "tags" | "metadata", inner: unknown): Map<string, string> {
  const map = new Map(outer);
  fillChecked(map, what, inner);
  // The name of a trace is its root's.
  map.delete("mlflow.traceName");
  return map;
}
