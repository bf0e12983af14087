// What the viewer's core answers, as it crosses from the worker to the page. Times that count from 1970 are decimal
// text, because nanoseconds since then do not fit a double; spans of time are numbers of nanoseconds.

export interface ImportReport {
  /** Readable spans, whatever became of them. */
  spans: number;
  added: number;
  /** Snapshots of open spans that gave way to a newer state. */
  replaced: number;
  /** Complete spans whose id was there already. */
  duplicates: number;
  /** Left out because memory is full. */
  refused: number;
  /** Left out because they cannot be read. */
  broken: number;
  errors: { code: string; message: string; offset: number }[];
}

export interface StoreStats {
  spans: number;
  traces: number;
  bytes: number;
  evictedTraces: number;
  evictedSpans: number;
  duplicates: number;
  refusedSpans: number;
  generation: number;
}

export interface TokenUsage {
  input: number;
  output: number;
  total: number;
}

export interface TraceSummary {
  traceId: string;
  /** Of the root; of the earliest span while no root has come. */
  name: string;
  type: string;
  rootService: string;
  startTimeNs: string;
  durationNs: number;
  spans: number;
  errors: number;
  /** Spans that have not ended. */
  open: number;
  /** Spans whose parent has not been seen. */
  orphans: number;
  duplicates: number;
  /** Spans whose sender left something out. */
  dropped: number;
  services: string[];
  /** More than `services.length` where there are too many to list. */
  serviceCount: number;
  hasRoot: boolean;
  isRootError: boolean;
  tokens?: TokenUsage;
}

/** What is known about a trace besides its spans. Texts are "" where nothing was said. */
export interface TraceFacts {
  /** As MLflow writes it: "tr-…". */
  traceId: string;
  experimentId: string;
  state: string;
  clientRequestId: string;
  requestPreview: string;
  responsePreview: string;
  tags: [string, string][];
  metadata: [string, string][];
  assessments: Assessment[];
  /** In USD. */
  cost?: number;
}

export interface Assessment {
  name: string;
  kind: "feedback" | "expectation";
  value: string;
  rationale: string;
  error: string;
  source: string;
  spanId: string;
  /** False where a later one took its place. */
  isValid: boolean;
}

export interface TraceHead extends TraceSummary {
  /** Rows that can be scrolled to. */
  rows: number;
  rootCount: number;
  maxDepth: number;
  cycles: number;
  endsBeforeStart: number;
  collapsed: number;
  treeStartNs: string;
  treeDurationNs: number;
}

export const SPAN_KINDS = ["UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"] as const;
export type SpanKindName = (typeof SPAN_KINDS)[number];
export type StatusName = "UNSET" | "OK" | "ERROR";

export interface SpanRow {
  spanId: string;
  name: string;
  service: string;
  type: string;
  kind: SpanKindName;
  status: StatusName;
  /** From the start of the trace. */
  startNs: number;
  durationNs: number;
  depth: number;
  childCount: number;
  descendants: number;
  tokens: number;
  /** Index of the parent's row; −1 for a root. */
  parentRow: number;
  isCollapsed: boolean;
  isOpen: boolean;
  hasEvents: boolean;
  isDuplicate: boolean;
  isOrphan: boolean;
  isCycle: boolean;
  endsBeforeStart: boolean;
}

/** The part of a trace that is on screen, and how large the whole is, from one moment. */
export interface TraceWindow {
  head: TraceHead;
  first: number;
  rows: SpanRow[];
}

export interface AttributeValue {
  key: string;
  type: "string" | "bool" | "int" | "double" | "bytes" | "array" | "map" | "empty";
  value: string;
  /** Names the value to `spanValue()`. */
  number: number;
  /** Length of the whole value where `value` is cut. */
  bytes?: number;
}

export interface SpanDetail {
  traceId: string;
  spanId: string;
  parentSpanId: string;
  name: string;
  type: string;
  service: string;
  kind: SpanKindName;
  startTimeNs: string;
  endTimeNs: string;
  isOpen: boolean;
  isDuplicate: boolean;
  status: { code: StatusName; message: string };
  traceState: string;
  flags: number;
  attributes: AttributeValue[];
  events: { name: string; timeNs: string; attributes: AttributeValue[]; dropped: number }[];
  links: { traceId: string; spanId: string; traceState: string; attributes: AttributeValue[]; dropped: number }[];
  dropped: { attributes: number; events: number; links: number };
  resource: { attributes: AttributeValue[]; dropped: number; schemaUrl: string };
  scope: { name: string; version: string; attributes: AttributeValue[]; dropped: number; schemaUrl: string };
}
