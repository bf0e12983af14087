// Span and LiveSpan of `spandrel/wasm`: objects of the module behind plain getters and setters.

import { TraceError } from "../trace_error.js";
import { exactJson } from "../tracing/exact_json.js";
import { parseJson } from "../tracing/json.js";
import { isError, jsonTextOf, safeText } from "../tracing/values.js";
import { Owner, type RawLiveSpan, type RawSpan } from "./module_objects.js";

export interface SpanView {
  traceId: string;
  spanId: string;
  parentId: string | null;
  name: string;
  startTimeNs: bigint;
  /** null while open. */
  endTimeNs: bigint | null;
  status: { statusCode: "OK" | "ERROR" | "UNSET"; description: string };
  spanType: string | null;
  attributes: Record<string, unknown>;
  events: { name: string; timestamp: bigint; attributes: Record<string, unknown> }[];
  links: { traceId: string; spanId: string; attributes: Record<string, unknown> | null }[];
}

export class Span extends Owner<RawSpan> {
  #view: SpanView | null = null;

  /** What all getters show; a fresh copy. */
  view(): SpanView {
    return structuredClone(this.#cached());
  }
  get traceId(): string {
    return this.#cached().traceId;
  }
  get requestId(): string {
    return this.traceId;
  }
  get spanId(): string {
    return this.#cached().spanId;
  }
  get parentId(): string | null {
    return this.#cached().parentId;
  }
  get name(): string {
    return this.#cached().name;
  }
  get startTimeNs(): bigint {
    return this.#cached().startTimeNs;
  }
  get endTimeNs(): bigint | null {
    return this.#cached().endTimeNs;
  }
  get status(): SpanView["status"] {
    return { ...this.#cached().status };
  }
  get spanType(): string | null {
    return this.#cached().spanType;
  }
  get inputs(): unknown {
    return this.getAttribute("mlflow.spanInputs");
  }
  get outputs(): unknown {
    return this.getAttribute("mlflow.spanOutputs");
  }
  get attributes(): Record<string, unknown> {
    return this.view().attributes;
  }
  get events(): SpanView["events"] {
    return this.view().events;
  }
  get links(): SpanView["links"] {
    return this.view().links;
  }
  /** null where the key is missing. */
  getAttribute(key: string): unknown {
    const { attributes } = this.#cached();
    return Object.hasOwn(attributes, key) ? structuredClone(attributes[key]) : null;
  }
  /** The portable record (src/record/portable.h). */
  record(): Uint8Array {
    return this.host.bytes(() => this.handle.record());
  }
  /** MLflow's dictionary, schema v3, as JSON text. */
  toJsonString(): string {
    return this.host.text(() => this.handle.toDict());
  }
  toDict(): Record<string, unknown> {
    return parseJson(this.toJsonString()) as Record<string, unknown>;
  }
  toOtlpBytes(): Uint8Array {
    return this.host.bytes(() => this.handle.toOtlpBytes());
  }
  toOtlp(): Record<string, unknown> {
    return parseJson(this.host.text(() => this.handle.toOtlp())) as Record<string, unknown>;
  }

  #cached(): SpanView {
    return (this.#view ??= viewOf(this.host.text(() => this.handle.view())));
  }
}

export class LiveSpan extends Owner<RawLiveSpan> {
  /** What all getters show, as it is now. */
  view(): SpanView {
    return viewOf(this.host.text(() => this.handle.view()));
  }
  get traceId(): string {
    return this.view().traceId;
  }
  get spanId(): string {
    return this.view().spanId;
  }
  get parentId(): string | null {
    return this.view().parentId;
  }
  get name(): string {
    return this.view().name;
  }
  get status(): SpanView["status"] {
    return this.view().status;
  }
  get spanType(): string | null {
    return this.view().spanType;
  }
  get inputs(): unknown {
    return this.getAttribute("mlflow.spanInputs");
  }
  get outputs(): unknown {
    return this.getAttribute("mlflow.spanOutputs");
  }
  get hasEnded(): boolean {
    return this.host.call(() => this.handle.hasEnded());
  }
  getAttribute(key: string): unknown {
    const { attributes } = this.view();
    return Object.hasOwn(attributes, key) ? attributes[key] : null;
  }

  setInputs(value: unknown): void {
    this.#apply("set_inputs", `"value":${jsonTextOf(value)}`);
  }
  setOutputs(value: unknown): void {
    this.#apply("set_outputs", `"value":${jsonTextOf(value)}`);
  }
  setAttribute(key: string, value: unknown): void {
    if (value !== undefined) this.#apply("set_attribute", `"key":${textOf(key)},"value":${valueText(value)}`);
  }
  setAttributes(attributes: Record<string, unknown>): void {
    this.#apply("set_attributes", `"value":${recordText(attributes)}`);
  }
  setSpanType(spanType: string): void {
    this.#apply("set_span_type", `"value":${textOf(spanType)}`);
  }
  setDescription(description: string): void {
    this.#apply("set_description", `"value":${textOf(description)}`);
  }
  setLogLevel(level: string | number): void {
    this.#apply("set_log_level", `"value":${jsonTextOf(level)}`);
  }
  setStatus(status: string, description = ""): void {
    this.#apply("set_status", `"status_code":${textOf(status)},"description":${textOf(description)}`);
  }
  addEvent(event: { name: string; timestamp?: bigint; attributes?: Record<string, unknown> }): void {
    const attributes = event.attributes === undefined ? "" : `,"attributes":${recordText(event.attributes)}`;
    this.#apply("add_event", `"name":${textOf(event.name)},"timestamp":${String(event.timestamp ?? now())}${attributes}`);
  }
  addLink(link: { traceId: string; spanId: string; attributes?: Record<string, unknown> | null }): void {
    const attributes =
      link.attributes === undefined || link.attributes === null ? "" : `,"attributes":${recordText(link.attributes)}`;
    this.#apply("add_link", `"trace_id":${textOf(link.traceId)},"span_id":${textOf(link.spanId)}${attributes}`);
  }
  recordException(error: unknown): void {
    const [type, message, stack] = isError(error)
      ? [error.name, error.message, error.stack ?? ""]
      : [typeof error === "string" ? "Exception" : typeof error, safeText(error), ""];
    this.#apply(
      "record_exception",
      `"type":${textOf(type)},"message":${textOf(message)},"stacktrace":${textOf(stack)},"timestamp":${String(now())}`,
    );
  }
  end(options: { outputs?: unknown; attributes?: Record<string, unknown>; status?: string; endTimeNs?: bigint } = {}): void {
    const { outputs, attributes, status, endTimeNs } = options;
    let text = `"end_time_ns":${String(endTimeNs ?? now())}`;
    if (outputs !== undefined && outputs !== null) text += `,"outputs":${jsonTextOf(outputs)}`;
    if (attributes !== undefined) text += `,"attributes":${recordText(attributes)}`;
    if (status !== undefined) text += `,"status":${textOf(status)}`;
    this.#apply("end", text);
  }
  toImmutableSpan(): Span {
    return new Span(
      this.host,
      this.host.call(() => this.handle.toImmutableSpan()),
    );
  }
  /** Live spans are not made from dictionaries. */
  static fromDict(): never {
    throw new TraceError("NOT_IMPLEMENTED", "a LiveSpan cannot be made from a dictionary");
  }

  #apply(op: string, members: string): void {
    try {
      this.host.text(() => this.handle.apply(this.host.put(`{"op":"${op}",${members}}`)));
    } catch (error) {
      this.host.warn(`${op}: ${safeText(error instanceof Error ? error.message : error)}`);
    }
    if (op === "end") this.host.drainLog();
  }
}

export function now(): bigint {
  return BigInt(Date.now()) * 1_000_000n;
}

export function isText(value: unknown): value is string {
  return typeof value === "string";
}

export function textOf(value: unknown): string {
  return exactJson(typeof value === "string" ? value : null);
}

/** As the operations of src/manager/operations.h read values. */
export function valueText(value: unknown): string {
  if (typeof value === "bigint") return `{"$int":"${String(value)}"}`;
  if (typeof value === "number" && (!Number.isFinite(value) || Object.is(value, -0))) {
    return `{"$float":"${Object.is(value, -0) ? "-0.0" : String(value)}"}`;
  }
  if (value instanceof Uint8Array)
    return `{"$bytes":"${Array.from(value, (byte) => byte.toString(16).padStart(2, "0")).join("")}"}`;
  return jsonTextOf(value);
}

export function recordText(record: unknown): string {
  if (typeof record !== "object" || record === null || Array.isArray(record)) return "null";
  const members: string[] = [];
  for (const [key, value] of Object.entries(record)) if (value !== undefined) members.push(`${textOf(key)}:${valueText(value)}`);
  return `{${members.join(",")}}`;
}

export function viewOf(text: string): SpanView {
  const view = parseJson(text) as SpanView;
  view.startTimeNs = BigInt(view.startTimeNs);
  if (view.endTimeNs !== null) view.endTimeNs = BigInt(view.endTimeNs);
  for (const event of view.events) event.timestamp = BigInt(event.timestamp);
  return view;
}
