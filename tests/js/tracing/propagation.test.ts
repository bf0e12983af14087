import { beforeAll, expect, test } from "@jest/globals";
import {
  extractTraceContext,
  init,
  injectTraceContext,
  NoOpSpan,
  startSpan,
  withRemoteContext,
  withSpan,
  type InjectOptions,
} from "../../../js/index.js";

import { ended, start } from "./harness.js";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN = "00f067aa0ba902b7";
const GOOD = `00-${TRACE}-${SPAN}-01`;

beforeAll(() => start());

test.each([
  ["the plain one", GOOD, 1],
  ["not sampled", `00-${TRACE}-${SPAN}-00`, 0],
  ["sampled and random", `00-${TRACE}-${SPAN}-03`, 3],
  ["unknown flags are dropped", `00-${TRACE}-${SPAN}-ff`, 3],
  ["a later version", `01-${TRACE}-${SPAN}-01`, 1],
  ["a later version with more", `cc-${TRACE}-${SPAN}-01-what-the-future-will-be-like`, 1],
  ["a later version, ends in a dash", `01-${TRACE}-${SPAN}-01-`, 1],
  ["spaces around", `  ${GOOD}\t`, 1],
])("TraceparentIsTaken: %s", (_, traceparent, flags) => {
  expect(extractTraceContext({ traceparent })).toMatchObject({ traceId: TRACE, spanId: SPAN, traceFlags: flags, isRemote: true });
});

test.each([
  ["empty", ""],
  ["version ff", `ff-${TRACE}-${SPAN}-01`],
  ["version 00 with more", `${GOOD}-what`],
  ["version 00, ends in a dash", `${GOOD}-`],
  ["a later version with more, no dash", `cc-${TRACE}-${SPAN}-01.what`],
  ["version too long", `000-${TRACE}-${SPAN}-01`],
  ["version too short", `0-${TRACE}-${SPAN}-01`],
  ["version no hex", `.0-${TRACE}-${SPAN}-01`],
  ["upper case version", `0A-${TRACE}-${SPAN}-01`],
  ["upper case trace id", `00-${TRACE.toUpperCase()}-${SPAN}-01`],
  ["upper case span id", `00-${TRACE}-${SPAN.toUpperCase()}-01`],
  ["upper case flags", `00-${TRACE}-${SPAN}-0A`],
  ["zero trace id", `00-${"0".repeat(32)}-${SPAN}-01`],
  ["zero span id", `00-${TRACE}-${"0".repeat(16)}-01`],
  ["trace id too long", `00-${TRACE}0-${SPAN}-01`],
  ["trace id too short", `00-${TRACE.slice(1)}-${SPAN}-01`],
  ["trace id no hex", `00-.${TRACE.slice(1)}-${SPAN}-01`],
  ["span id too long", `00-${TRACE}-${SPAN}0-01`],
  ["span id too short", `00-${TRACE}-${SPAN.slice(1)}-01`],
  ["span id no hex", `00-${TRACE}-.${SPAN.slice(1)}-01`],
  ["flags too long", `00-${TRACE}-${SPAN}-001`],
  ["flags too short", `00-${TRACE}-${SPAN}-1`],
  ["flags no hex", `00-${TRACE}-${SPAN}-.0`],
  ["other dividers", `00_${TRACE}_${SPAN}_01`],
])("TraceparentIsRefused: %s", (_, traceparent) => {
  expect(extractTraceContext({ traceparent })).toBeNull();
});

test("SeveralTraceparentsAreRefused", () => {
  expect(extractTraceContext({ traceparent: [GOOD, GOOD] })).toBeNull();
  expect(extractTraceContext({ traceparent: GOOD, Traceparent: GOOD })).toBeNull();
});

test("HeaderNamesHaveAnyCaseAndCarriersAnyShape", () => {
  expect(extractTraceContext({ TraceParent: GOOD })?.traceId).toBe(TRACE);
  expect(extractTraceContext(new Headers({ traceparent: GOOD }))?.traceId).toBe(TRACE);
  expect(extractTraceContext(new Map([["traceparent", GOOD]]))?.traceId).toBe(TRACE);
});

const key256 = "t".repeat(256);
test.each([
  ["one", "foo=1", "foo=1"],
  ["several", "foo=1,bar=2", "foo=1,bar=2"],
  ["spaces and tabs between", "foo=1 \t , \t bar=2", "foo=1,bar=2"],
  ["empty members", "foo=1,,,bar=2,", "foo=1,bar=2"],
  ["value with spaces inside and in front", "foo= 1 2", "foo= 1 2"],
  ["all key characters", "f0_-*/@=1", "f0_-*/@=1"],
  ["level 2 keys", "foo@=1,foo@@bar=2,0a=3", "foo@=1,foo@@bar=2,0a=3"],
  ["longest key", `${key256}=1`, `${key256}=1`],
  ["longest value", `a=${"v".repeat(256)}`, `a=${"v".repeat(256)}`],
  ["key too long", `${key256}t=1`, ""],
  ["value too long", `a=${"v".repeat(257)}`, ""],
  ["key begins with @", "@foo=1", ""],
  ["upper case key", "FOO=1", ""],
  ["space in key", "foo =1", ""],
  ["no value", "foo=", ""],
  ["no equals", "foo", ""],
  ["two equals", "foo=bar=baz", ""],
  ["key twice", "foo=1,foo=1", ""],
  ["not printable", "foo=\u0007", ""],
  ["not ASCII", "foo=ü", ""],
])("Tracestate: %s", (_, tracestate, wanted) => {
  expect(extractTraceContext({ traceparent: GOOD, tracestate })?.traceState).toBe(wanted);
});

test("TracestateHasAtMost32MembersAndLosesLongOnesFirst", () => {
  const members = Array.from({ length: 33 }, (_, i) => `k${String(i)}=${i === 5 ? "v".repeat(200) : "1"}`);
  const kept = extractTraceContext({ traceparent: GOOD, tracestate: members.join(",") })?.traceState?.split(",");
  expect(kept).toEqual(members.filter((_, i) => i !== 5));
  const short = Array.from({ length: 40 }, (_, i) => `k${String(i)}=1`);
  expect(extractTraceContext({ traceparent: GOOD, tracestate: short.join(",") })?.traceState).toBe(short.slice(0, 32).join(","));
});

test("SeveralTracestateHeadersAreJoinedInOrder", () => {
  expect(extractTraceContext({ traceparent: GOOD, tracestate: ["a=1", "b=2,c=3"] })?.traceState).toBe("a=1,b=2,c=3");
});

test("ABadTracestateLeavesTheTraceparent", () => {
  expect(extractTraceContext({ traceparent: GOOD, tracestate: "=" })).toMatchObject({ traceId: TRACE, traceState: "" });
  expect(extractTraceContext({ traceparent: "bad", tracestate: "a=1" })).toBeNull();
});

test("ARemoteParentIsContinued", async () => {
  const parent = extractTraceContext({ traceparent: GOOD, tracestate: "a=1" });
  const span = startSpan({ name: "server", parent, kind: "SERVER" });
  const headers: Record<string, string> = {};
  injectTraceContext(headers, span);
  span.end();
  expect(headers).toEqual({ traceparent: `00-${TRACE}-${span.spanId ?? ""}-01`, tracestate: "a=1" });
  const [got] = await ended();
  expect([got?.traceId, got?.parentId, got?._fields().kind, got?._fields().flags]).toEqual([`tr-${TRACE}`, SPAN, 2, 0x301]);
});

test("BaggageIsPassedOn", () => {
  const remote = extractTraceContext({ traceparent: GOOD, baggage: "k1=v%201;p=1, bad key=1 ,k2=2" });
  expect(remote?.baggage).toBe("k1=v%201;p=1,k2=2");
  const headers = new Headers();
  withRemoteContext(remote, () => {
    withSpan({ name: "x" }, () => {
      injectTraceContext(headers);
    });
  });
  expect(headers.get("baggage")).toBe("k1=v%201;p=1,k2=2");
  expect(headers.get("traceparent")).toContain(TRACE);
});

test("BaggageOf64MembersAnd8192BytesIsKept", () => {
  const baggage = Array.from({ length: 64 }, (_, i) => `k${String(i).padStart(2, "0")}=${"v".repeat(123)}`).join(",");
  expect(baggage.length).toBeLessThanOrEqual(8192);
  expect(extractTraceContext({ traceparent: GOOD, baggage })?.baggage).toBe(baggage);
});

test("NewTracesAreMarkedRandom", async () => {
  const headers: Record<string, string> = {};
  withSpan({ name: "x" }, () => {
    injectTraceContext(headers);
  });
  expect(headers["traceparent"]).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-03$/);
  await ended();
});

test("NothingActiveWritesNothing", () => {
  const headers = {};
  injectTraceContext(headers);
  expect(headers).toEqual({});
});

test("ASampledOutSpanStillPropagates", async () => {
  const span = startSpan({ name: "x", parent: extractTraceContext({ traceparent: `00-${TRACE}-${SPAN}-00` }) });
  expect(span).toBeInstanceOf(NoOpSpan);
  const headers: Record<string, string> = {};
  injectTraceContext(headers, span);
  expect(headers["traceparent"]).toMatch(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-00$`));
  expect(headers["traceparent"]).not.toContain(SPAN);
  await init({ sampler: { shouldSample: () => false } });
  const out: Record<string, string> = {};
  withSpan({ name: "root" }, () => {
    withSpan({ name: "child" }, () => {
      injectTraceContext(out);
    });
  });
  expect(out["traceparent"]).toMatch(/-02$/);
  expect(await ended()).toEqual([]);
});

const hostileCarriers: [string, unknown][] = [
  ["null", null],
  ["undefined", undefined],
  ["a number", 5],
  ["a symbol", Symbol("s")],
  [
    "a proxy that throws",
    new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error("no");
        },
        get: () => {
          throw new Error("no");
        },
      },
    ),
  ],
];

test("HostileCarriersDoNoHarm", () => {
  for (const [, carrier] of hostileCarriers) {
    expect(() => {
      injectTraceContext(carrier as never);
    }).not.toThrow();
    expect(extractTraceContext(carrier as never)).toBeNull();
  }
});

function injected(options: InjectOptions): boolean {
  const headers: Record<string, string> = {};
  const parent = { traceId: TRACE, spanId: SPAN, traceFlags: 1, isRemote: true };
  withRemoteContext(parent, () => {
    injectTraceContext(headers, undefined, options);
  });
  return "traceparent" in headers;
}

const HERE = "https://app.example/page/?q=1";

test.each<[string, InjectOptions, boolean]>([
  ["no URL: the caller knows where it goes", {}, true],
  ["the page's own origin", { url: "https://app.example/api" }, true],
  ["a path below the page", { url: "api/answers" }, true],
  ["another host", { url: "https://other.example/" }, false],
  ["another port", { url: "https://app.example:8443/" }, false],
  ["another scheme", { url: "http://app.example/" }, false],
  ["a listed origin", { url: new URL("https://api.example/v1/x"), allow: ["https://api.example"] }, true],
  ["an origin that only begins like a listed one", { url: "https://api.example.evil/", allow: ["https://api.example"] }, false],
  ["a user name that looks like a listed origin", { url: "https://api.example@evil/", allow: ["https://api.example"] }, false],
  ["below a listed path", { url: "https://api.example/v1/x", allow: [new URL("https://api.example/v1")] }, true],
  ["beside a listed path", { url: "https://api.example/v10", allow: ["https://api.example/v1"] }, false],
  ["a pattern", { url: "https://b.example/", allow: [/^https:\/\/[ab]\.example\//g] }, true],
  ["a pattern that does not fit", { url: "https://c.example/", allow: [/^https:\/\/[ab]\.example\//y] }, false],
  ["a data URL", { url: "data:,x" }, false],
  ["a URL that cannot be read", { url: "https://[" }, false],
  ["a list that cannot be read", { url: "https://b.example/", allow: ["b.example"] }, false],
])("C11 InAPageRequestsToOtherOriginsAreToldOfTheTraceOnlyWhenListed: %s", (_, options, isTold) => {
  const host = globalThis as { location?: unknown };
  host.location = { href: HERE, origin: "https://app.example" };
  try {
    expect(injected(options)).toBe(isTold);
    expect(injected(options)).toBe(isTold); // a pattern's state does not count
  } finally {
    delete host.location;
  }
});

test.each<[string, InjectOptions, boolean]>([
  ["no list", { url: "https://other.example/" }, true],
  ["listed", { url: "https://api.example/", allow: ["https://api.example"] }, true],
  ["not listed", { url: "https://other.example/", allow: ["https://api.example"] }, false],
])("C11 OutsideOfPagesOnlyAListForbids: %s", (_, options, isTold) => {
  expect(injected(options)).toBe(isTold);
});
