// One span of the self-contained page: its row, and what opens below it.

import { INPUTS_ATTRIBUTE, OUTPUTS_ATTRIBUTE, SPAN_TYPE_ATTRIBUTE } from "../tracing/constants.js";
import type { Span } from "../tracing/span.js";
import type { FrozenValue } from "../tracing/values.js";
import { escapeHtml, shownText } from "./html.js";
import type { SpanNode } from "./span_forest.js";
import { MAX_INDENT } from "./trace_html_style.js";
import { valueText, visibleText } from "./value_text.js";

export const MAX_NAME = 200;
const MAX_VALUE = 8192;
const MAX_SMALL_VALUE = 2048;
const MAX_PAIRS = 64;
const MAX_EVENTS = 32;

/** From and to, of the whole trace. */
export interface TimeFrame {
  readonly startNs: bigint;
  readonly endNs: bigint;
}

/** Characters of values that the page may still show. */
export class TextBudget {
  left: number;
  constructor(characters: number) {
    this.left = characters;
  }
}

const HUES: Record<string, string> = {
  AGENT: "violet",
  LLM: "amber",
  CHAT_MODEL: "amber",
  TOOL: "teal",
  RETRIEVER: "blue",
  CHAIN: "indigo",
  WORKFLOW: "indigo",
  EMBEDDING: "pink",
  RERANKER: "blue",
  PARSER: "green",
  MEMORY: "pink",
  TASK: "green",
  GUARDRAIL: "green",
  EVALUATOR: "pink",
};

export function rowClass({ span, depth }: SpanNode): string {
  const type = (span.spanType ?? "").toUpperCase();
  const hue = Object.hasOwn(HUES, type) ? (HUES[type] as string) : "grey";
  return `d${String(Math.min(depth, MAX_INDENT))} h-${hue}${isError(span) ? " is-error" : ""}`;
}

export function spanHtml(node: SpanNode, frame: TimeFrame, budget: TextBudget): string {
  const { span, depth } = node;
  const type = span.spanType;
  const badge = type === null || type === "UNKNOWN" ? "" : `<span class="type">${shownText(type, 40)}</span>`;
  const flags =
    (isError(span) ? '<span class="flag error">error</span>' : "") +
    (depth > MAX_INDENT ? `<span class="flag">depth ${String(depth)}</span>` : "") +
    (node.isDetached ? '<span class="flag">parent missing</span>' : "");
  return (
    `<details class="span"><summary class="row"><span class="name">${badge}<bdi>${shownText(span.name, MAX_NAME)}</bdi>${flags}</span>` +
    `<span class="time">${spanDuration(span)}</span>${bar(span, frame)}</summary>` +
    `<div class="panel">${panel(span, frame, budget)}</div></details>`
  );
}

function isError(span: Span): boolean {
  return span.status.statusCode === "ERROR";
}

function spanDuration({ startTimeNs, endTimeNs }: Span): string {
  return endTimeNs === null ? "unfinished" : durationText(endTimeNs - startTimeNs);
}

/** Its place in the trace in thousandths; never too thin to be seen. */
function bar(span: Span, { startNs, endNs }: TimeFrame): string {
  const whole = Math.max(Number(endNs - startNs), 1);
  const at = (ns: bigint): number => Math.min(Math.max((Number(ns - startNs) / whole) * 1000, 0), 1000);
  const to = at(span.endTimeNs ?? endNs);
  const from = Math.min(at(span.startTimeNs), 997);
  const width = Math.max(to - from, 3);
  const open = span.endTimeNs === null ? ' class="open"' : "";
  return (
    '<svg class="bar" viewBox="0 0 1000 12" preserveAspectRatio="none" aria-hidden="true">' +
    `<rect${open} x="${from.toFixed(1)}" y="1" width="${width.toFixed(1)}" height="10"/></svg>`
  );
}

function panel(span: Span, { startNs }: TimeFrame, budget: TextBudget): string {
  const { attributes, droppedAttributes, droppedEvents, droppedLinks } = span._fields();
  const parts: string[] = [];
  const { description } = span.status;
  if (isError(span) && description !== "")
    parts.push(`<p class="failure"><bdi>${shownText(description, MAX_SMALL_VALUE)}</bdi></p>`);
  for (const [key, title] of [
    [INPUTS_ATTRIBUTE, "Inputs"],
    [OUTPUTS_ATTRIBUTE, "Outputs"],
  ] as const) {
    const value = attributes.get(key);
    if (value !== undefined && value !== null) parts.push(`<h3>${title}</h3>${block(value, budget)}`);
  }
  const rest = [...attributes].filter(
    ([key]) => key !== INPUTS_ATTRIBUTE && key !== OUTPUTS_ATTRIBUTE && key !== SPAN_TYPE_ATTRIBUTE,
  );
  if (rest.length + droppedAttributes > 0) parts.push(`<h3>Attributes</h3>${pairs(rest, droppedAttributes, budget)}`);
  parts.push(events(span, startNs, droppedEvents, budget), links(span, droppedLinks, budget));
  const facts: [string, string][] = [
    ["span id", span.spanId],
    ["parent", span.parentId ?? "none"],
    ["starts at", `+${durationText(span.startTimeNs - startNs)}`],
    ["status", span.status.statusCode],
  ];
  parts.push(`<h3>Span</h3>${pairs(facts, 0, budget)}`);
  return parts.join("");
}

function events(span: Span, startNs: bigint, dropped: number, budget: TextBudget): string {
  const { events: all } = span._fields();
  if (all.length + dropped === 0) return "";
  const shown = all.slice(0, MAX_EVENTS).map(({ name, timeNs, attributes, droppedAttributes }) => {
    const head = `<p><bdi>${shownText(name, MAX_NAME)}</bdi> <span class="at">+${durationText(timeNs - startNs)}</span></p>`;
    return `<div class="event">${head}${pairs([...attributes], droppedAttributes, budget)}</div>`;
  });
  return `<h3>Events</h3>${shown.join("")}${leftOut(all.length - shown.length, "event")}${droppedNote(dropped, "event")}`;
}

function links(span: Span, dropped: number, budget: TextBudget): string {
  const { links: all } = span._fields();
  if (all.length + dropped === 0) return "";
  const shown = all.slice(0, MAX_EVENTS).map(({ traceIdText, spanIdHex, attributes }) => {
    const ids: [string, string][] = [
      ["trace", traceIdText],
      ["span", spanIdHex],
    ];
    return `<div class="event">${pairs([...ids, ...attributes], 0, budget)}</div>`;
  });
  return `<h3>Links</h3>${shown.join("")}${leftOut(all.length - shown.length, "link")}${droppedNote(dropped, "link")}`;
}

/** Keys and their values. */
export function pairs(all: readonly (readonly [string, FrozenValue])[], dropped: number, budget: TextBudget): string {
  const rows = all.slice(0, MAX_PAIRS).map(([key, value]) => {
    const { html, note } = shown(value, MAX_SMALL_VALUE, budget);
    return `<dt><bdi>${shownText(key, MAX_NAME)}</bdi></dt><dd>${html}${note}</dd>`;
  });
  const list = rows.length === 0 ? "" : `<dl class="pairs">${rows.join("")}</dl>`;
  return list + leftOut(all.length - rows.length, "attribute") + droppedNote(dropped, "attribute");
}

function block(value: FrozenValue, budget: TextBudget): string {
  const { html, note } = shown(value, MAX_VALUE, budget);
  return `<pre tabindex="0">${html}</pre>${note}`;
}

function shown(value: FrozenValue, limit: number, budget: TextBudget): { html: string; note: string } {
  const { text, cutFrom } = valueText(value, Math.max(Math.min(limit, budget.left), 0));
  budget.left -= text.length;
  const note =
    cutFrom === null ? "" : `<p class="left">the first ${countText(text.length)} of ${countText(cutFrom)} characters</p>`;
  return { html: escapeHtml(visibleText(text)), note };
}

function leftOut(count: number, noun: string): string {
  return count > 0 ? `<p class="left">${plural(count, noun)} more, not shown</p>` : "";
}

function droppedNote(count: number, noun: string): string {
  return count > 0 ? `<p class="left">${plural(count, noun)} dropped by the span's limits</p>` : "";
}

export function plural(count: number, noun: string): string {
  return `${countText(count)} ${noun}${count === 1 ? "" : "s"}`;
}

export function countText(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** Three digits and a unit. */
export function durationText(ns: bigint): string {
  const value = Number(ns);
  if (value < 0) return `-${durationText(-ns)}`;
  if (value < 1000) return `${String(value)} ns`;
  if (value < 999_500) return `${digits(value / 1e3)} µs`;
  if (value < 999_500_000) return `${digits(value / 1e6)} ms`;
  if (value < 60e9) return `${digits(value / 1e9)} s`;
  const seconds = Math.round(value / 1e9);
  if (seconds < 3600) return `${String(Math.floor(seconds / 60))} min ${String(seconds % 60)} s`;
  return `${countText(Math.floor(seconds / 3600))} h ${String(Math.floor((seconds % 3600) / 60))} min`;
}

function digits(value: number): string {
  return value.toFixed(value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2);
}
