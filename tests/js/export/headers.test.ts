import { describe, expect, test } from "@jest/globals";
import { checkedHeaders } from "../../../js/export/headers.js";
import { shownText, shownUrl } from "../../../js/export/log_once.js";
import { OtlpHttpSender } from "../../../js/export/otlp_http_sender.js";
import { TraceError } from "../../../js/trace_error.js";
import { VERSION } from "../../../js/version.js";
import manifest from "../../../package.json";
import { TestLogger } from "./harness.js";

describe("X5: headers that could become two", () => {
  const REFUSED: [name: string, value: unknown][] = [
    ["x", "a\r\nEvil: 1"],
    ["x", "a\nEvil: 1"],
    ["x", "a\rEvil: 1"],
    ["x", "a\0b"],
    ["x", "\u2028"],
    ["x", "日本"],
    ["x", "\u{1F600}"],
    ["x", "\u007f"],
    ["x", "\u0001"],
    ["x\r\ny", "a"],
    ["x:", "a"],
    ["x y", "a"],
    ["", "a"],
    ["é", "a"],
    ["x", 5],
    ["x", null],
    ["x", ["a"]],
    ["x", { toString: () => "a" }],
    ["Content-Length", "5"],
    ["Transfer-Encoding", "chunked"],
    ["content-encoding", "br"],
    ["Host", "evil.example"],
  ];
  test.each(REFUSED)("%j: %j is left out, and its value is not shown", (name, value) => {
    const told: string[] = [];
    const headers = checkedHeaders({ [name]: value, good: "yes" }, (...args) => told.push(args.join(" ")));
    expect({ ...headers }).toEqual({ good: "yes" });
    expect(told).toHaveLength(1);
    expect(told[0]).not.toMatch(/Evil/);
  });

  const TAKEN: [string, string, string][] = [
    ["X-Key", "v", "v"],
    ["x", "café", "café"],
    ["x", " spaced\t", "spaced"],
    ["x", "", ""],
    ["__proto__", "p", "p"],
    ["constructor", "c", "c"],
  ];
  test.each(TAKEN)("%s: %j is taken", (name, value, expected) => {
    const given = Object.create(null) as Record<string, string>;
    given[name] = value;
    const headers = checkedHeaders(given, () => undefined);
    expect(Object.entries(headers)).toEqual([[name.toLowerCase(), expected]]);
    expect(Object.prototype).not.toHaveProperty("p");
  });

  test.each([null, undefined, 5, "a=b"])("%p is no set of headers", (value) => {
    expect(Object.keys(checkedHeaders(value, () => undefined))).toEqual([]);
  });
});

test("a refused header is told once", async () => {
  const logger = new TestLogger();
  await new OtlpHttpSender({ headers: { "bad name": "canary" }, logger }).shutdown();
  expect(logger.lines).toEqual(['header "bad name" is left out: its name is not a header name']);
});

test.each([
  { protocol: "grpc" },
  { compression: "br" },
  { timeoutMillis: 0 },
  { timeoutMillis: Number.NaN },
  { concurrency: -1 },
  { url: "nowhere" },
  { endpoint: "ftp://x" },
])("wrong options are refused at once: %j", (options) => {
  expect(() => new OtlpHttpSender(options as never)).toThrow(TraceError);
});

test("text of a receiver fits one line", () => {
  expect(shownText("a\r\nb\u001b[31m\u0000\u202ec")).toBe("a b [31m c");
  expect(shownText("x".repeat(1_000))).toHaveLength(201);
});

test("URLs are shown without secrets", () => {
  expect(shownUrl("https://user:pass@host:1/path?key=1#frag")).toBe("https://host:1/path");
  expect(shownUrl("::")).toBe("(not a URL)");
});

test("the version is the package's", () => {
  expect(VERSION).toBe(manifest.version);
});
