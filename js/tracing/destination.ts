// Where traces go from now on, in MLflow's sense: which experiment or tables they belong to.

import { AmbientValues } from "./ambient.js";
import { currentFrame, frames } from "./context.js";
import type { TraceDestination } from "./placement.js";
import { tracer } from "./realm.js";

/**
 * Traces that start from now on belong there; null takes that back. `contextLocal`: only those of
 * this asynchronous context, until it ends. Never throws: what names no place is ignored with a warning.
 */
export function setDestination(destination: TraceDestination | null, options: { contextLocal?: boolean } = {}): void {
  const shared = tracer();
  if (destination !== null && !isDestination(destination)) return;
  if ((options as typeof options | null)?.contextLocal !== true) {
    shared.ambient = destination === null ? null : new AmbientValues().with({ destination });
    return;
  }
  const frame = currentFrame();
  const store = frames();
  if (store.enter === undefined) {
    shared.logger.warn("this host has no context that a destination could be local to: use tracingContext({ destination }, fn)");
    return;
  }
  store.enter({ ...frame, ambient: AmbientValues.of(frame.ambient).with({ destination }) });
}

/** A warning where it names no place. What cannot be told yet is told when a trace begins. */
export function isDestination(value: unknown): value is TraceDestination {
  const { later, logger } = tracer();
  const isRight = typeof value === "object" && value !== null && (later === null || later.isPlace(value));
  if (!isRight) logger.warn("a destination is { experimentId } or { catalogName, schemaName, tablePrefix? }; ignored");
  return isRight;
}
