// One design in one process. The parent asks for rounds and gets figures back.
//
// node bench/child.mjs <design>; messages: { task, …arguments } → { …figures } | { error }
import { SPANS_PER_TRACE } from "./workloads.mjs";

const [design] = process.argv.slice(2);
const { createDesign } = await import(`./designs/${design}.mjs`);
let current;

const TASKS = {
  async create(options) {
    current = await createDesign(options);
    return {};
  },

  /**
   * Time an application pays to record, and until everything is OTLP bytes; ns a span. A round records and
   * flushes for as long in every design: waking up from the wait for the other designs' rounds costs each of them
   * the same time, which would weigh more on one that is done sooner.
   */
  async throughput({ workload, traces, millis }) {
    let spans = 0;
    let recordMillis = 0;
    let totalMillis = 0;
    while (totalMillis < millis) {
      const begin = performance.now();
      for (let i = 0; i < traces; i++) current.record(workload, i);
      const recorded = performance.now();
      await current.flush();
      totalMillis += performance.now() - begin;
      recordMillis += recorded - begin;
      spans += traces * SPANS_PER_TRACE[workload];
    }
    const figures = current.takeFigures();
    if (figures.spans !== spans) throw new Error(`${figures.spans} of ${spans} spans arrived`);
    return {
      recordNs: (recordMillis * 1e6) / spans,
      totalNs: (totalMillis * 1e6) / spans,
      bytesPerSpan: figures.bytes / spans,
    };
  },

  /** Bytes an ended span holds on to while it waits for its export. */
  async memory({ spans }) {
    const traces = spans / SPANS_PER_TRACE.typical;
    const before = held();
    for (let i = 0; i < traces; i++) current.record("typical", i);
    const after = held();
    await current.flush();
    current.takeFigures();
    return { endedBytes: (after - before) / spans };
  },

  async liveMemory({ spans }) {
    const live = new Array(spans);
    const before = held();
    for (let i = 0; i < spans; i++) {
      const span = current.startSpan("live");
      span.setAttribute("http.request.method", "GET");
      span.setAttribute("url.path", "/api/items");
      span.setAttribute("http.response.status_code", 200);
      live[i] = span;
    }
    const after = held();
    for (const span of live) span.end();
    await current.flush();
    current.takeFigures();
    return { liveBytes: (after - before) / spans };
  },

  /** A disabled span with 8 attributes; ns. */
  disabled({ spans }) {
    const begin = performance.now();
    for (let i = 0; i < spans; i++) {
      const span = current.startSpan("off");
      span.setAttribute("http.request.method", "GET");
      span.setAttribute("url.path", "/api");
      span.setAttribute("server.address", "example.test");
      span.setAttribute("user_agent.original", "bench");
      span.setAttribute("app.tenant", "one");
      span.setAttribute("http.response.status_code", 200);
      span.setAttribute("app.score", 0.5);
      span.setAttribute("cache.hit", true);
      span.end();
    }
    return { disabledNs: ((performance.now() - begin) * 1e6) / spans };
  },

  /** The longest gap of a 1 ms timer from the end of the recording loop until the flush settles. */
  async block({ spans }) {
    const traces = spans / SPANS_PER_TRACE.typical;
    for (let i = 0; i < traces; i++) current.record("typical", i);
    let last = performance.now();
    let longest = 0;
    const timer = setInterval(() => {
      const now = performance.now();
      longest = Math.max(longest, now - last);
      last = now;
    }, 1);
    const begin = performance.now();
    await current.flush();
    const settled = performance.now();
    longest = Math.max(longest, settled - last);
    clearInterval(timer);
    return { blockMillis: longest, flushMillis: settled - begin };
  },

  /** Spans recorded in one task, nothing awaited. */
  async burst({ spans }) {
    const traces = spans / SPANS_PER_TRACE.typical;
    for (let i = 0; i < traces; i++) current.record("typical", i);
    await current.flush();
    return { arrived: current.takeFigures().spans, stats: current.stats?.() };
  },
};

function held() {
  globalThis.gc();
  globalThis.gc();
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  return heapUsed + external + (arrayBuffers > external ? arrayBuffers - external : 0);
}

process.on("message", (message) => {
  const { task, ...options } = message;
  Promise.resolve()
    .then(() => TASKS[task](options))
    .then(
      (figures) => process.send(figures),
      (error) => process.send({ error: `${design} ${task}: ${error?.stack ?? error}` }),
    );
});
process.send({ ready: true });
