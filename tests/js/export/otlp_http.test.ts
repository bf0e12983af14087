// The rows of OTLP/HTTP that need real sockets: a scripted receiver on loopback.
import { afterEach, describe, expect, test } from "@jest/globals";
import { gzipSync } from "node:zlib";
import type { Destination } from "../../../js/export/destination.js";
import { OtlpHttpSender, type OtlpHttpExporterOptions } from "../../../js/export/otlp_http_sender.js";
import { systemTimers } from "../../../js/export/timers.js";
import { systemClock } from "../../../js/tracing/clock.js";
import { VERSION } from "../../../js/version.js";
import { closeServers, FaultServer, freePort, ok, script, status, type Step } from "./fault_server.js";
import { accountOf, Harness, TestLogger } from "./harness.js";

const openDestinations: Destination[] = [];

afterEach(async () => {
  await Promise.all(openDestinations.splice(0).map((destination) => destination.shutdown({ timeoutMillis: 1 })));
  await closeServers();
});

interface Setting {
  harness: Harness;
  logger: TestLogger;
  destination: Destination;
}

/** Real time, real sockets; jitter so small that retries come at once. */
async function open(options: OtlpHttpExporterOptions, random = 0.01): Promise<Setting> {
  const logger = new TestLogger();
  const exporter = new OtlpHttpSender({ logger, ...options });
  const harness = await Harness.open({ exporter, clock: systemClock, timers: systemTimers, random: () => random });
  openDestinations.push(harness.destination);
  return { harness, logger, destination: harness.destination };
}

async function sendOne(server: FaultServer, options: OtlpHttpExporterOptions = {}, spans = 1): Promise<Setting> {
  const setting = await open({ endpoint: server.endpoint, ...options });
  setting.harness.endSpans(spans);
  await setting.destination.flush({ timeoutMillis: 8_000 });
  return setting;
}

describe("H1: method, type and path", () => {
  test("protobuf", async () => {
    const server = await FaultServer.start();
    await sendOne(server);
    const request = server.requests[0];
    expect([request?.method, request?.path, request?.headers["content-type"]]).toEqual([
      "POST",
      "/v1/traces",
      "application/x-protobuf",
    ]);
    expect(request?.spans.map((span) => span.name)).toEqual(["span1"]);
    expect(request?.headers["content-encoding"]).toBeUndefined();
    expect(request?.headers["content-length"]).toBe(String(request?.raw.length));
  });

  test("JSON", async () => {
    const server = await FaultServer.start();
    await sendOne(server, { protocol: "http/json" }, 3);
    const request = server.requests[0];
    expect(request?.headers["content-type"]).toBe("application/json");
    expect(request?.spans.map((span) => span.name)).toEqual(["span1", "span2", "span3"]);
  });

  const TYPES = ["application/x-protobuf", "application/json", "application/json; charset=utf-8", "text/html", undefined];
  test.each(TYPES)("an answer of type %s is a success without a warning", async (type) => {
    const server = await FaultServer.start(status(200, type === undefined ? {} : { "content-type": type }));
    const { destination, logger } = await sendOne(server);
    expect(accountOf(destination)).toEqual({ produced: 1, delivered: 1 });
    expect(logger.lines).toEqual([]);
  });
});

describe("H14: full success", () => {
  const json = { "content-type": "application/json" };
  const protobuf = { "content-type": "application/x-protobuf" };
  const ANSWERS: [string, Step][] = [
    ["200, nothing", status(200)],
    ["200 {}", status(200, json, "{}")],
    ["200 partialSuccess null", status(200, json, '{"partialSuccess":null}')],
    ["200 partialSuccess {}", status(200, json, '{"partialSuccess":{}}')],
    ["200 bytes 0a 00", status(200, protobuf, Buffer.from([0x0a, 0x00]))],
    ["202", status(202)],
    ["204", status(204)],
    ["200 HTML", status(200, { "content-type": "text/html" }, "<html>ok</html>")],
    ["200 rubbish as protobuf", status(200, protobuf, "\xff\xff\xff")],
    ["200 rubbish as JSON", status(200, json, '{"partialSuccess":{"rejec')],
    ["200 with a body that does not inflate", status(200, { ...json, "content-encoding": "gzip" }, "not gzip at all")],
    ["200 deflated", status(200, { ...json, "content-encoding": "gzip" }, gzipSync("{}"))],
  ];
  test.each(ANSWERS)("%s", async (_, step) => {
    const server = await FaultServer.start(step);
    const { destination, logger } = await sendOne(server);
    expect(accountOf(destination)).toEqual({ produced: 1, delivered: 1 });
    expect(logger.lines).toEqual([]);
    expect(server.requests).toHaveLength(1);
  });
});

describe("H15: partial success is never repeated", () => {
  const json = { "content-type": "application/json" };
  const ANSWERS: [string, Step, rejected: number][] = [
    ["JSON text number", status(200, json, '{"partialSuccess":{"rejectedSpans":"2","errorMessage":"no room"}}'), 2],
    ["JSON number", status(200, json, '{"partialSuccess":{"rejectedSpans":2,"errorMessage":"no room"}}'), 2],
    [
      "protobuf",
      status(200, { "content-type": "application/x-protobuf" }, Buffer.from("\x0a\x0b\x08\x02\x12\x07no room", "latin1")),
      2,
    ],
    ["a warning alone", status(200, json, '{"partialSuccess":{"errorMessage":"no room"}}'), 0],
    [
      "gzip",
      status(
        200,
        { ...json, "content-encoding": "gzip" },
        gzipSync('{"partialSuccess":{"rejectedSpans":2,"errorMessage":"no room"}}'),
      ),
      2,
    ],
  ];
  test.each(ANSWERS)("%s", async (_, step, rejected) => {
    const server = await FaultServer.start(step);
    const { destination, logger } = await sendOne(server, {}, 5);
    expect(server.requests).toHaveLength(1);
    expect(accountOf(destination)).toEqual({ produced: 5, delivered: 5 - rejected, ...(rejected > 0 ? { rejected } : {}) });
    expect(logger.lines).toHaveLength(1);
    expect(logger.lines[0]).toContain("no room");
  });
});

describe("H16: the message of an error, shortened, as text", () => {
  const long = `a\u0000b\u001b[31m${"x".repeat(3_000_000)}`;
  const ANSWERS: [string, Step, RegExp][] = [
    ["JSON", status(401, { "content-type": "application/json" }, '{"code":16,"message":"who are you?"}'), /401: who are you\?$/],
    [
      "protobuf",
      status(401, { "content-type": "application/x-protobuf" }, Buffer.from("\x08\x10\x12\x0cwho are you?", "latin1")),
      /401: who are you\?$/,
    ],
    ["HTML", status(500, { "content-type": "text/html" }, "<h1>oops</h1>"), /500$/],
    ["binary", status(403, {}, Buffer.from([0, 1, 2, 255, 254])), /403/],
    ["3 MB", status(401, { "content-type": "application/json" }, JSON.stringify({ message: long })), /401: a b \[31mx{100,}…?/],
  ];
  test.each(ANSWERS)("%s", async (_, step, expected) => {
    const server = await FaultServer.start(step);
    const { harness, destination } = await sendOne(server);
    const line = harness.logger.lines.join("\n");
    expect(line).toMatch(expected);
    expect(line.length).toBeLessThan(400);
    expect(accountOf(destination)).toEqual({ produced: 1, http_4xx: 1 });
  });
});

describe("H7: compression", () => {
  test.each(["http/protobuf", "http/json"] as const)("gzip of %s inflates to the same spans", async (protocol) => {
    const server = await FaultServer.start();
    await sendOne(server, { compression: "gzip", protocol }, 100);
    const request = server.requests[0];
    expect(request?.headers["content-encoding"]).toBe("gzip");
    expect(request?.spans).toHaveLength(100);
    expect(request?.raw.length).toBeLessThan((request?.body.length ?? 0) / 2);
  });
});

describe("H9: an answer of more than 4 MiB", () => {
  const BIG = 5 << 20;
  test.each<[string, Step]>([
    ["plain", status(200, {}, Buffer.alloc(BIG))],
    ["a gzip bomb", status(200, { "content-encoding": "gzip" }, gzipSync(Buffer.alloc(BIG * 4)))],
    ["deflate", status(400, { "content-encoding": "gzip" }, gzipSync(Buffer.alloc(BIG)))],
    [
      "without end",
      (response) => {
        response.writeHead(200);
        const write = (): void => {
          while (!response.destroyed && response.write(Buffer.alloc(65_536)));
        };
        response.on("drain", write);
        write();
      },
    ],
  ])("%s is not read to its end and not repeated", async (_, step) => {
    const server = await FaultServer.start(step);
    const { destination } = await sendOne(server);
    expect(server.requests).toHaveLength(1);
    expect(accountOf(destination)).toEqual({ produced: 1, unknown_outcome: 1 });
  });
});

describe("H12: no answer is repeated until there is one", () => {
  const FAULTS: [string, Step][] = [
    ["reset before the headers", (response) => response.socket?.destroy()],
    [
      "reset after the headers",
      (response) => (
        response.writeHead(200, { "content-length": "10" }).flushHeaders(),
        setTimeout(() => response.socket?.destroy(), 5)
      ),
    ],
    [
      "reset in the body",
      (response) => (
        response.writeHead(200, { "content-length": "10" }).write("12345"),
        setTimeout(() => response.socket?.destroy(), 5)
      ),
    ],
    ["chunked, cut", (response) => (response.writeHead(200).write("{"), setTimeout(() => response.socket?.destroy(), 5))],
    ["a length that is too long", (response) => response.socket?.end("HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nshort")],
    ["no HTTP", (response) => response.socket?.end("SSH-2.0-hello\r\n")],
    ["headers without end", (response) => response.socket?.end(`HTTP/1.1 200 OK\r\nx: ${"y".repeat(100_000)}\r\n\r\n`)],
  ];
  test.each(FAULTS)("%s", async (_, fault) => {
    const server = await FaultServer.start(script(fault, fault, ok));
    const { destination } = await sendOne(server, {}, 4);
    expect(server.requests).toHaveLength(3);
    expect(accountOf(destination)).toEqual({ produced: 4, delivered: 4 });
    expect(server.uniqueNames).toHaveLength(4);
  });

  test("a refused connection, then a receiver", async () => {
    const port = await freePort();
    const { harness, destination, logger } = await open({ endpoint: `http://127.0.0.1:${String(port)}` });
    harness.endSpans(2);
    expect(await destination.flush({ timeoutMillis: 100 })).toMatchObject({ status: "timeout", pending: 2 });
    expect(logger.lines[0]).toContain("ECONNREFUSED");
  });

  test("a name that is nowhere", async () => {
    const { harness, destination } = await open({ endpoint: "http://nowhere.invalid:4318" });
    harness.endSpans(2);
    expect(await destination.flush({ timeoutMillis: 200 })).toMatchObject({ status: "timeout", pending: 2, dropped: 0 });
  });
});

describe("H6: the time of one attempt", () => {
  test.each<[string, Step]>([
    ["no answer at all", () => undefined],
    ["headers only", (response) => response.writeHead(200).flushHeaders()],
    [
      "a byte now and then",
      (response) => {
        response.writeHead(200, { "content-length": "1000" });
        const timer = setInterval(() => response.write("x"), 20);
        response.on("close", () => clearInterval(timer));
      },
    ],
  ])("%s: broken off and repeated", async (_, slow) => {
    const server = await FaultServer.start(script(slow, ok));
    const { destination } = await sendOne(server, { timeoutMillis: 150 });
    expect(server.requests).toHaveLength(2);
    expect(accountOf(destination)).toEqual({ produced: 1, delivered: 1 });
  });

  test("the default is ten seconds", async () => {
    const exporter = new OtlpHttpSender();
    expect(exporter.longestExportMillis).toBe(30_000);
    await exporter.shutdown();
  });
});

describe("H18: connections", () => {
  test("one after the other they share one", async () => {
    const server = await FaultServer.start();
    const { harness, destination } = await open({ endpoint: server.endpoint });
    for (let i = 0; i < 5; i++) {
      harness.endSpans(1);
      await destination.flush();
    }
    expect(server.requests).toHaveLength(5);
    expect(server.connections).toBe(1);
  });

  test("no more at a time than configured", async () => {
    const server = await FaultServer.start((response) => void setTimeout(() => response.end(), 10));
    const { harness, destination } = await open({ endpoint: server.endpoint, concurrency: 2 });
    harness.endSpans(512 * 8);
    await destination.flush();
    expect(server.requests).toHaveLength(8);
    expect(server.connections).toBe(2);
    expect(server.uniqueNames).toHaveLength(512 * 8);
  });

  test("an idle connection that the receiver closed costs nothing", async () => {
    const server = await FaultServer.start((response) => {
      response.on("finish", () => setImmediate(() => response.socket?.destroy()));
      response.end();
    });
    const { harness, destination } = await open({ endpoint: server.endpoint });
    for (let i = 0; i < 5; i++) {
      harness.endSpans(1);
      expect(await destination.flush({ timeoutMillis: 5_000 })).toMatchObject({ status: "flushed", delivered: 1 });
    }
  });
});

test("H19: User-Agent names exporter, language and version, behind the user's own", async () => {
  const server = await FaultServer.start();
  await sendOne(server);
  await sendOne(server, { headers: { "User-Agent": "shop/2" } });
  expect(server.requests.map((request) => request.headers["user-agent"])).toEqual([
    `Spandrel-OTLP-Exporter-JavaScript/${VERSION}`,
    `shop/2 Spandrel-OTLP-Exporter-JavaScript/${VERSION}`,
  ]);
});

test.each([301, 302, 307, 308])("H20: a redirect (%d) is a failure, and nothing goes to the other place", async (code) => {
  const other = await FaultServer.start();
  const server = await FaultServer.start(status(code, { location: `${other.endpoint}/v1/traces` }));
  const { destination } = await sendOne(server, { headers: { authorization: "Bearer canary" } });
  expect(server.requests).toHaveLength(1);
  expect(other.requests).toEqual([]);
  expect(accountOf(destination)).toEqual({ produced: 1, http_4xx: 1 });
});

test("X6: no message shows header values, user name or query", async () => {
  const server = await FaultServer.start(script(status(503), status(403)));
  const endpoint = server.endpoint.replace("http://", "http://canary-user:canary-pass@");
  const { harness, logger } = await sendOne(server, {
    endpoint: `${endpoint}/?key=canary-query`,
    headers: { "x-key": "canary-header", "bad name": "canary-refused", broken: "canary\r\nvalue" },
  });
  const lines = [...logger.lines, ...harness.logger.lines];
  expect(lines.length).toBeGreaterThanOrEqual(3);
  expect(lines.join("\n")).not.toContain("canary");
  expect(server.requests[0]?.path).toBe("/v1/traces?key=canary-query");
  expect(server.requests[0]?.headers.authorization).toBe(`Basic ${btoa("canary-user:canary-pass")}`);
});

test("every span is accounted for under seeded faults, and what is delivered has arrived", async () => {
  let state = 42;
  const draw = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const faults: Step[] = [
    ok,
    ok,
    ok,
    status(503),
    status(429),
    status(400),
    status(413),
    status(500),
    status(415),
    (response) => response.socket?.destroy(),
    (response) => (
      response.writeHead(200, { "content-length": "9" }).write("1"),
      void setTimeout(() => response.socket?.destroy(), 1)
    ),
    status(200, { "content-type": "application/json" }, '{"partialSuccess":{"rejectedSpans":1}}'),
  ];
  const server = await FaultServer.start((response, request, count) => {
    faults[draw(faults.length)]?.(response, request, count);
  });
  const { harness, destination } = await open({ endpoint: server.endpoint }, 0.002);
  for (let i = 0; i < 30; i++) {
    harness.endSpans(100, `round${String(i)}-`);
    await destination.flush({ timeoutMillis: 3_000 });
  }
  server.step = ok;
  await destination.flush({ timeoutMillis: 10_000 });

  const account = accountOf(destination);
  expect(account["NOT BALANCED"]).toBeUndefined();
  expect(account["produced"]).toBe(3_000);
  expect(account["pending"]).toBeUndefined();
  const received = server.uniqueNames.length;
  expect(received).toBeGreaterThanOrEqual(account["delivered"] ?? 0);
  expect(3_000 - received).toBeLessThanOrEqual(3_000 - (account["delivered"] ?? 0));
}, 60_000);

test("shutdown with a receiver that hangs breaks its connection off", async () => {
  const server = await FaultServer.start(() => undefined);
  const { harness, destination } = await open({ endpoint: server.endpoint });
  harness.endSpans(3);
  const result = await destination.shutdown({ timeoutMillis: 100 });
  expect(result).toEqual({ status: "timeout", delivered: 0, dropped: 3, pending: 0 });
  expect(accountOf(destination)).toEqual({ produced: 3, shutdown: 3 });
});
