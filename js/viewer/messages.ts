// What page and worker say to each other: calls with a number, their answers, and news that nobody asked for.

import type { ImportReport, SpanDetail, StoreStats, TraceFacts, TraceSummary, TraceWindow } from "./model.js";

export interface Calls {
  /** Reads the receiver's stream, again and again, until told otherwise. */
  connect(origin: string, token: string): void;
  importFile(name: string, bytes: ArrayBuffer): ImportReport;
  traces(first: number, count: number): { total: number; rows: TraceSummary[] };
  traceIndex(traceId: string): number;
  /** Shows the trace and answers its first rows. */
  openTrace(traceId: string, count: number): TraceWindow | null;
  window(first: number, count: number): TraceWindow | null;
  /** Of the trace shown. */
  traceFacts(): TraceFacts | null;
  reveal(spanId: string): number;
  visibleIndex(spanId: string): number;
  setCollapsed(spanId: string, isCollapsed: boolean): boolean;
  setAllCollapsed(isCollapsed: boolean): void;
  nextError(spanId: string, isForward: boolean): string | null;
  spanDetail(spanId: string, maxValueBytes: number): SpanDetail | null;
  spanValue(spanId: string, number: number): string | null;
}

export type CallName = keyof Calls;
export type CallMessage = { [K in CallName]: { id: number; name: K; args: Parameters<Calls[K]> } }[CallName];

export type Connection = "none" | "connecting" | "live" | "lost" | "refused";

export interface ReceiverStatus {
  requests: number;
  spans: number;
  bytes: number;
  evictedRequests: number;
  evictedSpans: number;
  capacityBytes: number;
  /** Path prefixes of what the receiver serves beside the page. */
  services?: string[];
}

export type News =
  | { news: "ready" }
  | { news: "failed"; message: string }
  | { news: "changed"; stats: StoreStats }
  | { news: "connection"; state: Connection; status?: ReceiverStatus }
  /** Something of what came in could not be read. */
  | { news: "trouble"; where: string; report: ImportReport };

export type Answer = { id: number; result: unknown } | { id: number; error: string };
export type FromWorker = News | Answer;
