// Traces made with Spandrel's public names, and what Python must see of them: `attributes`, `inputs` … as
// python/peer.py tags values. One function a trace; each answers { traceId, spans: { [name]: expected fields } }.
// Fields that are not named are compared with our own reading of the trace instead (see check_ours.mjs).

const START = 1_700_000_000_000_000_001n;

/** Every kind of value as an attribute: [key, value, what Python's getter gives]. */
export const ATTRIBUTES = [
  ["text", "plain", "plain"],
  ["text empty", "", ""],
  ["text unicode", "é 漢字 😀 \u2028 \u0000\u001b", "é 漢字 😀 \u2028 \u0000\u001b"],
  ["text of markup", '<script>alert(1)</script>"\\/', '<script>alert(1)</script>"\\/'],
  ["bool true", true, true],
  ["bool false", false, false],
  ["int", 7, 7],
  ["int zero", 0, 0],
  ["int negative", -3, -3],
  ["int beyond 2^53", 9007199254740993n, { $int: "9007199254740993" }],
  ["int64 largest", 9223372036854775807n, { $int: "9223372036854775807" }],
  ["int64 smallest", -9223372036854775808n, { $int: "-9223372036854775808" }],
  ["double", 0.1, { $float: "0.1" }],
  ["double large", 1e300, { $float: "1e+300" }],
  ["double smallest", 5e-324, { $float: "5e-324" }],
  ["array of strings", ["a", "", "é"], ["a", "", "é"]],
  ["array of ints", [1, 2, -3], [1, 2, -3]],
  ["array of doubles", [0.5, 1.25], [{ $float: "0.5" }, { $float: "1.25" }]],
  ["array of bools", [true, false], [true, false]],
  ["array mixed", [1, "two", null, { three: 3 }], [1, "two", null, { three: 3 }]],
  ["object", { z: 1, a: { b: [null, true] } }, { z: 1, a: { b: [null, true] } }],
  ["object empty", {}, {}],
  ["date", new Date(Date.UTC(2024, 4, 6, 7, 8, 9)), "2024-05-06T07:08:09.000Z"],
  ["set", new Set([1, 2]), [1, 2]],
  ["map", new Map([["k", "v"]]), { k: "v" }],
  ["key with spaces, é and 😀", "v", "v"],
  ["__proto__", "not the prototype", "not the prototype"],
  ["text that is JSON", '{"a": 1}', '{"a": 1}'],
  ["text of a number", "12", "12"],
];

export const OURS = {
  attributes({ startSpan }) {
    const root = startSpan({ name: "attributes", spanType: "TOOL", startTimeNs: START });
    for (const [key, value] of ATTRIBUTES) root.setAttribute(key, value);
    root.end({ endTimeNs: START + 999_999_998n });
    const attributes = Object.fromEntries(ATTRIBUTES.map(([key, , expected]) => [key, expected]));
    return { traceId: root.traceId, spans: { attributes: { attributes, span_type: "TOOL" } } };
  },

  tree({ withSpan }) {
    let traceId;
    withSpan({ name: "root", spanType: "AGENT" }, (root) => {
      traceId = root.traceId;
      root.setInputs({ question: "What is a spandrel?", n: 1 });
      for (const name of ["left", "right"]) {
        withSpan({ name, spanType: "CHAIN" }, (child) => {
          child.setInputs(name);
          withSpan({ name: `${name} leaf`, spanType: "MY_OWN_TYPE" }, () => [name, null]);
          return { done: name };
        });
      }
      return "an answer";
    });
    return {
      traceId,
      spans: {
        root: { inputs: { question: "What is a spandrel?", n: 1 }, outputs: "an answer", span_type: "AGENT", parent_id: null },
        left: { inputs: "left", outputs: { done: "left" } },
        "left leaf": { outputs: ["left", null], span_type: "MY_OWN_TYPE" },
      },
    };
  },

  times({ startSpan }) {
    const root = startSpan({ name: "times", startTimeNs: 1_600_000_000_000_000_001n });
    const child = root.startSpan({ name: "child", startTimeNs: 1_600_000_000_000_000_002n });
    child.end({ endTimeNs: 1_600_000_000_000_000_003n });
    root.end({ endTimeNs: 1_600_000_001_999_999_999n });
    return {
      traceId: root.traceId,
      spans: {
        times: { start_time_ns: "1600000000000000001", end_time_ns: "1600000001999999999" },
        child: { start_time_ns: "1600000000000000002", end_time_ns: "1600000000000000003", parent_id: root.spanId },
      },
    };
  },

  events({ startSpan }) {
    const root = startSpan({ name: "events" });
    root.addEvent({ name: "first", timestamp: START, attributes: { n: 1, f: 0.5, b: true, s: "text" } });
    root.addEvent({ name: "lists", timestamp: START + 1n, attributes: { s: ["a", "b"], i: [1, 2], d: [0.5, 1.5] } });
    root.addEvent({ name: "nothing in it", timestamp: START + 2n });
    root.end();
    return {
      traceId: root.traceId,
      spans: {
        events: {
          events: [
            { name: "first", timestamp: String(START), attributes: { n: 1, f: { $float: "0.5" }, b: true, s: "text" } },
            {
              name: "lists",
              timestamp: String(START + 1n),
              attributes: { s: ["a", "b"], i: [1, 2], d: [{ $float: "0.5" }, { $float: "1.5" }] },
            },
            { name: "nothing in it", timestamp: String(START + 2n), attributes: {} },
          ],
        },
      },
    };
  },

  links({ startSpan }) {
    const first = startSpan({ name: "linked to", parent: null });
    first.end();
    const root = startSpan({ name: "links", parent: null });
    root.addLink({ traceId: first.traceId, spanId: first.spanId, attributes: { why: "before", n: 2 } });
    root.addLink({ traceId: first.traceId, spanId: first.spanId });
    root.end();
    const link = { trace_id: first.traceId, span_id: first.spanId };
    return {
      traceId: root.traceId,
      spans: {
        links: {
          links: [
            { ...link, attributes: { why: "before", n: 2 } },
            { ...link, attributes: null },
          ],
        },
      },
    };
  },

  status({ withSpan, startSpan }) {
    const root = startSpan({ name: "status" });
    root.startSpan({ name: "says ERROR" }).end({ status: "ERROR" });
    const described = root.startSpan({ name: "with a reason" });
    described.setStatus("ERROR", "because é");
    described.end();
    root.startSpan({ name: "says nothing" }).end();
    try {
      withSpan({ name: "throws", parent: root }, () => {
        throw new TypeError("no good");
      });
    } catch {
      // recorded, and handed on
    }
    root.end();
    return {
      traceId: root.traceId,
      spans: {
        status: { status: { code: "OK", description: "" } },
        "says ERROR": { status: { code: "ERROR", description: "" } },
        "with a reason": { status: { code: "ERROR", description: "because é" } },
        "says nothing": { status: { code: "OK", description: "" } },
        throws: { status: { code: "ERROR", description: "TypeError: no good" } },
      },
    };
  },

  error({ withSpan }) {
    let traceId;
    try {
      withSpan({ name: "fails" }, (span) => {
        traceId = span.traceId;
        throw new Error("the whole trace");
      });
    } catch {
      // recorded
    }
    return { traceId, spans: {}, info: { state: "ERROR" } };
  },

  traceLevel({ withSpan, updateCurrentTrace }) {
    let traceId;
    withSpan({ name: "trace level", inputs: "asked" }, (span) => {
      traceId = span.traceId;
      updateCurrentTrace({
        tags: { team: "blue", "odd key ./-": "é 😀" },
        metadata: { version: "1.2.3" },
        clientRequestId: `request of ${span.traceId}`,
        sessionId: "session-5",
        user: "user-6",
      });
      return "answered";
    });
    return {
      traceId,
      spans: {},
      info: {
        tags: { team: "blue", "odd key ./-": "é 😀" },
        trace_metadata: { "mlflow.trace.session": "session-5", "mlflow.trace.user": "user-6" },
        request_preview: '"asked"',
        response_preview: '"answered"',
      },
    };
  },

  previews({ withSpan }) {
    let traceId;
    const messages = [
      { role: "system", content: "be kind" },
      { role: "user", content: "hello there" },
    ];
    withSpan({ name: "previews", inputs: { messages } }, (span) => {
      traceId = span.traceId;
      return { choices: [{ message: { role: "assistant", content: "hi" } }] };
    });
    return { traceId, spans: {}, info: { request_preview: "hello there", response_preview: "hi" } };
  },

  longPreviews({ withSpan }) {
    let traceId;
    withSpan({ name: "long previews", inputs: "é😀".repeat(2000) }, (span) => {
      traceId = span.traceId;
      return "x".repeat(5000);
    });
    return { traceId, spans: {}, info: { response_preview: `"${"x".repeat(996)}...` } };
  },

  tokens({ withSpan }) {
    let traceId;
    withSpan({ name: "conversation", spanType: "CHAIN" }, (root) => {
      traceId = root.traceId;
      for (const i of [0, 1]) {
        withSpan({ name: `model ${i}`, spanType: "CHAT_MODEL" }, (span) => {
          span.setAttribute("mlflow.llm.model", "gpt-4o-mini");
          span.setAttribute("mlflow.llm.provider", "openai");
          span.setAttribute("mlflow.chat.tokenUsage", { input_tokens: 10 + i, output_tokens: 5, total_tokens: 15 + i });
        });
      }
    });
    return { traceId, spans: {}, info: { token_usage: { input_tokens: 21, output_tokens: 10, total_tokens: 31 } } };
  },

  levels({ startSpan }) {
    const root = startSpan({ name: "levels", logLevel: "WARNING", description: "what it does: é" });
    root.startSpan({ name: "tool", spanType: "TOOL" }).end();
    root.end();
    return { traceId: root.traceId, spans: { levels: { log_level: 30, description: "what it does: é" } } };
  },

  values({ startSpan }) {
    const root = startSpan({ name: "values" });
    root.setInputs({
      third: 1 / 3,
      beyond: 9007199254740993n,
      text: '\u0000\u001b\u2028 <script>"\\/ 😀',
      nan: NaN,
      keys: { 1: "digit", "": "empty" },
      list: [null, false, 0, "", [], {}],
      deep: [[[[[[[[1]]]]]]]],
    });
    root.setOutputs([null, false, 0, "", [], {}]);
    root.end();
    return {
      traceId: root.traceId,
      spans: {
        values: {
          inputs: {
            third: { $float: "0.3333333333333333" },
            beyond: { $int: "9007199254740993" },
            text: '\u0000\u001b\u2028 <script>"\\/ 😀',
            nan: "NaN",
            keys: { 1: "digit", "": "empty" },
            list: [null, false, 0, "", [], {}],
            deep: [[[[[[[[1]]]]]]]],
          },
          outputs: [null, false, 0, "", [], {}],
        },
      },
    };
  },

  large({ withSpan }) {
    let traceId;
    const text = "0123456789 é漢😀\n".repeat(60_000);
    withSpan({ name: "large", inputs: { text } }, (span) => {
      traceId = span.traceId;
      return Array.from({ length: 5000 }, (_, i) => ({ i, name: `row ${i}` }));
    });
    return { traceId, spans: { large: { inputs: { text } } } };
  },

  wide({ withSpan }) {
    let traceId;
    withSpan({ name: "wide" }, (root) => {
      traceId = root.traceId;
      for (let i = 0; i < 120; i += 1) withSpan({ name: `step ${i}`, spanType: "TASK", inputs: i }, () => [i, String(i)]);
    });
    return { traceId, spans: { "step 119": { inputs: 119, outputs: [119, "119"] } } };
  },

  equalNames({ withSpan }) {
    let traceId;
    withSpan({ name: "same" }, (root) => {
      traceId = root.traceId;
      for (let i = 0; i < 3; i += 1) withSpan({ name: "same" }, () => i);
    });
    return { traceId, spans: {} };
  },

  async asynchronous({ trace, withSpan }) {
    const square = trace(async (n) => n * n, { name: "square" });
    let traceId;
    await withSpan({ name: "gather" }, async (root) => {
      traceId = root.traceId;
      return Promise.all([1, 2, 3].map((n) => square(n)));
    });
    return { traceId, spans: { gather: { outputs: [1, 4, 9] } } };
  },

  stream({ trace }, traceIdOf) {
    const stream = trace(
      function* (n) {
        for (let i = 0; i < n; i += 1) yield `chunk ${i} `;
      },
      { name: "stream", spanType: "LLM" },
    );
    for (const chunk of stream(3)) void chunk;
    return { traceId: traceIdOf(), spans: { stream: { outputs: ["chunk 0 ", "chunk 1 ", "chunk 2 "], span_type: "LLM" } } };
  },
};
