// Anything for any argument: nothing is thrown, the span leaves all the same, and so do the others of its batch.
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import {
  bindContext,
  getCurrentActiveSpan,
  registerOnSpanEndHook,
  registerOnSpanStartHook,
  startSpan,
  suppressTracing,
  trace,
  tracingContext,
  updateCurrentTrace,
  withSpan,
  type LiveSpan,
} from "../../../js/index.js";
import { ended, start } from "./harness.js";

const revoked = Proxy.revocable({}, {});
revoked.revoke();
const cyclic: unknown[] = [];
cyclic.push(cyclic);
let deep: unknown[] = [];
for (let i = 0; i < 100_000; i++) deep = [deep];
const throwing = (): never => {
  throw new Error("hostile");
};
const hostile: [string, unknown][] = [
  ["undefined", undefined],
  ["null", null],
  ["a number", 5],
  ["NaN", NaN],
  ["minus Infinity", -Infinity],
  ["minus zero", -0],
  ["a huge number", 1e300],
  ["a bigint", 10n ** 40n],
  ["a negative bigint", -1n],
  ["a boolean", true],
  ["an empty string", ""],
  ["a lone surrogate", "x\ud800y"],
  ["a NUL", "a\0b"],
  ["__proto__", "__proto__"],
  ["a symbol", Symbol("s")],
  ["a function", () => 1],
  ["a class", class Hostile {}],
  ["a cycle", cyclic],
  ["100,000 levels", deep],
  ["a revoked proxy", revoked.proxy],
  [
    "a proxy that throws",
    new Proxy(
      {},
      { get: throwing, ownKeys: throwing, has: throwing, getPrototypeOf: throwing, getOwnPropertyDescriptor: throwing },
    ),
  ],
  ["a getter that throws", Object.defineProperty({}, "name", { enumerable: true, get: throwing })],
  ["toString that throws", { toString: throwing, valueOf: throwing }],
  ["toJSON that throws", { toJSON: throwing }],
  ["no prototype", Object.create(null)],
  ["prototype keys", JSON.parse('{"__proto__": {"polluted": 1}, "constructor": 1, "toString": 2, "hasOwnProperty": 3}')],
  ["an invalid date", new Date(NaN)],
  [
    "a Map",
    new Map<unknown, unknown>([
      [{}, 1],
      ["a", cyclic],
    ]),
  ],
  ["a Set", new Set([Symbol("x")])],
  ["a promise", Promise.resolve(1)],
  [
    "a generator",
    (function* () {
      yield 1;
    })(),
  ],
  ["bytes", new Uint8Array([0, 255])],
  ["sparse", Object.assign([], { 5: 1, length: 10 })],
  ["an array of null", [null, undefined, 1, "x"]],
  ["an error", new Error("e")],
];

type Call = [string, (span: LiveSpan, value: unknown) => void];
const any = (value: unknown): never => value as never;
const calls: Call[] = [
  [
    "setAttribute key",
    (s, v) => {
      s.setAttribute(any(v), 1);
    },
  ],
  [
    "setAttribute value",
    (s, v) => {
      s.setAttribute("k", v);
    },
  ],
  [
    "setAttributes",
    (s, v) => {
      s.setAttributes(any(v));
    },
  ],
  [
    "setAttributes value",
    (s, v) => {
      s.setAttributes({ k: v });
    },
  ],
  [
    "setInputs",
    (s, v) => {
      s.setInputs(v);
    },
  ],
  [
    "setOutputs",
    (s, v) => {
      s.setOutputs(v);
    },
  ],
  [
    "setSpanType",
    (s, v) => {
      s.setSpanType(any(v));
    },
  ],
  [
    "setStatus",
    (s, v) => {
      s.setStatus(any(v));
    },
  ],
  [
    "setStatus description",
    (s, v) => {
      s.setStatus("ERROR", any(v));
    },
  ],
  [
    "setStatus object",
    (s, v) => {
      s.setStatus({ statusCode: any(v), description: any(v) });
    },
  ],
  [
    "setDescription",
    (s, v) => {
      s.setDescription(any(v));
    },
  ],
  [
    "setLogLevel",
    (s, v) => {
      s.setLogLevel(any(v));
    },
  ],
  [
    "addEvent",
    (s, v) => {
      s.addEvent(any(v));
    },
  ],
  [
    "addEvent members",
    (s, v) => {
      s.addEvent({ name: any(v), timestamp: any(v), attributes: any(v) });
    },
  ],
  [
    "addEvent attribute",
    (s, v) => {
      s.addEvent({ name: "e", attributes: { k: v } });
    },
  ],
  [
    "addLink",
    (s, v) => {
      s.addLink(any(v));
    },
  ],
  [
    "addLink members",
    (s, v) => {
      s.addLink({ traceId: any(v), spanId: any(v), attributes: any(v) });
    },
  ],
  [
    "addLink attributes",
    (s, v) => {
      s.addLink({ traceId: "a".repeat(32), spanId: "b".repeat(16), attributes: any(v), traceFlags: any(v), traceState: any(v) });
    },
  ],
  [
    "recordException",
    (s, v) => {
      s.recordException(v);
    },
  ],
  [
    "end",
    (s, v) => {
      s.end(any(v));
    },
  ],
  [
    "end members",
    (s, v) => {
      s.end({ outputs: v, attributes: any(v), status: any(v), endTimeNs: any(v) });
    },
  ],
  [
    "startSpan",
    (s, v) => {
      startSpan(any(v)).end();
      s.startSpan(any(v)).end();
    },
  ],
  [
    "startSpan members",
    (_, v) => {
      startSpan({
        name: any(v),
        spanType: any(v),
        inputs: v,
        attributes: any(v),
        kind: any(v),
        links: any(v),
        startTimeNs: any(v),
        logLevel: any(v),
        description: any(v),
        tags: any(v),
        metadata: any(v),
        samplingRatioOverride: any(v),
        experimentId: any(v),
      }).end();
    },
  ],
  [
    "startSpan parent",
    (_, v) => {
      startSpan({ name: "p", parent: v }).end();
    },
  ],
  [
    "startSpan links of it",
    (_, v) => {
      startSpan({ name: "p", links: [any(v)] }).end();
    },
  ],
  [
    "withSpan options",
    (s, v) => {
      if (typeof v === "function") return;
      withSpan(any(v), () => 1);
      s.withSpan(any(v), () => 1);
    },
  ],
  [
    "withSpan body",
    (_, v) => {
      if (typeof v !== "function") withSpan({ name: "w" }, any(v));
    },
  ],
  [
    "trace options",
    (_, v) => {
      trace(() => 1, any(v))();
    },
  ],
  [
    "trace argument",
    (_, v) => {
      trace((a: unknown) => a)(v);
    },
  ],
  [
    "updateCurrentTrace",
    (s, v) => {
      s.withSpan({ name: "u" }, () => {
        updateCurrentTrace(any(v));
        updateCurrentTrace({
          tags: any(v),
          metadata: any(v),
          clientRequestId: any(v),
          requestPreview: any(v),
          responsePreview: any(v),
          state: any(v),
          sessionId: any(v),
          user: any(v),
        });
      });
    },
  ],
  [
    "tracingContext",
    (_, v) => {
      tracingContext(any(v), () => 1);
      tracingContext({ tags: any(v), metadata: any(v), sessionId: any(v), user: any(v) }, () => 1);
    },
  ],
  [
    "hooks",
    (_, v) => {
      registerOnSpanStartHook(any(v))();
      registerOnSpanEndHook(any(v))();
    },
  ],
  [
    "bindContext",
    (_, v) => {
      bindContext(any(v));
    },
  ],
  [
    "getAttribute",
    (s, v) => {
      s.getAttribute(any(v));
    },
  ],
];

beforeAll(() => start());

const prototypeKeys = Reflect.ownKeys(Object.prototype);
afterAll(() => {
  expect(Reflect.ownKeys(Object.prototype)).toEqual(prototypeKeys);
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
});

describe.each(calls)("%s", (_, call) => {
  test.each(hostile)("%s", async (_name, value) => {
    const before = startSpan({ name: "before", parent: null });
    const span = startSpan({ name: "victim", parent: null }) as LiveSpan;
    const read = () => [span.attributes, span.inputs, span.outputs, span.events, span.links, span.status];

    const run = () => {
      call(span, value);
      read();
      span.end();
      before.end();
    };
    expect(run).not.toThrow();

    const names = (await ended()).map((got) => {
      // What left can be read, in every form.
      expect(() => [
        got.attributes,
        got.events,
        got.links,
        got.toJsonString(),
        got.toOtlpBytes(),
        JSON.stringify(got.toDict()),
      ]).not.toThrow();
      return got.name;
    });
    expect(names).toContain("victim");
    expect(names).toContain("before");
    expect(getCurrentActiveSpan()).toBeNull();
  });
});

test.each(["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "__defineGetter__", "0"])(
  "TheKey %s IsAKeyLikeAnyOther",
  async (key) => {
    const nested = JSON.parse(`{"${key}": {"polluted": 1}}`) as unknown;
    const span = startSpan({ name: "keys" });
    span.setAttribute(key, 1);
    span.setInputs(nested);
    span.addEvent({ name: "e", attributes: { [key]: 2 } });
    span.end();
    const [got] = await ended();
    expect(Object.getOwnPropertyDescriptor(got?.attributes, key)?.value).toBe(1);
    expect(Object.keys(got?.inputs as object)).toEqual([key]);
    expect(JSON.stringify(got?.inputs)).toBe(JSON.stringify(nested));
    expect(JSON.parse(got?.toJsonString() ?? "").attributes[key]).toBe("1");
  },
);

test("ManyAttributesAndLongTexts", async () => {
  const span = startSpan({ name: "large" });
  for (let i = 0; i < 100_000; i++) span.setAttribute(`k${String(i)}`, i);
  span.setInputs("x".repeat(10 << 20));
  span.end();
  startSpan({ name: "after" }).end();
  const spans = await ended();
  expect(spans.map(({ name }) => name)).toEqual(["large", "after"]);
  expect(spans[0]?._fields().droppedAttributes).toBe(100_000 - 128);
  expect((spans[0]?.inputs as string).length).toBe(10 << 20);
});

test("SuppressTracingGivesTheUsersOwnErrors", () => {
  expect(() => suppressTracing(throwing)).toThrow("hostile");
});
