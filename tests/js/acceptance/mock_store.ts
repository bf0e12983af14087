// A TraceStore that keeps what it is told, and answers by functions that a test may replace.
import type { PromptVersion, Span, TraceInfo, TraceStore } from "../../../js/index.js";

export interface LoggedSpans {
  location: string;
  spans: readonly Span[];
}

export class MockStore implements TraceStore {
  readonly trackingUri: string;
  readonly started: TraceInfo[] = [];
  readonly logged: LoggedSpans[] = [];
  readonly uploaded: { info: TraceInfo; spans: readonly Span[] }[] = [];
  readonly linked: { traceId: string; prompts: readonly PromptVersion[] }[] = [];
  /** Names of the calls, in order. */
  readonly calls: string[] = [];
  onStart: (info: TraceInfo) => TraceInfo | Promise<TraceInfo> = (info) => info;
  onLog: (location: string, spans: readonly Span[]) => void | Promise<void> = () => undefined;
  onUpload: () => void | Promise<void> = () => undefined;
  onLink: () => void | Promise<void> = () => undefined;

  constructor(trackingUri = "http://127.0.0.1:5000") {
    this.trackingUri = trackingUri;
  }

  async startTrace(info: TraceInfo): Promise<TraceInfo> {
    this.calls.push("startTrace");
    this.started.push(info);
    return await this.onStart(info);
  }
  async logSpans(location: string, spans: readonly Span[]): Promise<void> {
    this.calls.push("logSpans");
    this.logged.push({ location, spans });
    await this.onLog(location, spans);
  }
  async uploadTraceData(info: TraceInfo, data: { readonly spans: readonly Span[] }): Promise<void> {
    this.calls.push("uploadTraceData");
    this.uploaded.push({ info, spans: data.spans });
    await this.onUpload();
  }
  async linkPromptVersionsToTrace(traceId: string, prompts: readonly PromptVersion[]): Promise<void> {
    this.calls.push("linkPromptVersionsToTrace");
    this.linked.push({ traceId, prompts });
    await this.onLink();
  }

  get loggedNames(): string[] {
    return this.logged.flatMap(({ spans }) => spans.map(({ name }) => name));
  }

  clear(): void {
    for (const list of [this.started, this.logged, this.uploaded, this.linked, this.calls]) list.length = 0;
  }
}

export function error(message: string, details: { httpStatus?: number; errorCode?: string } = {}): Error {
  return Object.assign(new Error(message), details);
}
