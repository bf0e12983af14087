import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { gzipSync } from "node:zlib";
import { loadCoreDecoder } from "../../../js/cli/core_decoder.js";
import type { Decoder } from "../../../js/cli/decoder.js";
import type { ViewServer } from "../../../js/cli/view.js";
import { closeServers, post, startServer } from "./harness.js";

let decoder: Decoder;
let server: ViewServer;
beforeAll(async () => {
  decoder = await loadCoreDecoder();
  server = await startServer({ decoder });
});
afterAll(closeServers);

const JSON_TYPE = { "content-type": "application/json" };

/** A protobuf field of bytes shorter than 128. */
const field = (number: number, content: Uint8Array): Buffer => Buffer.from([(number << 3) | 2, content.length, ...content]);
/** Span: trace_id = 1, span_id = 2, name = 5. */
const span = (id: number, name = "step", traceIdBytes = 16): Buffer =>
  Buffer.concat([field(1, Buffer.alloc(traceIdBytes, 7)), field(2, Buffer.alloc(8, id)), field(5, Buffer.from(name))]);
/** ExportTraceServiceRequest.resource_spans = 1, ResourceSpans.scope_spans = 2, ScopeSpans.spans = 2; one resource a span. */
const requestOf = (...spans: Buffer[]): Buffer => Buffer.concat(spans.map((one) => field(1, field(2, field(2, one)))));
const jsonSpan = (id: number, rest = {}): object => ({
  traceId: "07".repeat(16),
  spanId: id.toString(16).padStart(16, "0"),
  name: "step",
  ...rest,
});
const jsonOf = (...spans: object[]): string => JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] });

describe("The core as decoder", () => {
  test("counts the spans of both encodings", () => {
    expect(decoder.check(requestOf(span(1), span(2), span(3)), "protobuf")).toEqual({ spans: 3 });
    expect(decoder.check(Buffer.from(jsonOf(jsonSpan(1), jsonSpan(2))), "json")).toEqual({ spans: 2 });
  });

  test("leaves a span without a valid id out and keeps the others", () => {
    expect(decoder.check(requestOf(span(1), span(2, "short id", 15), span(3)), "protobuf")).toMatchObject({
      spans: 2,
      rejected: { spans: 1 },
    });
  });

  test("cut at each byte: an error or fewer spans, never more, and never a crash", () => {
    const whole = requestOf(span(1), span(2), span(3));
    const third = whole.length / 3;

    for (let cut = 0; cut < whole.length; cut += 1) {
      const { spans, error } = decoder.check(whole.subarray(0, cut), "protobuf");
      expect([cut, spans]).toEqual([cut, Math.floor(cut / third)]);
      expect([cut, error !== undefined]).toEqual([cut, cut % third !== 0]);
    }
    const text = Buffer.from(jsonOf(jsonSpan(1), jsonSpan(2)));
    for (let cut = 1; cut < text.length; cut += 1) {
      const { spans, error } = decoder.check(text.subarray(0, cut), "json");
      expect([cut, spans <= 2, error !== undefined]).toEqual([cut, true, true]);
    }
  });

  test("survives noise in both encodings", () => {
    for (let seed = 1; seed <= 500; seed += 1) {
      const noise = Buffer.alloc(200);
      for (let index = 0, state = seed; index < noise.length; index += 1) {
        state = (Math.imul(state, 1103515245) + 12345) >>> 0;
        noise[index] = state >>> 24;
      }
      expect(decoder.check(noise, "protobuf").spans).toBe(0);
      expect(decoder.check(noise, "json").error).toBeDefined();
    }
    expect(decoder.check(requestOf(span(1)), "protobuf")).toEqual({ spans: 1 });
  });
});

describe("Answers over HTTP", () => {
  test("good requests", async () => {
    const answers = [
      await post(server.port, requestOf(span(1), span(2))),
      await post(server.port, gzipSync(requestOf(span(3))), { "content-encoding": "gzip" }),
      await post(server.port, jsonOf(jsonSpan(4)), JSON_TYPE),
      await post(server.port, ""),
      await post(server.port, "{}", JSON_TYPE),
      await post(server.port, '{"resourceSpans":[]}', JSON_TYPE),
    ];

    expect(answers.map(({ status, body }) => [status, body.toString()])).toEqual([
      [200, ""],
      [200, ""],
      [200, "{}"],
      [200, ""],
      [200, "{}"],
      [200, "{}"],
    ]);
  });

  test.each([
    ["broken protobuf", Buffer.from([0xff, 0xff, 0xff]), {}],
    ["protobuf labelled JSON", requestOf(span(1)), JSON_TYPE],
    ["JSON labelled protobuf", Buffer.from(jsonOf(jsonSpan(1))), {}],
    ["broken JSON", Buffer.from('{"resourceSpans":['), JSON_TYPE],
    ["an empty JSON body", Buffer.alloc(0), JSON_TYPE],
    ["a cut request", requestOf(span(1), span(2)).subarray(0, -3), {}],
    ["JSON nested 100,000 deep", Buffer.from(`{"x":${"[".repeat(100_000)}`), JSON_TYPE],
    ["a length of 4 GiB", Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x01]), {}],
  ])("%s is 400 and says where", async (_, body, headers) => {
    const answer = await post(server.port, body, headers);

    expect(answer.status).toBe(400);
    expect(answer.body.toString()).toMatch(/at byte \d+/);
    expect(answer.headers["content-type"]).toBe("content-type" in headers ? "application/json" : "application/x-protobuf");
  });

  test("a span without a valid id is a partial success", async () => {
    const answer = await post(server.port, jsonOf(jsonSpan(5), { traceId: "abc", spanId: "1", name: "broken" }), JSON_TYPE);

    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.body.toString())).toMatchObject({ partialSuccess: { rejectedSpans: "1" } });
  });
});
