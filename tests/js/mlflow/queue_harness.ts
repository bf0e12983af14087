// What tests of the export queue and the batcher share: the built module, a log, the end of a
// process, spans, and tasks that finish when they are told to.
import { init, Span } from "../../../js/index.js";
import { AsyncExportQueue, type AsyncExportQueueOptions } from "../../../js/mlflow/async_export_queue.js";
import type { ExitHook, ExitHooks } from "../../../js/mlflow/exit_hooks.js";
import { Task } from "../../../js/mlflow/task.js";
import type { Logger } from "../../../js/tracing/runtime.js";
import { FakeTime } from "../export/fake_time.js";

type Level = keyof Logger;

export class LogLines implements Logger {
  readonly lines: { level: Level; message: string }[] = [];
  debug = (message: string): void => this.#add("debug", message);
  info = (message: string): void => this.#add("info", message);
  warn = (message: string): void => this.#add("warn", message);
  error = (message: string): void => this.#add("error", message);

  at(...levels: Level[]): string[] {
    return this.lines.filter(({ level }) => levels.includes(level)).map(({ message }) => message);
  }
  #add(level: Level, message: string): void {
    this.lines.push({ level, message });
  }
}

/** Keeps hooks in order, runs them when told. */
export class FakeExit implements ExitHooks {
  readonly hooks: ExitHook[] = [];
  registrations = 0;
  armed = 0;

  register(hook: ExitHook): () => void {
    this.registrations++;
    this.hooks.push(hook);
    return () => {
      if (this.hooks.includes(hook)) this.hooks.splice(this.hooks.indexOf(hook), 1);
    };
  }
  arm(): void {
    this.armed++;
  }
  /** The last registered first, each once. */
  async run(): Promise<void> {
    for (let hook = this.hooks.pop(); hook !== undefined; hook = this.hooks.pop()) await hook();
  }
}

export interface Setting {
  time: FakeTime;
  logger: LogLines;
  exit: FakeExit;
}

export function makeSetting(): Setting {
  return { time: new FakeTime(), logger: new LogLines(), exit: new FakeExit() };
}

export function makeQueue({ time, logger, exit }: Setting, options: AsyncExportQueueOptions = {}): AsyncExportQueue {
  return new AsyncExportQueue({ logger, clock: time, timers: time, exitHooks: exit, ...options });
}

export async function loadModule(): Promise<void> {
  await init({ exporter: "none", logger: new LogLines() });
}

/** A span of a trace at a location, as exporters have them. */
export function makeSpan(spanId: number, traceId = 12345): Span {
  const trace = traceId.toString(16).padStart(32, "0");
  const span = spanId.toString(16).padStart(16, "0");
  return Span.fromDict({
    trace_id: Buffer.from(trace, "hex").toString("base64"),
    span_id: Buffer.from(span, "hex").toString("base64"),
    parent_span_id: null,
    name: `span ${String(spanId)}`,
    start_time_unix_nano: 1n,
    end_time_unix_nano: 2n,
    events: [],
    status: { code: "STATUS_CODE_OK", message: "" },
    attributes: { "mlflow.traceRequestId": JSON.stringify(`trace:/catalog.schema/${trace}`) },
    links: [],
  });
}

/** Tasks by number that note when they start, and end when told to (or at once). */
export class Tasks {
  readonly started: number[] = [];
  readonly dropped: number[] = [];
  readonly #held = new Map<number, () => void>();

  make(number: number, isHeld = false): Task {
    const run = (): Promise<void> | void => {
      this.started.push(number);
      if (isHeld)
        return new Promise((resolve) => {
          this.#held.set(number, resolve);
        });
    };
    return new Task(run, [], "", () => void this.dropped.push(number));
  }
  release(number: number): void {
    this.#held.get(number)?.();
    this.#held.delete(number);
  }
  releaseAll(): void {
    for (const number of [...this.#held.keys()]) this.release(number);
  }
}

/** Sets MLflow's variables for one test; null unsets. The result puts back what was there. */
export function withVariables(values: Record<string, string | null>): () => void {
  const before = Object.keys(values).map((name) => [name, process.env[name]] as const);
  for (const [name, value] of Object.entries(values)) {
    if (value === null) delete process.env[name];
    else process.env[name] = value;
  }
  return () => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  };
}
