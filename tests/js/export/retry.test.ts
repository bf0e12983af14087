// Statuses, back-off and halving on a fake clock, against a scripted client.
import { describe, expect, test } from "@jest/globals";
import { accountOf, answer, openScripted } from "./harness.js";

const RETRIED = [429, 502, 503, 504];

test("H10: retries only 429, 502, 503, 504", async () => {
  let current = 200;
  const { harness, client, time, destination } = await openScripted((_, count) => answer(count === 1 ? current : 200));
  const retried: number[] = [];
  for (current = 200; current < 600; current++) {
    client.sent.length = 0;
    harness.endSpans(1, `s${String(current)}-`);
    await time.advance(5_000);
    await time.advance(1_000);
    // A 415 is answered by one attempt in the other encoding, which is no repetition of the bytes.
    const bodies = new Set(client.sent.map((sent) => Buffer.from(sent.request.body).toString("hex")));
    if (client.sent.length > bodies.size) retried.push(current);
  }
  expect(retried).toEqual(RETRIED);
  const account = accountOf(destination);
  // All 2xx, the four, and the 415 that the other encoding saved.
  expect(account).toEqual({ produced: 400, delivered: 100 + 4 + 1, http_4xx: 400 - 105 });
});

describe("H11: Retry-After", () => {
  const DATE = "Thu, 01 Jan 2026 00:00:05 GMT";
  // The clock starts at 2026-01-01 00:00:00 and the first attempt is at 5 s; jitter is half of what it may be.
  const CASES: [what: string, retryAfter: string, date: string, wait: number | null][] = [
    ["absent: half of the first second", "", "", 500],
    ["0: back-off", "0", "", 500],
    ["1 second and up to a tenth", "1", "", 1_050],
    ["an hour is longer than a batch is kept", "3600", "", null],
    ["ten minutes", "600", "", 600_500],
    ["-1 is invalid: back-off", "-1", "", 500],
    ["1e9 is invalid: back-off", "1e9", "", 500],
    ["abc is invalid: back-off", "abc", "", 500],
    ["a date that has passed: back-off", "Wed, 31 Dec 2025 23:59:00 GMT", "", 500],
    ["a date in 10 s", "Thu, 01 Jan 2026 00:00:15 GMT", "", 10_500],
    ["a date of a receiver that is a day ahead", "Fri, 02 Jan 2026 00:00:15 GMT", "Fri, 02 Jan 2026 00:00:05 GMT", 10_500],
    ["a date in 10 s by both clocks", "Thu, 01 Jan 2026 00:00:15 GMT", DATE, 10_500],
  ];

  test.each(CASES)("%s", async (_, retryAfter, date, wait) => {
    const { harness, client, time, destination } = await openScripted((_sent, count) =>
      count === 1 ? answer(503, { retryAfter, date }) : answer(200),
    );
    harness.endSpans(1);

    await time.advance(5_000);
    expect(client.sent).toHaveLength(1);
    await time.advance(20 * 60_000);

    if (wait === null) {
      expect(client.sent).toHaveLength(1);
      expect(accountOf(destination)).toEqual({ produced: 1, gave_up: 1 });
    } else {
      expect(client.sent.map((sent) => sent.at - 5_000)).toEqual([0, wait]);
      expect(accountOf(destination)).toEqual({ produced: 1, delivered: 1 });
    }
  });

  test("the wait a receiver asks for holds for spans that come later", async () => {
    const { harness, client, time } = await openScripted((_, count) =>
      count === 1 ? answer(429, { retryAfter: "3600" }) : answer(200),
    );
    harness.endSpans(1, "early");
    await time.advance(5_000);
    harness.endSpans(1, "late");

    await time.advance(3_599_000);
    expect(client.sent).toHaveLength(1);
    await time.advance(10_000);
    expect(client.names).toEqual(["early1", "late1"]);
  });
});

test("back-off doubles to 30 s and the batch is given up after 15 minutes", async () => {
  const { harness, client, time, destination } = await openScripted(() => answer(503), { random: () => 0.999999 });
  harness.endSpans(3);

  await time.advance(20 * 60_000);

  const gaps = client.sent.slice(1).map((sent, i) => Math.round((sent.at - (client.sent[i]?.at ?? 0)) / 1000));
  expect(gaps.slice(0, 7)).toEqual([1, 2, 4, 8, 16, 30, 30]);
  expect(client.sent.at(-1)?.at).toBeLessThanOrEqual(5_000 + 15 * 60_000);
  expect(accountOf(destination)).toEqual({ produced: 3, gave_up: 3 });
});

test("a storm of 503 is asked less than once a second", async () => {
  for (const chance of [0.01, 0.5, 0.99]) {
    const { harness, client, time } = await openScripted(() => answer(503), { random: () => chance });
    const end = 60;
    for (let second = 0; second < end; second++) {
      harness.endSpans(600);
      await time.advance(1_000);
    }
    // With the smallest jitter the first waits are short; the doubling makes up for it.
    expect(client.sent.length).toBeLessThanOrEqual(chance < 0.1 ? 4 * end : end);
  }
});

test("an outage of five minutes loses nothing, and the oldest spans leave first", async () => {
  let isUp = false;
  const { harness, client, time, destination } = await openScripted(() =>
    isUp ? answer(200) : { kind: "none", cause: "ECONNREFUSED" },
  );
  for (let i = 0; i < 300; i++) {
    harness.endSpans(100, `t${String(i).padStart(3, "0")}-`);
    await time.advance(1_000);
  }
  client.sent.length = 0;
  isUp = true;
  await time.advance(60_000);

  expect(accountOf(destination)).toEqual({ produced: 30_000, delivered: 30_000 });
  const order = client.names.map((name) => name.slice(0, 4));
  expect(order).toEqual([...order].sort());
});

test("H13: the bytes of a 400 are never sent again", async () => {
  const { harness, client, time, destination } = await openScripted(() => answer(400));
  harness.endSpans(8);
  await time.advance(3_600_000);

  const bodies = client.sent.map((sent) => Buffer.from(sent.request.body).toString("hex"));
  expect(new Set(bodies).size).toBe(bodies.length);
  expect(accountOf(destination)).toEqual({ produced: 8, http_4xx: 8 });
});

test.each([2, 8, 100, 512])("a poison span among %d: only the poison is lost", async (count) => {
  const poison = `span${String(Math.ceil(count / 3))}`;
  const { harness, client, time, destination } = await openScripted(({ names }) => answer(names.includes(poison) ? 400 : 200));
  harness.endSpans(count);
  await time.advance(10_000);

  expect(accountOf(destination)).toEqual({ produced: count, delivered: count - 1, http_4xx: 1 });
  expect(client.sent.length).toBeLessThanOrEqual(2 * Math.ceil(Math.log2(count)) + 1);
});

test("a receiver that refuses everything is not asked for each span", async () => {
  const { harness, client, time, destination } = await openScripted(() => answer(400));
  harness.endSpans(512 * 4);
  await time.advance(10_000);

  expect(accountOf(destination)).toEqual({ produced: 2048, http_4xx: 2048 });
  expect(client.sent.length).toBeLessThan(4 * 45);
});

test("H8, 413: a batch that is too large is halved until it is taken", async () => {
  const { harness, time, destination, client } = await openScripted(({ request }) =>
    answer(request.body.length > 5_000 ? 413 : 200),
  );
  harness.endSpans(100, "span", { text: "x".repeat(200) });
  await time.advance(10_000);

  expect(accountOf(destination)).toEqual({ produced: 100, delivered: 100 });
  expect(new Set(client.sent.filter((sent) => sent.request.body.length <= 5_000).flatMap((sent) => sent.names)).size).toBe(100);
});

describe("415", () => {
  test("the other encoding is tried once and kept when it is taken", async () => {
    const { harness, client, time, destination } = await openScripted(({ request }) =>
      answer(request.headers["content-type"] === "application/json" ? 200 : 415),
    );
    harness.endSpans(1, "a");
    await time.advance(5_000);
    harness.endSpans(1, "b");
    await time.advance(5_000);

    expect(client.sent.map((sent) => sent.request.headers["content-type"])).toEqual([
      "application/x-protobuf",
      "application/json",
      "application/json",
    ]);
    expect(client.names).toEqual(["a1", "a1", "b1"]);
    expect(accountOf(destination)).toEqual({ produced: 2, delivered: 2 });
  });

  test("a receiver that takes neither loses the batch after two requests", async () => {
    const { harness, client, time, destination } = await openScripted(() => answer(415));
    harness.endSpans(5);
    await time.advance(60_000);
    expect(client.sent).toHaveLength(2);
    expect(accountOf(destination)).toEqual({ produced: 5, http_4xx: 5 });
  });
});

describe("headers function", () => {
  test("it is asked before each attempt", async () => {
    let token = 0;
    const { harness, client, time } = await openScripted((_, count) => answer(count < 3 ? 503 : 200), {
      otlp: { headers: async () => ({ Authorization: `Bearer ${String(++token)}` }) },
    });
    harness.endSpans(1);
    await time.advance(60_000);
    expect(client.sent.map((sent) => sent.request.headers["authorization"])).toEqual(["Bearer 1", "Bearer 2", "Bearer 3"]);
  });

  test("one that fails is asked again later, and its error is not shown", async () => {
    let calls = 0;
    const { harness, client, time, destination } = await openScripted(undefined, {
      otlp: {
        headers: () => {
          if (++calls === 1) throw new Error("canary-secret");
          return { a: "b" };
        },
      },
    });
    harness.endSpans(1);
    await time.advance(60_000);
    expect(client.sent).toHaveLength(1);
    expect(accountOf(destination)).toEqual({ produced: 1, delivered: 1 });
    expect(harness.logger.lines.join()).not.toContain("canary");
  });
});

test("a wall clock that jumps does not freeze the back-off", async () => {
  const { harness, client, time } = await openScripted((_, count) => answer(count === 1 ? 503 : 200));
  time.wallMillis = () => 0;
  harness.endSpans(1);
  await time.advance(5_000);
  time.wallMillis = () => 1e13;
  await time.advance(500);
  expect(client.sent).toHaveLength(2);
});
