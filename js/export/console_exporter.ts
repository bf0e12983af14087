// Prints each finished trace as a tree: type, name, duration, status, error.

import type { Span } from "../tracing/span.js";
import type { Outcome, SpanBatch, SpanExporter } from "./exporter.js";

export interface ConsoleExporterOptions {
  /** Takes one line. Default: console.log. */
  write?: (line: string) => void;
}

export function makeConsoleExporter({ write = console.log }: ConsoleExporterOptions = {}): SpanExporter {
  return {
    async export(batch: SpanBatch): Promise<Outcome> {
      for (const spans of tracesOf(batch.spans())) for (const line of treeLines(spans)) write(line);
      return { status: "success" };
    },
  };
}

function tracesOf(spans: readonly Span[]): Span[][] {
  const traces = new Map<string, Span[]>();
  for (const span of spans) {
    const trace = traces.get(span.traceId);
    if (trace === undefined) traces.set(span.traceId, [span]);
    else trace.push(span);
  }
  return [...traces.values()];
}

/** The lines of one trace, children in the order of their start. */
export function treeLines(spans: readonly Span[]): string[] {
  const known = new Set(spans.map((span) => span.spanId));
  const children = new Map<string, Span[]>();
  for (const span of [...spans].sort(byStart)) {
    const parent = span.parentId !== null && known.has(span.parentId) ? span.parentId : "";
    const siblings = children.get(parent);
    if (siblings === undefined) children.set(parent, [span]);
    else siblings.push(span);
  }
  const lines: string[] = spans[0] === undefined ? [] : [`trace ${spans[0].traceId}`];
  // With a stack of its own: traces may be deeper than the call stack.
  const waiting = withBranches(children.get("") ?? [], "").reverse();
  for (let entry = waiting.pop(); entry !== undefined; entry = waiting.pop()) {
    lines.push(`${entry.prefix}${entry.branch} ${lineOf(entry.span)}`);
    const below = entry.prefix + (entry.branch === "└─" ? "   " : "│  ");
    waiting.push(...withBranches(children.get(entry.span.spanId) ?? [], below).reverse());
  }
  return lines;
}

interface Entry {
  span: Span;
  prefix: string;
  branch: string;
}

function withBranches(spans: readonly Span[], prefix: string): Entry[] {
  return spans.map((span, i) => ({ span, prefix, branch: i === spans.length - 1 ? "└─" : "├─" }));
}

function byStart(a: Span, b: Span): number {
  return a.startTimeNs < b.startTimeNs ? -1 : a.startTimeNs > b.startTimeNs ? 1 : 0;
}

function lineOf(span: Span): string {
  const { statusCode, description } = span.status;
  const type = span.spanType === null || span.spanType === "UNKNOWN" ? "" : `[${oneLine(span.spanType)}] `;
  const error = statusCode === "ERROR" ? ` ERROR${description === "" ? "" : `: ${oneLine(description)}`}` : "";
  return `${type}${oneLine(span.name)} ${durationText(span)}${error}`;
}

/** Names come from the application: control characters would reach the terminal. */
function oneLine(text: string): string {
  // eslint-disable-next-line no-control-regex -- these are the characters to take out
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, " ").slice(0, 200);
}

function durationText(span: Span): string {
  if (span.endTimeNs === null) return "unfinished";
  const micros = Number((span.endTimeNs - span.startTimeNs) / 1000n);
  if (micros < 1000) return `${String(micros)} µs`;
  return micros < 1_000_000 ? `${(micros / 1000).toFixed(1)} ms` : `${(micros / 1_000_000).toFixed(2)} s`;
}
