import { afterEach, describe, expect, test } from "@jest/globals";
import { closeServers, post, readStream, send, startServer, type Frame } from "./harness.js";

afterEach(closeServers);

const ones = (count: number): Buffer => Buffer.alloc(count, 1);
const isRequest = (frame: Frame): boolean => frame.type !== 3;
const isStatus = (frame: Frame): boolean => frame.type === 3;
const statusOf = (frame: Frame): Record<string, number> => JSON.parse(frame.payload.toString()) as Record<string, number>;

describe("/api/stream", () => {
  test("starts with the backlog and a status, then follows what arrives", async () => {
    const server = await startServer();
    await post(server.port, ones(1));
    await post(server.port, ones(2));

    const reader = await readStream(server);
    const backlog = [await reader.next(), await reader.next()];
    const status = await reader.next();
    await post(server.port, ones(3));
    const live = await reader.next(isRequest);
    const after = statusOf(await reader.next(isStatus));
    reader.close();

    expect(backlog.map(({ sequence, payload }) => [sequence, payload.length])).toEqual([
      [1, 1],
      [2, 2],
    ]);
    expect([status.type, status.sequence, statusOf(status).spans]).toEqual([3, 2, 3]);
    expect([live.type, live.sequence, live.payload]).toEqual([1, 3, ones(3)]);
    expect(after).toMatchObject({ requests: 3, spans: 6, evictedRequests: 0, evictedSpans: 0, capacityBytes: 512 * 1024 * 1024 });
  });

  test("resumes after the number the reader has", async () => {
    const server = await startServer();
    for (const count of [1, 2, 3]) await post(server.port, ones(count));

    const reader = await readStream(server, 2);
    const first = await reader.next();
    reader.close();

    expect([first.sequence, first.payload]).toEqual([3, ones(3)]);
  });

  test("begins anew for a number this server never gave", async () => {
    const server = await startServer();
    await post(server.port, ones(1));

    const reader = await readStream(server, 4000);
    const first = await reader.next();
    reader.close();

    expect(first.sequence).toBe(1);
  });

  test("serves several readers, and one that leaves does not disturb the other", async () => {
    const server = await startServer();
    const [stays, leaves] = [await readStream(server), await readStream(server)];
    await leaves.next();
    leaves.close();

    await post(server.port, ones(5));

    expect((await stays.next(isRequest)).payload).toEqual(ones(5));
    stays.close();
  });

  test("what was evicted is missing from the backlog and counted in the status", async () => {
    const server = await startServer({ memoryBytes: 5000 });
    for (let index = 0; index < 10; index += 1) await post(server.port, ones(1000));

    const reader = await readStream(server);
    const first = await reader.next();
    const status = statusOf(await reader.next(isStatus));
    reader.close();

    expect(first.sequence).toBe((status.evictedRequests ?? 0) + 1);
    expect(status.evictedSpans).toBe((status.evictedRequests ?? 0) * 1000);
    expect((status.requests ?? 0) + (status.evictedRequests ?? 0)).toBe(10);
    expect(status.bytes).toBeLessThanOrEqual(5000);
  });

  test("a large backlog arrives whole and in order", async () => {
    const server = await startServer();
    for (let index = 0; index < 12; index += 1) server.add(ones(1_000_000 + index), "protobuf");

    const reader = await readStream(server);
    const lengths: number[] = [];
    while (lengths.length < 12) lengths.push((await reader.next(isRequest)).payload.length);
    reader.close();

    expect(lengths).toEqual(Array.from({ length: 12 }, (_, index) => 1_000_000 + index));
  });

  test("refuses what is no sequence number, other routes and other methods", async () => {
    const { port, token } = await startServer();
    const headers = { authorization: `Bearer ${token}` };

    for (const since of ["-1", "x", "1.5", "99999999999", "%00"]) {
      expect([since, (await send(port, { path: `/api/stream?since=${since}`, headers })).status]).toEqual([since, 400]);
    }
    expect((await send(port, { path: "/api/other", headers })).status).toBe(404);
    expect((await send(port, { method: "POST", path: "/api/stream", headers })).status).toBe(405);
  });
});
