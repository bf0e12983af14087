// One row of the waterfall: elements made once, then only changed.

import type { SpanRow } from "../../js/viewer/model.js";
import { h, icon, setAttribute, setIcon, setText } from "./dom.js";
import { durationText, plural, shortCount } from "./format.js";
import { lookOf, serviceClass } from "./span_types.js";

/** Deeper rows are not indented further; they show their depth as a number. */
const MAX_INDENT = 24;

export interface SpanRowParts {
  element: HTMLElement;
  chevron: HTMLElement;
  typeIcon: SVGSVGElement;
  type: HTMLElement;
  title: HTMLElement;
  service: HTMLElement;
  badges: HTMLElement;
  bar: HTMLElement;
  label: HTMLElement;
}

export interface SpanRowContext {
  /** Length of the time axis. */
  totalNs: number;
  /** Spans without an end are still running. */
  isLive: boolean;
  isSelected: boolean;
  /** The parent's row, where it is in memory. */
  parent: SpanRow | undefined;
}

export function createSpanRow(): SpanRowParts {
  const typeIcon = icon("span");
  const chevron = h("span", { class: "chevron", attributes: { "aria-hidden": "true" } }, icon("chevron"));
  const type = h("span", "type", typeIcon);
  const title = h("span", "title");
  const service = h("span", "row-service");
  const badges = h("span", "badges");
  const bar = h("div", "bar");
  const label = h("span", "bar-label");
  const name = h("div", { class: "cell name", attributes: { role: "gridcell" } }, chevron, type, title, service, badges);
  const time = h("div", { class: "cell time", attributes: { role: "gridcell" } }, bar, label);
  const element = h("div", { class: "row", attributes: { role: "row", tabindex: "-1" } }, name, time);
  return { element, chevron, typeIcon, type, title, service, badges, bar, label };
}

export function drawSpanRow(parts: SpanRowParts, row: SpanRow, context: SpanRowContext): void {
  const { element } = parts;
  setAttribute(element, "aria-level", String(row.depth + 1));
  setAttribute(element, "aria-expanded", row.childCount > 0 ? String(!row.isCollapsed) : null);
  setAttribute(element, "aria-label", rowLabel(row));
  const states = [
    context.isSelected ? "is-selected" : "",
    row.status === "ERROR" ? "is-error-row" : "",
    row.childCount > 0 ? "has-children" : "",
    row.isCollapsed ? "is-collapsed" : "",
    row.isOpen ? "is-open" : "",
  ];
  element.className = ["row", serviceClass(row.service), ...states].filter(Boolean).join(" ");
  element.style.setProperty("--depth", String(Math.min(row.depth, MAX_INDENT)));
  const look = lookOf(row.type, row.kind);
  parts.type.className = `type hue-${look.hue}`;
  setAttribute(parts.type, "title", look.label || "span");
  setIcon(parts.typeIcon, look.icon);
  setText(parts.title, row.name || "(no name)");
  setAttribute(parts.title, "title", row.name);
  // A service is named where it is entered; below it the colour says it.
  setText(parts.service, context.parent?.service === row.service ? "" : row.service);
  drawBadges(parts.badges, row, context);
  drawBar(parts, row, context);
}

function drawBadges(badges: HTMLElement, row: SpanRow, context: SpanRowContext): void {
  const key = [
    row.status,
    row.isOpen,
    row.isOrphan,
    row.isCycle,
    row.endsBeforeStart,
    row.isDuplicate,
    row.tokens,
    row.isCollapsed ? row.descendants : 0,
    row.depth > MAX_INDENT ? row.depth : 0,
    row.isOpen && context.isLive,
  ].join(" ");
  if (badges.dataset["key"] === key) return;
  badges.dataset["key"] = key;
  const nodes: Node[] = [];
  const badge = (text: string, title: string, className = ""): void => {
    nodes.push(h("span", { class: `badge ${className}`, text, title }));
  };
  if (row.isCollapsed) badge(`+${shortCount(row.descendants)}`, `${plural(row.descendants, "span")} hidden`);
  if (row.depth > MAX_INDENT) badge(`↳${String(row.depth)}`, `depth ${String(row.depth)}`);
  if (row.tokens > 0) badge(`${shortCount(row.tokens)} tok`, `${plural(row.tokens, "token")}`);
  if (row.isOrphan) badge("no parent", "its parent span has not been received", "is-warning");
  if (row.isCycle) badge("cycle", "its parents lead back to it; shown as a root", "is-warning");
  if (row.endsBeforeStart) badge("end < start", "ends before it starts; shown with no length", "is-warning");
  if (row.isDuplicate) badge("twice", "more than one span came with this id; the last is shown", "is-warning");
  if (row.isOpen) {
    if (context.isLive) badge("running", "has not ended yet", "is-live");
    else badge("unfinished", "no end was received", "is-warning");
  }
  if (row.status === "ERROR") nodes.push(icon("error", "icon is-error"));
  badges.replaceChildren(...nodes);
}

function drawBar(parts: SpanRowParts, row: SpanRow, context: SpanRowContext): void {
  const total = context.totalNs;
  const left = Math.max(0, Math.min(1, row.startNs / total));
  const length = row.isOpen ? Math.max(row.durationNs, total - row.startNs) : row.durationNs;
  const width = Math.max(0, Math.min(1 - left, length / total));
  parts.bar.style.left = `${String(left * 100)}%`;
  parts.bar.style.width = `${String(width * 100)}%`;
  setText(parts.label, row.isOpen && !context.isLive ? "no end" : durationText(length));
  const end = left + width;
  const place = end < 0.84 ? "after" : left > 0.16 ? "before" : "inside";
  parts.label.className = `bar-label is-${place}`;
  parts.label.style.left = place === "after" ? `${String(end * 100)}%` : "auto";
  parts.label.style.right = place === "after" ? "auto" : `${String((1 - (place === "before" ? left : end)) * 100)}%`;
}

function rowLabel(row: SpanRow): string {
  const state = row.isOpen ? "not ended" : durationText(row.durationNs);
  const notes = [row.isOrphan ? "parent missing" : "", row.isCycle ? "parents form a cycle" : ""].filter(Boolean);
  return [`span ${row.name}`, row.service, row.type, state, row.status === "ERROR" ? "error" : "", ...notes]
    .filter(Boolean)
    .join(", ");
}
