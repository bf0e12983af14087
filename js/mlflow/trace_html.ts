// A page of its own for a few traces: their trees as a waterfall, each span with what it holds. HTML
// and CSS alone, nothing from outside, no script and no handler: it works in a sandboxed frame, behind
// a strict policy and from disk. Its size is bounded; what was left out is said where it is missing.

import type { Trace } from "../tracing/trace.js";
import { safeText } from "../tracing/values.js";
import { escapeHtml, shownText } from "./html.js";
import { spanForest, type SpanForest, type SpanNode } from "./span_forest.js";
import {
  countText,
  durationText,
  MAX_NAME,
  pairs,
  plural,
  rowClass,
  spanHtml,
  TextBudget,
  type TimeFrame,
} from "./trace_html_span.js";
import { MAX_INDENT, PAGE_STYLE } from "./trace_html_style.js";

/** Of a page. Each trace gets an equal part. */
const MAX_SPANS = 1000;
const MAX_TRACES = 50;
const MAX_TEXT = 1_000_000;
/** Of a trace; more are not even looked at. */
const MAX_READ = 20_000;
const MAX_PREVIEW = 400;

/** The page's own policy: its one style sheet, nothing else. */
const POLICY = "default-src 'none'; style-src 'nonce-spandrel'; base-uri 'none'; form-action 'none'";

/** A whole HTML document that shows these traces. */
export function getTraceHtml(traces: readonly Trace[]): string {
  const shown = traces.slice(0, MAX_TRACES);
  const budget = new TextBudget(MAX_TEXT);
  const quota = Math.max(Math.floor(MAX_SPANS / Math.max(shown.length, 1)), 20);
  const sections = shown.map((trace) => section(trace, quota, budget));
  if (shown.length === 0) sections.push("<p>No trace.</p>");
  if (traces.length > shown.length) sections.push(note(`${plural(traces.length - shown.length, "trace")} more, not shown`));
  if (budget.left <= 0)
    sections.push(note(`This page shows ${countText(MAX_TEXT)} characters of values; those after them are left out.`));
  const title = shown.length === 1 ? shownText((shown[0] as Trace).info.traceId, MAX_NAME) : plural(traces.length, "trace");
  return (
    '<!doctype html><html lang="en"><head><meta charset="utf-8">' +
    `<meta http-equiv="Content-Security-Policy" content="${POLICY}">` +
    '<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="color-scheme" content="light dark">' +
    `<title>${title}</title><style nonce="spandrel">${PAGE_STYLE}</style></head>` +
    `<body><main>${sections.join("")}</main><p class="foot">Select a row for inputs, outputs and attributes; the arrow before it folds its children.</p></body></html>`
  );
}

/** One trace that cannot be drawn does not take the others along. */
function section(trace: Trace, quota: number, budget: TextBudget): string {
  try {
    return `<section class="trace">${traceHtml(trace, quota, budget)}</section>`;
  } catch (error) {
    return `<section class="trace">${note(`A trace could not be drawn: ${shownText(safeText(error), MAX_PREVIEW)}`)}</section>`;
  }
}

function traceHtml({ info, data }: Trace, quota: number, budget: TextBudget): string {
  const read = data.spans.slice(0, MAX_READ);
  const forest = spanForest(read, quota);
  const frame = frameOf(forest);
  const root = forest.roots[0];
  const errors = read.filter((span) => span.status.statusCode === "ERROR").length;
  const duration =
    info.executionDuration === null ? frame.endNs - frame.startNs : BigInt(Math.round(info.executionDuration * 1e6));
  const facts = [
    `<span class="state ${STATE_CLASSES[info.state] ?? ""}">${shownText(info.state.replace("_", " "), 40)}</span>`,
    `<b>${durationText(duration)}</b>`,
    plural(data.spans.length, "span"),
    errors === 0 ? "" : `<span class="flag error">${plural(errors, "error")}</span>`,
    ...usageTexts(info.tokenUsage, info.cost),
    timeText(info.requestTime),
    `<span class="id">${shownText(info.traceId, MAX_NAME)}</span>`,
  ];
  return [
    `<header><h1><bdi>${shownText(root?.span.name ?? info.traceId, MAX_NAME)}</bdi></h1>`,
    `<p class="facts">${facts.map((fact) => (fact === "" ? "" : `<span>${fact}</span> `)).join("")}</p></header>`,
    ...notesOf(forest, data.spans.length),
    previews([
      ["Request", info.requestPreview],
      ["Response", info.responsePreview],
    ]),
    about(info, budget),
    root === undefined ? "<p>It has no spans.</p>" : `${axis(frame)}<ul class="tree">${rows(forest.roots, frame, budget)}</ul>`,
    moreRow(forest.hiddenRoots, 0),
  ].join("");
}

const STATE_CLASSES: Record<string, string> = { OK: "ok", ERROR: "error", IN_PROGRESS: "live" };

function frameOf({ roots }: SpanForest): TimeFrame {
  let startNs: bigint | null = null;
  let endNs: bigint | null = null;
  const waiting = [...roots];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    const { startTimeNs, endTimeNs } = node.span;
    if (startNs === null || startTimeNs < startNs) startNs = startTimeNs;
    const last = endTimeNs === null || endTimeNs < startTimeNs ? startTimeNs : endTimeNs;
    if (endNs === null || last > endNs) endNs = last;
    waiting.push(...node.children);
  }
  return { startNs: startNs ?? 0n, endNs: endNs ?? 0n };
}

/** Depth first with a stack of its own; elements are nested only as deep as rows are indented. */
function rows(roots: readonly SpanNode[], frame: TimeFrame, budget: TextBudget): string {
  const out: string[] = [];
  const waiting: (SpanNode | string)[] = [...roots].reverse();
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (typeof next === "string") {
      out.push(next);
      continue;
    }
    const { children, hiddenChildren, depth } = next;
    const hasBelow = children.length + hiddenChildren > 0;
    out.push(`<li class="${rowClass(next)}">${spanHtml(next, frame, budget)}`);
    if (hasBelow && depth < MAX_INDENT) {
      out.push(
        `<details class="kids" open><summary><span class="vh">${plural(children.length + hiddenChildren, "child span")}</span></summary><ul>`,
      );
      waiting.push("</ul></details></li>");
    } else {
      out.push("</li>");
    }
    if (hiddenChildren > 0) waiting.push(moreRow(hiddenChildren, Math.min(depth + 1, MAX_INDENT), "li"));
    for (let i = children.length - 1; i >= 0; i--) waiting.push(children[i] as SpanNode);
  }
  return out.join("");
}

function moreRow(count: number, depth: number, element = "p"): string {
  if (count === 0) return "";
  return `<${element} class="more d${String(depth)}">${plural(count, "span")} more here, with what is below, not shown</${element}>`;
}

function notesOf({ shown, hidden, hiddenErrors, roots }: SpanForest, all: number): string[] {
  const notes: string[] = [];
  if (hidden > 0 || all > shown) {
    const errors = hiddenErrors === 0 ? "" : `; ${countText(hiddenErrors)} of those left out failed`;
    notes.push(note(`${countText(shown)} of ${countText(all)} spans are shown, those nearest to the root${errors}.`));
  }
  const detached = roots.filter((node) => node.isDetached).length;
  if (detached > 0) notes.push(note(`${plural(detached, "span")} without the parent named in it`));
  return notes;
}

/** `html` is HTML already. */
function note(html: string): string {
  return `<p class="note">${html}</p>`;
}

function previews(all: readonly (readonly [string, string | null])[]): string {
  const rows = all.flatMap(([title, text]) =>
    text === null || text === "" ? [] : [`<dt>${title}</dt><dd>${shownText(text, MAX_PREVIEW)}</dd>`],
  );
  return rows.length === 0 ? "" : `<dl class="preview">${rows.join("")}</dl>`;
}

function about({ experimentId, tags, traceMetadata }: Trace["info"], budget: TextBudget): string {
  const texts = Object.entries({ ...traceMetadata, ...tags }).map(([key, value]): [string, string] => [key, safeText(value)]);
  if (experimentId !== null) texts.unshift(["experiment", experimentId]);
  if (texts.length === 0) return "";
  return `<details class="about"><summary>Tags and metadata</summary>${pairs(texts, 0, budget)}</details>`;
}

function axis({ startNs, endNs }: TimeFrame): string {
  const whole = endNs - startNs;
  const marks = [0n, 1n, 2n, 3n, 4n].map((part) => `<span>${part === 0n ? "0" : durationText((whole * part) / 4n)}</span>`);
  return `<div class="axis" aria-hidden="true"><div>${marks.join("")}</div></div>`;
}

function usageTexts(usage: Record<string, unknown> | null, cost: Record<string, unknown> | null): string[] {
  const [tokens, dollars] = [usage?.["total_tokens"], cost?.["total_cost"]];
  return [
    typeof tokens === "number" ? `${countText(tokens)} tokens` : "",
    typeof dollars === "number" ? `$${String(Number(dollars.toPrecision(3)))}` : "",
  ].map(escapeHtml);
}

function timeText(millis: number): string {
  const date = new Date(millis);
  return Number.isNaN(date.getTime()) ? "" : date.toISOString().replace("T", " ").replace("Z", " UTC");
}
