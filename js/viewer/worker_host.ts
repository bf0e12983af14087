// The worker's side: one viewer, one stream, calls answered in order, changes told at most every 100 ms.

import { isJson, withoutByteOrderMark } from "./json_bytes.js";
import type { Answer, CallMessage, Calls, News, ReceiverStatus } from "./messages.js";
import type { ImportReport } from "./model.js";
import { FrameType, ReceiverStream } from "./receiver_stream.js";
import { openViewer, type Viewer, type WasmSource } from "./viewer.js";

const NEWS_MILLIS = 100;

export interface WorkerPort {
  postMessage(message: News | Answer): void;
  addEventListener(type: "message", listener: (event: { data: unknown }) => void): void;
}

/** Calls that come before the module is ready wait for it. */
export async function serveViewer(port: WorkerPort, wasm: Promise<WasmSource>, maxBytes: number): Promise<void> {
  const ready = wasm.then(openViewer).then((viewer) => new WorkerHost(port, viewer, maxBytes));
  port.addEventListener("message", ({ data }) => {
    ready.then(
      (host) => {
        host.answer(data as CallMessage);
      },
      () => undefined, // told below, once
    );
  });
  try {
    await ready;
    port.postMessage({ news: "ready" });
  } catch (error) {
    port.postMessage({ news: "failed", message: messageOf(error) });
  }
}

class WorkerHost {
  readonly #port: WorkerPort;
  readonly #viewer: Viewer;
  readonly #calls: Calls;
  #stream: ReceiverStream | null = null;
  #newsTimer: ReturnType<typeof setTimeout> | null = null;

  constructor(port: WorkerPort, viewer: Viewer, maxBytes: number) {
    this.#port = port;
    this.#viewer = viewer;
    viewer.setMaxBytes(maxBytes);
    this.#calls = this.#makeCalls();
  }

  answer({ id, name, args }: CallMessage): void {
    try {
      const call = this.#calls[name] as (...values: unknown[]) => unknown;
      this.#port.postMessage({ id, result: call(...args) });
    } catch (error) {
      this.#port.postMessage({ id, error: messageOf(error) });
    }
  }

  #makeCalls(): Calls {
    const viewer = this.#viewer;
    return {
      connect: (origin, token) => {
        this.#connect(origin, token);
      },
      importFile: (_name, bytes) => this.#changed(importBytes(viewer, new Uint8Array(bytes))),
      traces: (first, count) => ({ total: viewer.traceCount(), rows: viewer.traces(first, count) }),
      traceIndex: (traceId) => viewer.traceIndex(traceId),
      openTrace: (traceId, count) => (viewer.openTrace(traceId) ? viewer.window(0, count) : null),
      window: (first, count) => viewer.window(first, count),
      traceFacts: () => viewer.traceFacts(),
      reveal: (spanId) => viewer.reveal(spanId),
      visibleIndex: (spanId) => viewer.visibleIndex(spanId),
      setCollapsed: (spanId, isCollapsed) => viewer.setCollapsed(spanId, isCollapsed),
      setAllCollapsed: (isCollapsed) => {
        if (isCollapsed) viewer.collapseAll();
        else viewer.expandAll();
      },
      nextError: (spanId, isForward) => viewer.nextError(spanId, isForward),
      spanDetail: (spanId, maxValueBytes) => viewer.spanDetail(spanId, maxValueBytes),
      spanValue: (spanId, number) => viewer.spanValue(spanId, number),
    };
  }

  #connect(origin: string, token: string): void {
    this.#stream?.close();
    this.#stream = new ReceiverStream(origin, token, {
      onState: (state) => {
        this.#port.postMessage({ news: "connection", state });
      },
      onFrame: (type, payload) => {
        this.#takeFrame(type, payload);
      },
    });
    void this.#stream.run();
  }

  #takeFrame(type: number, payload: Uint8Array): void {
    if (type === FrameType.status) {
      const status = JSON.parse(new TextDecoder().decode(payload)) as ReceiverStatus;
      this.#port.postMessage({ news: "connection", state: "live", status });
    } else if (type === FrameType.protobuf || type === FrameType.json) {
      const report = type === FrameType.json ? this.#viewer.importJson(payload) : this.#viewer.importProtobuf(payload);
      this.#changed(report);
      if (report.errors.length > 0) this.#port.postMessage({ news: "trouble", where: "a request", report });
    }
  }

  #changed(report: ImportReport): ImportReport {
    if (this.#newsTimer === null) {
      this.#newsTimer = setTimeout(() => {
        this.#newsTimer = null;
        this.#port.postMessage({ news: "changed", stats: this.#viewer.stats() });
      }, NEWS_MILLIS);
    }
    return report;
  }
}

export function importBytes(viewer: Viewer, bytes: Uint8Array): ImportReport {
  return isJson(bytes) ? viewer.importJson(withoutByteOrderMark(bytes)) : viewer.importProtobuf(bytes);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
