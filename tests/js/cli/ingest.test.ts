import { afterEach, describe, expect, test } from "@jest/globals";
import { request } from "node:http";
import { gzipSync } from "node:zlib";
import { verdictOf } from "../../../js/cli/decoder.js";
import { closeServers, post, readStream, send, startServer, talk } from "./harness.js";

afterEach(closeServers);

const JSON_TYPE = { "content-type": "application/json" };
const GZIP = { "content-encoding": "gzip" };
const ones = (count: number): Buffer => Buffer.alloc(count, 1);
/** Bytes gzip cannot shrink, all of them spans to the counting decoder only at offset 0. */
const noise = (count: number): Buffer => {
  const bytes = Buffer.alloc(count);
  for (let index = 0, state = 1; index < count; index += 1) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    bytes[index] = state >>> 24;
  }
  return bytes;
};

describe("A good request", () => {
  test("protobuf is answered 200 with an empty message of the same type", async () => {
    const { port } = await startServer();

    const answer = await post(port, ones(3));

    expect(answer.status).toBe(200);
    expect(answer.headers["content-type"]).toBe("application/x-protobuf");
    expect(answer.body.length).toBe(0);
  });

  test("JSON is answered 200 with {} of the same type", async () => {
    const { port } = await startServer();

    const answer = await post(port, '{"spans":2}', JSON_TYPE);

    expect(answer.status).toBe(200);
    expect(answer.headers["content-type"]).toBe("application/json");
    expect(answer.body.toString()).toBe("{}");
  });

  test("is stored inflated, whatever its encoding was on the wire", async () => {
    const server = await startServer();
    const split = Buffer.concat([gzipSync(ones(4)), gzipSync(ones(5))]); // two gzip members are one body

    await post(server.port, ones(1));
    await post(server.port, gzipSync(ones(2)), GZIP);
    await post(server.port, gzipSync('{"spans":3}'), { ...JSON_TYPE, ...GZIP });
    await post(server.port, split, GZIP);
    await post(server.port, ones(6), { "content-encoding": "identity" });

    const reader = await readStream(server);
    const frames = [await reader.next(), await reader.next(), await reader.next(), await reader.next(), await reader.next()];
    reader.close();
    expect(frames.map(({ type, sequence }) => [type, sequence])).toEqual([
      [1, 1],
      [1, 2],
      [2, 3],
      [1, 4],
      [1, 5],
    ]);
    expect(frames.map(({ payload }) => payload)).toEqual([ones(1), ones(2), Buffer.from('{"spans":3}'), ones(9), ones(6)]);
  });

  test("without spans takes no room", async () => {
    const server = await startServer();

    expect((await post(server.port, new Uint8Array(0))).status).toBe(200);
    expect((await post(server.port, "{}", JSON_TYPE)).status).toBe(200);

    const reader = await readStream(server);
    const status = await reader.next();
    reader.close();
    expect(status.type).toBe(3);
    expect(JSON.parse(status.payload.toString())).toMatchObject({ requests: 0, spans: 0, bytes: 0 });
  });

  test("that waits for 100-continue is told to go on", async () => {
    const { port } = await startServer();

    const status = await new Promise((resolve, reject) => {
      const headers = { "content-type": "application/x-protobuf", expect: "100-continue", "content-length": "2" };
      const outgoing = request({ host: "127.0.0.1", port, method: "POST", path: "/v1/traces", headers, agent: false });
      outgoing.on("continue", () => outgoing.end(ones(2)));
      outgoing.on("response", (incoming) => resolve(incoming.resume().statusCode));
      outgoing.on("error", reject);
      outgoing.flushHeaders();
    });

    expect(status).toBe(200);
  });
});

describe("Content types", () => {
  test.each([
    ["application/x-protobuf", 200],
    ["application/x-protobuf; charset=utf-8", 200],
    ["Application/X-Protobuf;charset=UTF-8", 200],
    ['application/x-protobuf; charset="utf-8"', 200],
    ["application/protobuf", 415],
    ["application/x-protobuf; boundary=x", 415],
    ["application/x-protobuf; charset=latin1", 415],
    ["application/x-protobufs", 415],
    ["text/plain", 415],
    ["text/plain; application/x-protobuf", 415],
    ["application/x-www-form-urlencoded", 415],
    ["multipart/form-data; boundary=application/json", 415],
    ["application/json-seq", 415],
    ["application/grpc", 415],
    ["*/*", 415],
  ])("%s is answered %i", async (type, status) => {
    const { port } = await startServer();

    expect((await post(port, ones(1), { "content-type": type })).status).toBe(status);
  });

  test("none at all is answered 415 with a Status in JSON", async () => {
    const { port } = await startServer();

    const answer = await send(port, { method: "POST", path: "/v1/traces", body: ones(1) });

    expect(answer.status).toBe(415);
    expect(JSON.parse(answer.body.toString())).toMatchObject({ code: 3 });
  });

  test.each(["br", "deflate", "gzip, gzip", "zstd"])("content encoding %s is answered 415", async (encoding) => {
    const { port } = await startServer();

    expect((await post(port, ones(1), { "content-encoding": encoding })).status).toBe(415);
  });

  test.each(["GET", "HEAD", "PUT", "DELETE", "PATCH"])("method %s is answered 405 with what is allowed", async (method) => {
    const { port } = await startServer();

    const answer = await send(port, { method, path: "/v1/traces" });

    expect(answer.status).toBe(405);
    expect(answer.headers.allow).toBe("POST, OPTIONS");
  });
});

describe("A broken request", () => {
  test("protobuf is answered 400 with a Status message that says where", async () => {
    const { port } = await startServer();

    const answer = await post(port, Buffer.from([9, 9, 9]));

    const message = "unexpected byte at byte 0";
    expect(answer.status).toBe(400);
    expect(answer.headers["content-type"]).toBe("application/x-protobuf");
    expect(answer.body).toEqual(Buffer.from([0x08, 3, 0x12, message.length, ...Buffer.from(message)]));
  });

  test("JSON is answered 400 with a Status object that says where", async () => {
    const { port } = await startServer();

    const answer = await post(port, "rubbish", JSON_TYPE);

    expect(answer.status).toBe(400);
    expect(answer.headers["content-type"]).toBe("application/json");
    expect(JSON.parse(answer.body.toString())).toEqual({ code: 3, message: "unexpected byte at byte 0" });
  });

  test("keeps the spans that can be read and says how many", async () => {
    const server = await startServer();
    const bytes = Buffer.from([1, 1, 1, 7]);

    const answer = await post(server.port, bytes);

    const reader = await readStream(server);
    const frame = await reader.next();
    reader.close();
    expect(answer.status).toBe(400);
    expect(answer.body.toString()).toContain("unexpected byte at byte 3; 3 spans before it were kept");
    expect(frame.payload).toEqual(bytes);
  });

  test("spans left out one by one are a partial success, in the request's encoding", async () => {
    const report = { spans: 2, broken: 1, errors: [{ code: "INVALID_PARAMETER_VALUE", message: "no id", offset: 7 }] };
    const { port } = await startServer({ decoder: { check: () => verdictOf(report) } });

    const protobuf = await post(port, ones(3));
    const json = await post(port, "{}", JSON_TYPE);

    const message = "no id (at byte 7)";
    const partial = [0x08, 1, 0x12, message.length, ...Buffer.from(message)];
    expect([protobuf.status, json.status]).toEqual([200, 200]);
    expect(protobuf.body).toEqual(Buffer.from([0x0a, partial.length, ...partial]));
    expect(JSON.parse(json.body.toString())).toEqual({ partialSuccess: { rejectedSpans: "1", errorMessage: message } });
  });

  test.each(["MALFORMED", "TRUNCATED", "TOO_DEEP", "TOO_LARGE"])(
    "%s condemns the request, an invalid value only its span",
    (code) => {
      const invalid = { code: "INVALID_PARAMETER_VALUE", message: "no id", offset: 3 };
      const worse = { code, message: "worse", offset: 9 };

      expect(verdictOf({ spans: 4, broken: 2, errors: [invalid, worse] })).toEqual({ spans: 4, error: worse });
      expect(verdictOf({ spans: 4, broken: 1, errors: [invalid] }).rejected).toEqual({ spans: 1, message: "no id (at byte 3)" });
      expect(verdictOf({ spans: 4, broken: 0, errors: [] })).toEqual({ spans: 4 });
    },
  );

  test("a decoder that breaks is answered 503, to be sent again", async () => {
    const { port } = await startServer({
      decoder: {
        check: () => {
          throw new Error("aborted");
        },
      },
    });

    const answer = await post(port, ones(1));

    expect([answer.status, answer.headers["retry-after"]]).toEqual([503, "1"]);
    expect(answer.body.toString()).not.toContain("aborted");
  });

  test("gzip cut short is answered 400, and what could be inflated is kept", async () => {
    const server = await startServer();
    const whole = gzipSync(ones(1000));

    const answers = [];
    for (const cut of [0, 1, 5, 10, whole.length - 8, whole.length - 1]) {
      answers.push((await post(server.port, whole.subarray(0, cut), GZIP)).status);
    }
    const notGzip = await post(server.port, ones(100), GZIP);
    const garbageAfter = await post(server.port, Buffer.concat([whole, Buffer.from("garbage")]), GZIP);

    expect(answers).toEqual([400, 400, 400, 400, 400, 400]);
    expect(notGzip.status).toBe(400);
    expect(garbageAfter.status).toBe(400);
    const reader = await readStream(server);
    expect((await reader.next()).payload.length).toBeGreaterThan(0);
    reader.close();
  });

  test("gzip in gzip is not unpacked twice", async () => {
    const { port } = await startServer();

    const answer = await post(port, gzipSync(gzipSync(ones(1000))), GZIP);

    expect(answer.status).toBe(400);
  });

  test("a body cut by the client leaves nothing behind, and the server goes on", async () => {
    const server = await startServer();

    await new Promise<void>((resolve) => {
      const headers = { "content-type": "application/x-protobuf", "content-length": "100" };
      const outgoing = request({
        host: "127.0.0.1",
        port: server.port,
        method: "POST",
        path: "/v1/traces",
        headers,
        agent: false,
      });
      outgoing.on("error", () => resolve());
      outgoing.write(ones(10), () => outgoing.destroy(new Error("cut")));
    });

    expect((await post(server.port, ones(1))).status).toBe(200);
    const reader = await readStream(server);
    expect((await reader.next()).payload).toEqual(ones(1));
    reader.close();
  });
});

describe("Too much", () => {
  const maxBodyBytes = 100_000;

  test("a body over the limit is answered 413: declared, and streamed without a length", async () => {
    const { port } = await startServer({ maxBodyBytes });

    const declared = await post(port, ones(maxBodyBytes + 1));
    const streamed = await post(port, ones(maxBodyBytes * 3), { "transfer-encoding": "chunked" });
    const exact = await post(port, ones(maxBodyBytes));

    expect(declared.status).toBe(413);
    expect(declared.headers["content-type"]).toBe("application/x-protobuf");
    expect(streamed.status).toBe(413);
    expect(exact.status).toBe(200);
  });

  test("gzip is counted inflated", async () => {
    const { port } = await startServer({ maxBodyBytes });

    expect((await post(port, gzipSync(ones(maxBodyBytes + 1)), GZIP)).status).toBe(413);
    expect((await post(port, gzipSync(ones(maxBodyBytes)), GZIP)).status).toBe(200);
    expect((await post(port, gzipSync(noise(maxBodyBytes + 1)), GZIP)).status).toBe(413);
  });

  test("a bomb under the limit is refused by its ratio, one over it by its size", async () => {
    const server = await startServer();
    const small = gzipSync(Buffer.alloc(10_000_000)); // about 10 kB
    const large = gzipSync(Buffer.alloc(300_000_000)); // about 290 kB

    const bySmallRatio = await post(server.port, small, GZIP);
    const bySize = await post(server.port, large, GZIP);

    expect(bySmallRatio.status).toBe(413);
    expect(bySmallRatio.body.toString()).toContain("1000 times");
    expect(bySize.status).toBe(413);
    expect((await post(server.port, ones(1))).status).toBe(200);
  });

  test("past the bound of bodies in flight requests are answered 429 with Retry-After, and later taken", async () => {
    const { port } = await startServer({ maxBodyBytes: 1000 }); // four such bodies may be in flight
    const held = Array.from({ length: 4 }, () => {
      const headers = { "content-type": "application/x-protobuf", "transfer-encoding": "chunked" };
      const outgoing = request({ host: "127.0.0.1", port, method: "POST", path: "/v1/traces", headers, agent: false });
      outgoing.on("error", () => {});
      const answered = new Promise<number>((resolve) =>
        outgoing.on("response", (incoming) => resolve(incoming.resume().statusCode ?? 0)),
      );
      outgoing.write(ones(1000));
      return { outgoing, answered };
    });

    // Each try either finds the four in flight, or comes too early and is simply taken.
    let refused = await post(port, ones(1));
    while (refused.status === 200) refused = await post(port, ones(1));
    for (const { outgoing } of held) outgoing.end();
    const statuses = await Promise.all(held.map(({ answered }) => answered));
    const afterwards = await post(port, ones(1));

    expect(refused.status).toBe(429);
    expect(refused.headers["retry-after"]).toBe("1");
    expect(statuses).toEqual([200, 200, 200, 200]);
    expect(afterwards.status).toBe(200);
  });
});

describe("Slow clients", () => {
  test("headers that do not end are cut off", async () => {
    const { port } = await startServer({ limits: { headersMillis: 100, requestMillis: 200, checkMillis: 20 } });

    const heard = await talk(port, `POST /v1/traces HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n`, (write) => {
      const timer = setInterval(() => write("X-Slow: 1\r\n"), 20);
      setTimeout(() => clearInterval(timer), 2000).unref();
    });

    expect(heard).toMatch(/^HTTP\/1\.1 408 /);
  });

  test("a body that trickles in is answered 408", async () => {
    const { port } = await startServer({ limits: { bodyMillis: 100 } });
    const head =
      `POST /v1/traces HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n` +
      "Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n";

    const heard = await talk(port, head, (write) => {
      const timer = setInterval(() => write(" "), 10);
      setTimeout(() => clearInterval(timer), 2000).unref();
    });

    expect(heard).toMatch(/^HTTP\/1\.1 408 /);
  });

  test("a connection on which nothing moves is closed", async () => {
    const { port } = await startServer({ limits: { idleMillis: 100, checkMillis: 20 } });

    const heard = await talk(port, `GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);

    expect(heard).toMatch(/^HTTP\/1\.1 200 /);
  });

  test("connections over the limit are closed at once, and the ones there go on", async () => {
    const { port } = await startServer({ limits: { maxConnections: 2, idleMillis: 500, checkMillis: 20 } });
    const first = talk(port, `GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
    const second = talk(port, `GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);

    const third = await talk(port, `GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);

    expect(third).toBe("");
    expect(await first).toMatch(/^HTTP\/1\.1 200 /);
    expect(await second).toMatch(/^HTTP\/1\.1 200 /);
  });
});
