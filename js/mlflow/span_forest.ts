// The spans of a trace as trees, for drawing: bounded in number, whatever the parents say.
//
// A span without its parent in the trace is a root. So is the earliest of a circle of parents. Where
// there are more spans than fit, those nearest to a root stay, so that the upper levels are complete.

import type { Span } from "../tracing/span.js";

export interface SpanNode {
  readonly span: Span;
  readonly depth: number;
  /** In the order of their start; only those that fit. */
  readonly children: SpanNode[];
  /** Children that did not fit. */
  hiddenChildren: number;
  /** It names a parent that is not there, or one that is below itself. */
  readonly isDetached: boolean;
}

export interface SpanForest {
  readonly roots: readonly SpanNode[];
  readonly hiddenRoots: number;
  readonly shown: number;
  readonly hidden: number;
  readonly hiddenErrors: number;
}

export function spanForest(spans: readonly Span[], maxSpans: number): SpanForest {
  const order = [...spans].sort(byStart);
  const known = new Set(order.map((span) => span.spanId));
  const childrenOf = new Map<string, Span[]>();
  const tops: Span[] = [];
  for (const span of order) {
    const { parentId } = span;
    if (parentId === null || parentId === span.spanId || !known.has(parentId)) tops.push(span);
    else pushTo(childrenOf, parentId, span);
  }
  tops.push(...circles(order, tops, childrenOf));
  tops.sort(byStart);

  const roots: SpanNode[] = [];
  const queue: SpanNode[] = [];
  const seen = new Set<Span>(tops);
  for (const span of tops.slice(0, maxSpans)) {
    const root = { span, depth: 0, children: [], hiddenChildren: 0, isDetached: span.parentId !== null };
    roots.push(root);
    queue.push(root);
  }
  for (let at = 0; at < queue.length; at++) {
    const node = queue[at] as SpanNode;
    // Of spans with the same id the first has the children.
    for (const span of take(childrenOf, node.span.spanId)) {
      if (seen.has(span)) continue;
      seen.add(span);
      if (queue.length >= maxSpans) {
        node.hiddenChildren++;
        continue;
      }
      const child = { span, depth: node.depth + 1, children: [], hiddenChildren: 0, isDetached: false };
      node.children.push(child);
      queue.push(child);
    }
  }
  const shown = new Set(queue.map((node) => node.span));
  const left = order.filter((span) => !shown.has(span));
  return {
    roots,
    hiddenRoots: tops.length - roots.length,
    shown: queue.length,
    hidden: left.length,
    hiddenErrors: left.filter((span) => span.status.statusCode === "ERROR").length,
  };
}

/** One span of each circle of parents, the earliest: no root leads there. */
function circles(order: readonly Span[], tops: readonly Span[], childrenOf: ReadonlyMap<string, readonly Span[]>): Span[] {
  const reached = new Set<Span>();
  const reach = (from: readonly Span[]): void => {
    const waiting = [...from];
    for (let span = waiting.pop(); span !== undefined; span = waiting.pop()) {
      if (reached.has(span)) continue;
      reached.add(span);
      for (const child of childrenOf.get(span.spanId) ?? []) waiting.push(child);
    }
  };
  reach(tops);
  const found: Span[] = [];
  for (const span of order) {
    if (reached.has(span)) continue;
    found.push(span);
    reach([span]);
  }
  return found;
}

function take(childrenOf: Map<string, Span[]>, id: string): readonly Span[] {
  const children = childrenOf.get(id) ?? [];
  childrenOf.delete(id);
  return children;
}

function pushTo(lists: Map<string, Span[]>, key: string, span: Span): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [span]);
  else list.push(span);
}

function byStart(a: Span, b: Span): number {
  return a.startTimeNs < b.startTimeNs ? -1 : a.startTimeNs > b.startTimeNs ? 1 : 0;
}
