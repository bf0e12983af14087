// Values that belong to a whole trace: said of the trace under way, or ahead of traces to come.

import { currentFrame, frames, type AmbientValues, type Frame } from "./context.js";
import type { LiveSpan } from "./live_span.js";
import type { TraceValues } from "./local_trace.js";
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
  fillTexts(values.tags, update.tags);
  fillTexts(values.metadata, update.metadata);
  const { clientRequestId, state } = update;
  if (clientRequestId !== undefined && clientRequestId !== null) values.clientRequestId = safeText(clientRequestId);
  setText(values, "requestPreview", update.requestPreview);
  setText(values, "responsePreview", update.responsePreview);
  setText(values, "sessionId", update.sessionId);
  setText(values, "user", update.user);
  if (state === "OK" || state === "ERROR") values.state = state;
  else if (state !== undefined && state !== null) tracer().logger.warn("the state of a trace is set to OK or ERROR; ignored");
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
  /** false: nothing inside makes spans. */
  enabled?: boolean;
}

/** Every trace that starts inside of `fn` gets these values; inner calls win, others merge. */
export function tracingContext<R>(options: TracingContextOptions, fn: () => R): R {
  const frame = currentFrame();
  return frames().run(frameWithValues(frame, options), fn);
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
  const { sessionId, user, enabled } = given;
  const ambient: AmbientValues = {
    tags: merged(frame.ambient?.tags, given.tags),
    metadata: merged(frame.ambient?.metadata, given.metadata),
    sessionId: typeof sessionId === "string" && sessionId !== "" ? sessionId : (frame.ambient?.sessionId ?? null),
    user: typeof user === "string" && user !== "" ? user : (frame.ambient?.user ?? null),
  };
  const isSuppressed = enabled === undefined ? frame.isSuppressed : !enabled;
  return { ...frame, span: isSuppressed ? null : frame.span, isSuppressed, ambient };
}

function merged(outer: ReadonlyMap<string, string> | undefined, inner: unknown): Map<string, string> {
  const map = new Map(outer);
  fillTexts(map, inner);
  // The name of a trace is its root's.
  map.delete("mlflow.traceName");
  return map;
}
