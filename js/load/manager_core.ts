// The trace manager of the loaded module (wasm/manager_bindings.cpp, src/manager/manager_json.h).
// Texts and bytes cross; a trace comes out as its info, its prompts and the portable records of its
// spans in start order (tracing/record_reader.ts).

import { parseJson } from "../tracing/json.js";
import { splitRecords } from "../tracing/record_reader.js";
import type { Handover } from "./handover.js";
import type { RawModule } from "./raw_module.js";

/** A trace that left the manager without being popped; its spans are lost for whole-trace exports. */
export interface DroppedTrace {
  traceId: string;
  otelTraceIds: string[];
  spans: number;
  reason: "evicted" | "expired" | "replaced";
}

/** A trace that ran longer than the timeout: end its spans, then pop it. Named once. */
export interface TimedOutTrace {
  traceId: string;
  otelTraceIds: string[];
  /** For the `exception` event of the spans that were open. */
  message: string;
}

export interface TickReport {
  timedOut: TimedOutTrace[];
  expired: DroppedTrace[];
}

export interface ManagedTrace {
  /** MLflow's TraceInfo dictionary, with previews, times, state and metadata set. */
  info: Record<string, unknown>;
  /** As they were registered, in that order. */
  prompts: Record<string, unknown>[];
  /** Portable records in start order; open spans have the open flag. */
  records: Uint8Array[];
}

/** What is not given is the default. */
export interface ManagerSettings {
  /** Seconds; null or 0: no timeout, traces expire in silence after `ttlSeconds`. */
  timeoutSeconds?: number | null;
  ttlSeconds?: number;
  maxTraces?: number;
  maxRecordBytes?: number;
  previewMaxLength?: number;
}

export interface ManagerStats {
  traces: number;
  spans: number;
  recordBytes: number;
  registered: number;
  popped: number;
  evicted: number;
  expired: number;
}

export type LogEntry = [level: "debug" | "info" | "warn" | "error", message: string];

interface ManagerBindings extends RawModule {
  managerTick(nowMillis: number): number;
  managerStats(): number;
  managerReset(): void;
  managerHasLog(): number;
  managerTakeLog(): number;
  managerHasOpenSpans(length: number): number;
  managerSetAside(length: number, nowMillis: number): number;
}

/** Every function may throw TraceError. Trace ids of OpenTelemetry are 32 hex digits. */
export class ManagerCore {
  readonly #handover: Handover;
  readonly #onLog: (entry: LogEntry) => void;
  #settings: string | null = null;

  /** `onLog` gets the manager's messages after the call that caused them. */
  constructor(handover: Handover, onLog: (entry: LogEntry) => void = () => undefined) {
    handover.need("managerRegisterTrace");
    this.#handover = handover;
    this.#onLog = onLog;
  }

  configure(settings: ManagerSettings): void {
    this.#settings = JSON.stringify(settings);
    this.#text("managerConfigure", this.#settings);
  }

  /** `infoJson` is a TraceInfo dictionary. What had to make room is returned. */
  registerTrace(otelIdHex: string, infoJson: string, nowMillis: number): DroppedTrace[] {
    const answer = this.#text("managerRegisterTrace", request({ otelTraceId: otelIdHex, nowMillis }, infoJson));
    return (JSON.parse(answer) as { dropped: DroppedTrace[] }).dropped;
  }

  /** The tag's new text. `promptJson` is an object with name and version. */
  registerPrompt(traceId: string, promptJson: string): string {
    return this.#text("managerRegisterPrompt", `{"traceId":${JSON.stringify(traceId)},"prompt":${promptJson}}`);
  }

  /** Takes the trace out; `infoJson` replaces what was registered ("" leaves it). null: not known. */
  popTrace(otelIdHex: string, infoJson: string, nowMillis: number): ManagedTrace | null {
    return this.#trace("managerPopTrace", request({ otelTraceId: otelIdHex, nowMillis }, infoJson));
  }

  /** The trace as it is now, by MLflow's id. */
  getTrace(traceId: string, infoJson = ""): ManagedTrace | null {
    return this.#trace("managerGetTrace", request({ traceId }, infoJson));
  }

  /** The first span without a parent, of records and snapshots that were committed. */
  getRootSpanId(traceId: string): string | null {
    return this.#text("managerGetRootSpanId", traceId) || null;
  }

  /** The root, or the first span of this process where the parent is in another. */
  getLocalRootSpanId(traceId: string): string | null {
    return this.#text("managerGetLocalRootSpanId", traceId) || null;
  }

  getMlflowTraceIdFromOtelId(otelIdHex: string): string | null {
    return this.#text("managerGetMlflowTraceId", otelIdHex) || null;
  }

  hasOpenSpans(otelIdHex: string): boolean {
    return this.#handover.guard((raw) => {
      const answer = (raw as ManagerBindings).managerHasOpenSpans(this.#handover.putText(otelIdHex));
      if (answer < 0) this.#handover.takeText(answer);
      return answer === 1;
    });
  }

  /** The trace is complete and will be popped soon: neither age nor newer traces take its place. */
  setAside(otelIdHex: string, nowMillis: number): boolean {
    return this.#handover.guard((raw) => {
      const answer = (raw as ManagerBindings).managerSetAside(this.#handover.putText(otelIdHex), nowMillis);
      if (answer < 0) this.#handover.takeText(answer);
      return answer === 1;
    });
  }

  /** To be called about once a second, and whenever the host happens to be awake. */
  tick(nowMillis: number): TickReport {
    return JSON.parse(this.#read((raw) => raw.managerTick(nowMillis))) as TickReport;
  }

  stats(): ManagerStats {
    return JSON.parse(this.#read((raw) => raw.managerStats())) as ManagerStats;
  }

  /** Drops all traces; the next call finds a new manager with the same settings. */
  reset(): void {
    this.#handover.guard((raw) => {
      (raw as ManagerBindings).managerReset();
    });
    if (this.#settings !== null) this.#text("managerConfigure", this.#settings);
  }

  #text(binding: string, input: string): string {
    try {
      return this.#handover.callText(binding, input);
    } finally {
      this.#drainLog();
    }
  }

  #read(call: (raw: ManagerBindings) => number): string {
    return this.#handover.guard((raw) => this.#handover.takeText(call(raw as ManagerBindings)));
  }

  #trace(binding: string, input: string): ManagedTrace | null {
    return readManagedTrace(this.#handover.callBytes(binding, input));
  }

  #drainLog(): void {
    if (this.#handover.isDead || this.#handover.guard((raw) => (raw as ManagerBindings).managerHasLog()) === 0) return;
    for (const entry of JSON.parse(this.#read((raw) => raw.managerTakeLog())) as LogEntry[]) this.#onLog(entry);
  }
}

const decoder = new TextDecoder();

/** The bytes of popTrace and getTrace; null where there are none. */
export function readManagedTrace(bytes: Uint8Array): ManagedTrace | null {
  if (bytes.length < 4) return null;
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const { info, prompts } = parseJson(decoder.decode(bytes.subarray(4, 4 + length))) as Pick<ManagedTrace, "info" | "prompts">;
  return { info, prompts, records: splitRecords(bytes.subarray(4 + length)) };
}

function request(fields: Record<string, string | number>, infoJson: string): string {
  const text = JSON.stringify(fields);
  return infoJson === "" ? text : `${text.slice(0, -1)},"info":${infoJson}}`;
}
