// Spans of OpenTelemetry's JavaScript API and SDK as spans of this package. By shape: the host may
// have any version of it.

import { TraceError } from "../trace_error.js";
import { SPAN_TYPE_ATTRIBUTE, TRACE_ID_ATTRIBUTE } from "./constants.js";
import { currentFrame } from "./context.js";
import { otelTraceIdOf } from "./ids.js";
import { LiveSpan } from "./live_span.js";
import { NO_OP_SPAN, type NoOpSpan } from "./noop_span.js";
import { tracer } from "./realm.js";
import { Span, SpanSource, type OtlpSpan } from "./span.js";
import type { EventFields, LinkFields, SpanFields } from "./span_fields.js";
import { contextOf } from "./tracer.js";
import { encodeAnyValue, type OtlpAnyValue } from "./any_value.js";
import { forwardTo, type ForeignLiveSpan } from "./forward_span.js";
import { thawValue } from "./json.js";
import { codec } from "./span_codec.js";
import { freezeValue, safeText, type FrozenValue } from "./values.js";

type HrTime = readonly [number, number];

/** What is read of a finished span of OpenTelemetry's SDK. */
interface ReadableSpan {
  name?: unknown;
  kind?: unknown;
  startTime?: HrTime;
  endTime?: HrTime;
  ended?: boolean;
  status?: { code?: number; message?: string };
  attributes?: Record<string, unknown>;
  links?: { context?: unknown; attributes?: Record<string, unknown>; droppedAttributesCount?: number }[];
  events?: { name?: unknown; time?: HrTime; attributes?: Record<string, unknown>; droppedAttributesCount?: number }[];
  parentSpanId?: unknown;
  parentSpanContext?: { spanId?: unknown; isRemote?: unknown };
  droppedAttributesCount?: number;
  droppedEventsCount?: number;
  droppedLinksCount?: number;
  isRecording?: () => boolean;
  spanContext?: () => unknown;
}

/**
 * null or a span that records nothing gives a no-op span; a running one a live span with its ids, whose
 * setters and end() reach it too; a finished one an immutable span with its attributes as they are. Throws TraceError for anything else.
 */
export function createSpan(otelSpan: unknown, traceId: string, spanType: string | null = null): LiveSpan | Span | NoOpSpan {
  if (otelSpan === null || otelSpan === undefined) return NO_OP_SPAN;
  const foreign = otelSpan as ReadableSpan;
  if (typeof otelSpan !== "object" || typeof foreign.spanContext !== "function") return refuse();
  const isFinished = foreign.ended === true || (Array.isArray(foreign.endTime) && typeof foreign.isRecording !== "function");
  if (isFinished) return finishedSpan(foreign, traceId, spanType);
  if (typeof foreign.isRecording !== "function") return refuse();
  if (!foreign.isRecording()) return NO_OP_SPAN;
  return runningSpan(foreign, traceId, spanType);
}

function refuse(): never {
  throw new TraceError("INVALID_PARAMETER_VALUE", "createSpan takes a span of @opentelemetry/api or null");
}

function runningSpan(foreign: ReadableSpan, traceId: string, spanType: string | null): LiveSpan | NoOpSpan {
  const context = contextOf(foreign);
  if (context === null) return NO_OP_SPAN;
  const span = tracer().open(
    { name: safeText(foreign.name ?? "span"), parent: { ...context, traceFlags: context.traceFlags | 1, isRemote: false } },
    { ...currentFrame(), isSuppressed: false },
    undefined,
  );
  if (!(span instanceof LiveSpan)) return span;
  span._adoptIds(context.spanId, parentOf(foreign));
  if (traceId !== `tr-${context.traceId}` && otelTraceIdOf(traceId) === context.traceId) span._trace.traceIdText = traceId;
  if (foreign.attributes !== undefined) span.setAttributes(foreign.attributes);
  const shared = tracer();
  forwardTo(span, foreign as ForeignLiveSpan, (error) => {
    shared.warnOnce("foreign", `a span of @opentelemetry/api could not be told what was set: ${safeText(error)}`);
  });
  if (spanType !== null) span.setSpanType(spanType);
  return span;
}

function finishedSpan(foreign: ReadableSpan, traceId: string, spanType: string | null): Span {
  const context = contextOf(foreign);
  if (context === null) return refuse();
  const attributes = new Map<string, FrozenValue>([[TRACE_ID_ATTRIBUTE, traceId]]);
  if (spanType !== null) attributes.set(SPAN_TYPE_ATTRIBUTE, spanType);
  const own = frozenMap(foreign.attributes);
  for (const [key, value] of own) attributes.set(key, value);
  const parentIdHex = parentOf(foreign);
  const fields: SpanFields = {
    traceIdHex: context.traceId,
    traceId,
    spanIdHex: context.spanId,
    parentIdHex,
    name: safeText(foreign.name ?? "span"),
    kind: typeof foreign.kind === "number" ? foreign.kind + 1 : 1,
    flags: context.traceFlags | 0x100 | (foreign.parentSpanContext?.isRemote === true ? 0x200 : 0),
    traceState: context.traceState ?? "",
    startTimeNs: nanosOf(foreign.startTime) ?? 0n,
    endTimeNs: nanosOf(foreign.endTime),
    statusCode: foreign.status?.code ?? 0,
    description: foreign.status?.message ?? "",
    attributes,
    nativeKeys: new Set(own.keys()),
    events: (foreign.events ?? []).map((event): EventFields => ({
      name: safeText(event.name ?? "event"),
      timeNs: nanosOf(event.time) ?? 0n,
      attributes: frozenMap(event.attributes),
      droppedAttributes: event.droppedAttributesCount ?? 0,
    })),
    links: (foreign.links ?? []).flatMap((link) => linkFields(link)),
    droppedAttributes: foreign.droppedAttributesCount ?? 0,
    droppedEvents: foreign.droppedEventsCount ?? 0,
    droppedLinks: foreign.droppedLinksCount ?? 0,
    ordinal: 0,
  };
  return new Span(new SpanSource(() => codec().recordOfOtherSdk(otlpOf(fields, own.has(SPAN_TYPE_ATTRIBUTE))), fields));
}

/** The core takes it as OTLP; what was added here is JSON text, as MLflow writes its own attributes. */
function otlpOf(fields: SpanFields, isTypeItsOwn: boolean): OtlpSpan {
  const added = [TRACE_ID_ATTRIBUTE, ...(isTypeItsOwn ? [] : [SPAN_TYPE_ATTRIBUTE])];
  const attributes = otlpAttributes(fields.attributes).map(({ key, value }) =>
    added.includes(key) ? { key, value: { stringValue: JSON.stringify(value.stringValue) } } : { key, value },
  );
  return {
    traceId: fields.traceIdHex,
    spanId: fields.spanIdHex,
    parentSpanId: fields.parentIdHex ?? "",
    traceState: fields.traceState,
    name: fields.name,
    kind: fields.kind,
    flags: fields.flags,
    startTimeUnixNano: String(fields.startTimeNs),
    endTimeUnixNano: String(fields.endTimeNs ?? 0n),
    attributes,
    droppedAttributesCount: fields.droppedAttributes,
    events: fields.events.map((event) => ({
      timeUnixNano: String(event.timeNs),
      name: event.name,
      attributes: otlpAttributes(event.attributes),
      droppedAttributesCount: event.droppedAttributes,
    })),
    droppedEventsCount: fields.droppedEvents,
    links: fields.links.map((link) => ({
      traceId: link.traceIdHex,
      spanId: link.spanIdHex,
      traceState: link.traceState,
      flags: link.flags,
      attributes: otlpAttributes(link.attributes),
      droppedAttributesCount: link.droppedAttributes,
    })),
    droppedLinksCount: fields.droppedLinks,
    status: { code: fields.statusCode, message: fields.description },
  };
}

function otlpAttributes(attributes: ReadonlyMap<string, FrozenValue>): { key: string; value: OtlpAnyValue }[] {
  return [...attributes].map(([key, value]) => ({ key, value: encodeAnyValue(thawValue(value)) }));
}

function linkFields(link: {
  context?: unknown;
  attributes?: Record<string, unknown>;
  droppedAttributesCount?: number;
}): LinkFields[] {
  const context = contextOf(link.context);
  if (context === null) return [];
  return [
    {
      traceIdHex: context.traceId,
      traceIdText: `tr-${context.traceId}`,
      spanIdHex: context.spanId,
      flags: context.traceFlags,
      traceState: context.traceState ?? "",
      attributes: frozenMap(link.attributes),
      droppedAttributes: link.droppedAttributesCount ?? 0,
    },
  ];
}

function frozenMap(attributes: Record<string, unknown> | undefined): Map<string, FrozenValue> {
  const map = new Map<string, FrozenValue>();
  for (const key of Object.keys(attributes ?? {})) {
    const frozen = freezeValue((attributes as Record<string, unknown>)[key]);
    if (frozen !== undefined) map.set(key, frozen);
  }
  return map;
}

/** SDK 1.x has the id alone, 2.x the context. */
function parentOf(foreign: ReadableSpan): string | null {
  const id = foreign.parentSpanContext?.spanId ?? foreign.parentSpanId;
  return typeof id === "string" && id !== "" ? id : null;
}

function nanosOf(time: HrTime | undefined): bigint | null {
  if (!Array.isArray(time) || time.length !== 2) return null;
  const [seconds, nanos] = time as unknown as [number, number];
  return seconds === 0 && nanos === 0 ? null : BigInt(Math.trunc(seconds)) * 1_000_000_000n + BigInt(Math.trunc(nanos));
}
