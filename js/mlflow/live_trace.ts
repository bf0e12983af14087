// A trace of this process that no exporter has told of yet: what is said of it here goes with it, and
// the server, which does not know it, is not asked. As MLflow's client does.

import { TRACE_NAME_TAG } from "../tracing/late_names.js";
import { otelTraceIdOf } from "../tracing/ids.js";
import { infoOfLocalTrace } from "../tracing/local_trace_info.js";
import type { LocalTrace } from "../tracing/local_trace.js";
import { findTrace } from "../tracing/open_spans.js";
import { tracer } from "../tracing/realm.js";
import type { TraceInfo } from "../tracing/trace_info.js";
import { TraceManager } from "../tracing/trace_manager.js";

export interface LiveTrace {
  /** As it is now. */
  info(): TraceInfo;
  setTag(key: string, value: string): void;
  /** False: there was none. */
  deleteTag(key: string): boolean;
  addAssessment(dict: Record<string, unknown>): void;
}

/** null: it is the server's to know. Never throws. */
export function liveTraceOf(traceId: string): LiveTrace | null {
  const registered = TraceManager.getInstance()._registeredInfo(traceId);
  if (registered !== null) return ofInfo(registered);
  const trace = untold(traceId);
  return trace === null ? null : ofTrace(trace);
}

function untold(traceId: string): LocalTrace | null {
  const hex = typeof traceId === "string" ? otelTraceIdOf(traceId) : null;
  if (hex === null) return null;
  const open = findTrace(tracer(), hex);
  const trace = open?.rootHasEnded === false && !open.isHalted ? open : (tracer().observer?.untoldTrace(hex) ?? null);
  // Of a trace whose root is elsewhere, that process tells.
  return trace?.traceId === traceId && trace.root?.parentId === null ? trace : null;
}

function ofTrace(trace: LocalTrace): LiveTrace {
  return {
    info: () => infoOfLocalTrace(trace),
    setTag: (key, value) => void trace.ensuredValues.tags.set(key, value),
    deleteTag: (key) => trace.ensuredValues.tags.delete(key) || key === TRACE_NAME_TAG,
    addAssessment: (dict) => void (trace.ensuredValues.assessments ??= []).push(dict),
  };
}

function ofInfo(info: TraceInfo): LiveTrace {
  return {
    info: () => info,
    setTag: (key, value) => {
      info.tags[key] = value;
    },
    deleteTag: (key) => Object.hasOwn(info.tags, key) && Reflect.deleteProperty(info.tags, key),
    addAssessment: (dict) => void info.assessments.push(dict),
  };
}
