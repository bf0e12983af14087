// A realm whose traces go to a store of the test's, on a clock that it moves. It takes 24 destinations.
import { afterAll, afterEach, beforeAll, beforeEach, expect } from "@jest/globals";
import {
  init,
  MlflowExporter,
  startSpan,
  stats,
  TraceInfo,
  type LiveSpan,
  type MlflowExporterOptions,
} from "../../../js/index.js";
import type { TraceKeeper } from "../../../js/load/trace_keeper.js";
import { FakeClock } from "../../../js/testing/index.js";
import { tracer } from "../../../js/tracing/realm.js";
import { TestLogger } from "../tracing/harness.js";
import { MockStore } from "./mock_store.js";

export const logger = new TestLogger();
export const clock = new FakeClock();

/** Traces go to this store from now on. As MLflow with a database it keeps the spans itself. */
export async function use(options: MlflowExporterOptions = {}): Promise<MockStore> {
  const store = new MockStore();
  store.onStart = (info) => new TraceInfo({ ...info, tags: { ...info.tags, "mlflow.trace.spansLocation": "TRACKING_STORE" } });
  await init({ exporter: new MlflowExporter({ client: store, logger, async: false, ...options }), logger });
  return store;
}

/** What is not zero of the last destination. */
export function account(): Record<string, number> {
  const last = Object.values(stats().destinations).at(-1);
  if (last === undefined) return {};
  const { dropped, attachments: _attachments, ...counters } = last;
  return Object.fromEntries(Object.entries({ ...counters, ...dropped }).filter(([, spans]) => spans !== 0));
}

export function root(name = "root"): LiveSpan {
  return startSpan({ name, parent: null }) as LiveSpan;
}

/** To be called by a test file: the realm is set up, and after each test the sums are right. */
export function prepare(): void {
  beforeAll(async () => {
    tracer().clock = clock;
    await init({ exporter: "none", logger });
  });
  beforeEach(() => {
    logger.lines.length = 0;
  });
  afterEach(() => {
    for (const { produced, delivered, pending, dropped } of Object.values(stats().destinations))
      expect(delivered + pending + Object.values(dropped).reduce((a, b) => a + b, 0)).toBe(produced);
  });
  afterAll(() => {
    (tracer().observer as TraceKeeper | null)?.stop();
  });
}
