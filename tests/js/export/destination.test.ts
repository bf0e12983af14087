import { describe, expect, test } from "@jest/globals";
import type { Outcome, SpanBatch } from "../../../js/export/exporter.js";
import { LiveSpan } from "../../../js/tracing/live_span.js";
import { FakeTime } from "./fake_time.js";
import { accountOf, answer, exporterOf, Harness, openScripted } from "./harness.js";

const success: Outcome = { status: "success" };

/** An exporter whose promises the test settles by hand. */
function manualExporter(concurrency?: number) {
  const waiting: ((outcome: Outcome) => void)[] = [];
  const sizes: number[] = [];
  const exporter = {
    ...(concurrency === undefined ? {} : { concurrency }),
    export(batch: SpanBatch): Promise<Outcome> {
      sizes.push(batch.spanCount);
      return new Promise((resolve) => waiting.push(resolve));
    },
  };
  return { exporter, waiting, sizes };
}

describe("when a batch leaves", () => {
  test("five seconds after its first span", async () => {
    const { harness, client, time } = await openScripted();
    harness.endSpans(1, "a");
    await time.advance(3_000);
    harness.endSpans(1, "b");
    await time.advance(1_999);
    expect(client.sent).toHaveLength(0);
    await time.advance(1);
    expect(client.sent.map((sent) => sent.names)).toEqual([["a1", "b1"]]);
  });

  test("at once when it is full; the rest waits for the delay", async () => {
    const { harness, client, time } = await openScripted(undefined, { batch: { maxSpans: 10 } });
    harness.endSpans(25);
    await time.settle();
    expect(client.sent.map((sent) => sent.names.length)).toEqual([10, 10]);
    await time.advance(5_000);
    expect(client.sent.map((sent) => sent.names.length)).toEqual([10, 10, 5]);
  });

  test("a full batch leaves also when the spans came one by one", async () => {
    const { harness, client, time } = await openScripted(undefined, { batch: { maxSpans: 4 } });
    for (let i = 0; i < 9; i++) {
      harness.endSpans(1);
      await time.advance(1);
    }
    expect(client.sent.map((sent) => sent.names.length)).toEqual([4, 4]);
  });

  test("a batch is bounded by bytes too", async () => {
    const { harness, client, time } = await openScripted(undefined, { batch: { maxBytes: 3_000 } });
    harness.endSpans(10, "s", { text: "x".repeat(1_000) });
    await time.advance(5_000);
    expect(client.sent.length).toBeGreaterThanOrEqual(5);
    expect(new Set(client.names).size).toBe(10);
  });

  test("one batch a task: the event loop turns between two", async () => {
    const time = new FakeTime();
    const { harness, client } = await openScripted(undefined, { time, batch: { maxSpans: 100 } });
    let inThisTask = 0;
    let most = 0;
    const schedule = time.yieldToLoop.bind(time);
    time.yieldToLoop = (run) => {
      schedule(() => {
        const before = client.sent.length;
        run();
        inThisTask = client.sent.length - before;
        most = Math.max(most, inThisTask);
      });
    };
    harness.endSpans(5_000);
    await time.settle();
    expect(client.sent).toHaveLength(50);
    expect(most).toBeLessThanOrEqual(1);
  });

  test("a burst of 50,000 spans in one task loses none", async () => {
    const { harness, client, time, destination } = await openScripted();
    harness.endSpans(50_000);
    await time.advance(5_000);
    expect(accountOf(destination)).toEqual({ produced: 50_000, delivered: 50_000 });
    expect(new Set(client.names).size).toBe(50_000);
  });

  test("H17: an empty queue sends nothing", async () => {
    const { client, time, destination } = await openScripted();
    const result = await destination.flush();
    await time.advance(60_000);
    expect(result).toEqual({ status: "flushed", delivered: 0, dropped: 0, pending: 0 });
    expect(client.sent).toEqual([]);
  });

  test("H18: as many batches at a time as the exporter allows, one for exporters that do not say", async () => {
    for (const [concurrency, expected] of [
      [3, 3],
      [undefined, 1],
    ] as const) {
      const { exporter, sizes, waiting } = manualExporter(concurrency);
      const harness = await Harness.open({ exporter, batch: { maxSpans: 10 } });
      harness.endSpans(100);
      await harness.time.settle();
      expect(sizes).toHaveLength(expected);
      waiting.shift()?.(success);
      await harness.time.settle();
      expect(sizes).toHaveLength(expected + 1);
    }
  });
});

describe("the queue", () => {
  test("past its bytes the newest spans are dropped and counted", async () => {
    const { harness, client, time, destination } = await openScripted(undefined, { batch: { queueBytes: 20_000 } });
    harness.endSpans(300);
    await time.advance(5_000);
    const { delivered = 0, queue_full = 0 } = accountOf(destination);
    expect(delivered + queue_full).toBe(300);
    expect(queue_full).toBeGreaterThan(0);
    expect(client.names[0]).toBe("span1");
    expect(client.names).not.toContain("span300");
    expect(harness.logger.lines).toEqual([
      expect.stringMatching(new RegExp(`: ${String(queue_full)} spans lost: the queue is full \\(batch\\.queueBytes\\)`)),
    ]);
  });

  test("a count limit where one is asked for", async () => {
    const { harness, time, destination } = await openScripted(undefined, { batch: { queueSpans: 20 } });
    harness.endSpans(30);
    await time.advance(5_000);
    expect(accountOf(destination)).toEqual({ produced: 30, delivered: 20, queue_full: 10 });
  });

  test("one span that no queue would take is too large", async () => {
    const { harness, time, destination } = await openScripted(undefined, { batch: { queueBytes: 20_000 } });
    harness.endSpans(1, "big", { text: "x".repeat(30_000) });
    harness.endSpans(1, "small");
    await time.advance(5_000);
    expect(accountOf(destination)).toEqual({ produced: 2, delivered: 1, too_large: 1 });
    expect(harness.logger.lines).toEqual([expect.stringContaining("1 spans lost: larger than the queue may be")]);
  });

  test("limits can change", async () => {
    const { harness, destination } = await openScripted();
    destination.configure({ queueSpans: 1 });
    harness.endSpans(3);
    expect(accountOf(destination)).toEqual({ produced: 3, pending: 1, queue_full: 2 });
  });
});

describe("flush", () => {
  test("waits for what is under way and tells what it delivered", async () => {
    const { exporter, waiting } = manualExporter();
    const harness = await Harness.open({ exporter });
    harness.endSpans(3);
    await harness.time.advance(5_000);
    harness.endSpans(2);

    const flushed = harness.destination.flush();
    let isDone = false;
    void flushed.then(() => (isDone = true));
    await harness.time.settle();
    expect(isDone).toBe(false);
    waiting.shift()?.(success);
    await harness.time.settle();
    expect(isDone).toBe(false);
    waiting.shift()?.(success);
    expect(await flushed).toEqual({ status: "flushed", delivered: 5, dropped: 0, pending: 0 });
    await harness.time.settle();
    expect(harness.time.pendingTimers).toBe(0);
  });

  test("does not wait for spans that end later", async () => {
    const { exporter, waiting } = manualExporter();
    const harness = await Harness.open({ exporter });
    harness.endSpans(1);
    const flushed = harness.destination.flush();
    harness.endSpans(7);
    await harness.time.settle();
    waiting.shift()?.(success);
    expect(await flushed).toEqual({ status: "flushed", delivered: 1, dropped: 0, pending: 7 });
  });

  test("tells the truth when time runs out", async () => {
    const harness = await Harness.open({ exporter: exporterOf(() => new Promise(() => undefined)) });
    harness.endSpans(4);
    const flushed = harness.destination.flush({ timeoutMillis: 1_000 });
    await harness.time.advance(1_000);
    expect(await flushed).toEqual({ status: "timeout", delivered: 0, dropped: 0, pending: 4 });
  });

  test("tells the truth about losses", async () => {
    const { harness, destination } = await openScripted(() => answer(403));
    harness.endSpans(4);
    expect(await destination.flush()).toEqual({ status: "failed", delivered: 0, dropped: 4, pending: 0 });
    harness.endSpans(1);
    expect((await destination.flush()).dropped).toBe(1);
  });

  test("keeps to a back-off", async () => {
    const { harness, client, time, destination } = await openScripted((_, count) => answer(count === 1 ? 503 : 200));
    harness.endSpans(1);
    const flushed = destination.flush();
    await time.advance(499);
    expect(client.sent).toHaveLength(1);
    await time.advance(1);
    expect(await flushed).toMatchObject({ status: "flushed", delivered: 1 });
  });

  test("concurrent flushes share the exporter's own flush", async () => {
    let flushes = 0;
    const harness = await Harness.open({
      exporter: exporterOf(async () => success, {
        flush: async () => {
          flushes++;
          await Promise.resolve();
        },
      }),
    });
    harness.endSpans(2);
    const results = await Promise.all([harness.destination.flush(), harness.destination.flush()]);
    expect(flushes).toBe(1);
    expect(results.map((result) => result.status)).toEqual(["flushed", "flushed"]);
  });

  test("an exporter's flush that fails or hangs is a failed flush", async () => {
    for (const flush of [() => Promise.reject(new Error("no")), () => new Promise<void>(() => undefined)]) {
      const harness = await Harness.open({ exporter: exporterOf(async () => success, { flush }) });
      harness.endSpans(1);
      const flushed = harness.destination.flush({ timeoutMillis: 100 });
      await harness.time.advance(100);
      expect(await flushed).toEqual({ status: "failed", delivered: 1, dropped: 0, pending: 0 });
    }
  });
});

describe("shutdown", () => {
  test("flushes and shuts the exporter, once", async () => {
    let shutdowns = 0;
    const harness = await Harness.open({
      exporter: exporterOf(async () => success, { shutdown: async () => void shutdowns++ }),
    });
    harness.endSpans(3);
    const [first, second] = await Promise.all([harness.destination.shutdown(), harness.destination.shutdown()]);
    expect(first).toEqual({ status: "flushed", delivered: 3, dropped: 0, pending: 0 });
    expect(second).toBe(first);
    expect(shutdowns).toBe(1);
    expect(harness.time.pendingTimers).toBe(0);
  });

  test("a receiver that hangs is waited for no longer than allowed; the rest is counted", async () => {
    const harness = await Harness.open({
      exporter: exporterOf(() => new Promise(() => undefined), { shutdown: () => new Promise(() => undefined) }),
    });
    harness.endSpans(700);
    const done = harness.destination.shutdown({ timeoutMillis: 2_000 });
    await harness.time.advance(2_000);
    await harness.time.advance(0);
    expect(await done).toEqual({ status: "timeout", delivered: 0, dropped: 700, pending: 0 });
    expect(accountOf(harness.destination)).toEqual({ produced: 700, shutdown: 700 });
  });

  test("tries once more at once when a back-off is under way", async () => {
    const { harness, client, time, destination } = await openScripted((_, count) =>
      answer(count === 1 ? 503 : 200, { retryAfter: "60" }),
    );
    harness.endSpans(1);
    await time.advance(5_000);
    const done = destination.shutdown();
    await time.settle();
    expect(client.sent).toHaveLength(2);
    expect(await done).toMatchObject({ status: "flushed", delivered: 1 });
  });

  test("spans that end afterwards are counted, and nothing is sent", async () => {
    const { harness, client, time, destination } = await openScripted();
    await destination.shutdown();
    harness.endSpans(5);
    await time.advance(60_000);
    expect(client.sent).toEqual([]);
    expect(accountOf(destination)).toEqual({ produced: 5, shutdown: 5 });
    expect((await destination.flush()).status).not.toBe("timeout");
  });
});

describe("exporters of the user", () => {
  const CASES: [string, (batch: SpanBatch) => Promise<Outcome>, Record<string, number>][] = [
    [
      "throws",
      () => {
        throw new Error("boom");
      },
      { rejected: 2 },
    ],
    ["rejects", () => Promise.reject(new Error("boom")), { rejected: 2 }],
    ["gives undefined", async () => undefined as unknown as Outcome, { rejected: 2 }],
    ["gives nonsense", async () => ({ status: "fine" }) as unknown as Outcome, { rejected: 2 }],
    ["hangs", () => new Promise(() => undefined), { unknown_outcome: 2 }],
    ["fails", async () => ({ status: "failure", error: new Error("x") }) as unknown as Outcome, { rejected: 2 }],
    ["refuses one of two", async () => ({ status: "success", rejectedSpans: 1 }), { delivered: 1, rejected: 1 }],
    ["refuses more than there are", async () => ({ status: "success", rejectedSpans: 1e12 }), { rejected: 2 }],
    ["refuses −1", async () => ({ status: "success", rejectedSpans: -1 }), { delivered: 2 }],
    ["repeats without end", async () => ({ status: "retryable", afterMillis: Number.NaN }), { gave_up: 2 }],
  ];
  test.each(CASES)("one that %s", async (_, run, expected) => {
    const harness = await Harness.open({ exporter: exporterOf(run) });
    harness.endSpans(2);
    await harness.time.advance(20 * 60_000);
    expect(accountOf(harness.destination)).toEqual({ produced: 2, ...expected });
  });

  test("a settled batch is empty", async () => {
    let kept: SpanBatch | null = null;
    let sizes: number[] = [];
    const harness = await Harness.open({
      exporter: exporterOf(async (batch) => {
        kept = batch;
        sizes = [
          batch.spanCount,
          batch.byteLength,
          batch.toOtlpBytes().length,
          JSON.parse(batch.toOtlpJson()).resourceSpans.length,
        ];
        return success;
      }),
    });
    harness.endSpans(2);
    await harness.destination.flush();
    expect(sizes[0]).toBe(2);
    expect(sizes[1]).toBe(sizes[2]);
    expect(sizes[3]).toBe(1);
    const batch = kept as unknown as SpanBatch;
    expect([batch.byteLength, batch.toOtlpBytes().length, batch.spans().length]).toEqual([0, 0, 0]);
    expect(JSON.parse(batch.toOtlpJson())).toEqual({ resourceSpans: [] });
  });

  test("it runs with tracing suppressed", async () => {
    const suppressed: string[] = [];
    let isSuppressed = false;
    const suppressTracing = <T>(body: () => T): T => {
      isSuppressed = true;
      try {
        return body();
      } finally {
        isSuppressed = false;
      }
    };
    const note = (what: string) => suppressed.push(`${what} ${String(isSuppressed)}`);
    const harness = await Harness.open({
      suppressTracing,
      exporter: {
        export: async () => (note("export"), success),
        flush: async () => void note("flush"),
        shutdown: async () => void note("shutdown"),
      },
    });
    harness.endSpans(1);
    await harness.destination.shutdown();
    expect(suppressed).toEqual(["export true", "flush true", "shutdown true"]);
  });
});

describe("whole traces", () => {
  function openTrace(harness: Harness) {
    const trace = harness.openTrace();
    const root = new LiveSpan(trace, null, "root", 1, null);
    const child = new LiveSpan(trace, root, "child", 1, null);
    return { trace, root, child };
  }

  test("a trace is held until it is complete", async () => {
    const { harness, client, time } = await openScripted(undefined, { holdsTraces: true });
    const { root, child } = openTrace(harness);
    child.end();
    await time.advance(60_000);
    expect(client.sent).toEqual([]);
    root.end();
    await time.advance(5_000);
    expect(client.names).toEqual(["child", "root"]);
  });

  test("or until 30 s after its root ended", async () => {
    const { harness, client, time, destination } = await openScripted(undefined, { holdsTraces: true });
    const { trace, root } = openTrace(harness);
    root.end();
    destination.noteRootEnded(trace);
    await time.advance(29_999);
    expect(client.sent).toEqual([]);
    await time.advance(5_001);
    expect(client.names).toEqual(["root"]);
  });

  test("flush completes only traces whose root has ended", async () => {
    const { harness, client, destination } = await openScripted(undefined, { holdsTraces: true });
    const ended = openTrace(harness);
    ended.root.end();
    destination.noteRootEnded(ended.trace);
    const running = openTrace(harness);
    running.child.end();
    await destination.flush();
    expect(client.names).toEqual(["root"]);
    expect(accountOf(destination)).toEqual({ produced: 2, delivered: 1, pending: 1 });
  });

  test("shutdown sends what is held", async () => {
    const { harness, client, destination } = await openScripted(undefined, { holdsTraces: true });
    openTrace(harness).child.end();
    await destination.shutdown();
    expect(client.names).toEqual(["child"]);
  });
});

describe("before the module is ready", () => {
  test("spans are kept and leave when it is", async () => {
    const { harness, client, time, destination } = await openScripted(undefined, { isLate: true });
    harness.endSpans(700);
    await time.advance(10_000);
    expect(accountOf(destination)).toEqual({ produced: 700, pending: 700 });
    harness.becomeReady();
    await time.advance(5_000);
    expect(accountOf(destination)).toEqual({ produced: 700, delivered: 700 });
    expect(client.names[0]).toBe("span1");
  });

  test("flush waits for it", async () => {
    const { harness, time, destination } = await openScripted(undefined, { isLate: true });
    harness.endSpans(2);
    const flushed = destination.flush();
    await time.advance(1_000);
    harness.becomeReady();
    expect(await flushed).toEqual({ status: "flushed", delivered: 2, dropped: 0, pending: 0 });
  });

  test("flush tells the truth when it does not come", async () => {
    const { harness, time, destination } = await openScripted(undefined, { isLate: true });
    harness.endSpans(2);
    const flushed = destination.flush({ timeoutMillis: 100 });
    await time.advance(100);
    expect(await flushed).toEqual({ status: "timeout", delivered: 0, dropped: 0, pending: 2 });
  });

  test("a module that never comes loses them under module_dead", async () => {
    const { harness, time, destination } = await openScripted(undefined, { isLate: true });
    harness.endSpans(2);
    const flushed = destination.flush();
    harness.recorder.detach();
    destination.moduleIsDead();
    harness.endSpans(1);
    await time.settle();
    expect((await flushed).status).toBe("failed");
    expect(accountOf(destination)).toEqual({ produced: 3, module_dead: 3 });
  });
});

describe("after the module's end", () => {
  test("what was not under way is counted, an answer that still comes too", async () => {
    const { exporter, waiting } = manualExporter();
    const harness = await Harness.open({ exporter, batch: { maxSpans: 10 } });
    harness.endSpans(25);
    await harness.time.settle();
    waiting.shift()?.(success);
    await harness.time.settle();
    expect(accountOf(harness.destination)).toEqual({ produced: 25, delivered: 10, pending: 15 });

    harness.core?.handover.die(new Error("aborted"));
    expect(accountOf(harness.destination)).toEqual({ produced: 25, delivered: 10, pending: 10, module_dead: 5 });

    waiting.shift()?.(success);
    harness.endSpans(3);
    await harness.time.advance(60_000);
    expect(accountOf(harness.destination)).toEqual({ produced: 28, delivered: 20, module_dead: 8 });
    expect(await harness.destination.flush()).toMatchObject({ status: "failed", pending: 0 });
    expect(await harness.destination.shutdown()).toMatchObject({ pending: 0 });
  });
});

test("messages about a receiver that is away come once, then once a minute", async () => {
  const { TestLogger } = await import("./harness.js");
  const logger = new TestLogger();
  const { harness, time } = await openScripted(() => ({ kind: "none", cause: "ECONNREFUSED" }), { otlp: { logger } });
  harness.endSpans(1);
  await time.advance(50_000);
  expect(logger.lines).toHaveLength(1);
  await time.advance(300_000);
  expect(logger.lines.length).toBeLessThanOrEqual(7);
  expect(logger.lines.at(-1)).toMatch(/and \d+ more like this/);
});
