import { afterEach, describe, expect, test } from "@jest/globals";
import { closeServers, post, readStream, send, startServer, talk } from "./harness.js";

afterEach(closeServers);

const ROUTES: [string, string][] = [
  ["GET", "/"],
  ["GET", "/page.js"],
  ["GET", "/missing"],
  ["POST", "/v1/traces"],
  ["OPTIONS", "/v1/traces"],
  ["GET", "/api/stream"],
  ["GET", "/sample/ask"],
];

describe("Host", () => {
  test("the three names of this machine with our port pass", async () => {
    const { port } = await startServer();

    for (const name of ["127.0.0.1", "localhost", "[::1]"]) {
      const answer = await send(port, { headers: { host: `${name}:${port}` } });
      expect([name, answer.status]).toEqual([name, 200]);
    }
  });

  test("any other name is refused on every route, before the route is looked at", async () => {
    const { port } = await startServer({ mounts: { "/sample": (_, response) => void response.end("mounted") } });
    const hosts = [
      "evil.example",
      `evil.example:${port}`,
      `localhost.evil.example:${port}`,
      `127.0.0.1.evil.example:${port}`,
      `evil.localhost:${port}`,
      `localhost.:${port}`,
      `LOCALHOST:${port}`,
      "localhost",
      "127.0.0.1",
      `localhost:${port + 1}`,
      `localhost:0${port}`,
      `127.1:${port}`,
      `2130706433:${port}`,
      `0.0.0.0:${port}`,
      `192.168.0.1:${port}`,
      `[::]:${port}`,
      `::1:${port}`,
      `[::ffff:127.0.0.1]:${port}`,
      `user@localhost:${port}`,
      `localhost:${port}/`,
    ];

    for (const host of hosts) {
      for (const [method, path] of ROUTES) {
        const answer = await send(port, { method, path, headers: { host } });
        expect([host, method, path, answer.status]).toEqual([host, method, path, 403]);
      }
    }
  });

  test("no Host, an empty one, two Hosts and a proxy request are refused", async () => {
    const { port } = await startServer();

    const none = await talk(port, "GET / HTTP/1.0\r\n\r\n");
    const empty = await talk(port, "GET / HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n");
    const noneInHttp11 = await talk(port, "GET / HTTP/1.1\r\nConnection: close\r\n\r\n");
    const two = await talk(port, `GET / HTTP/1.1\r\nHost: localhost:${port}\r\nHost: evil.example\r\nConnection: close\r\n\r\n`);
    const proxy = await talk(port, `GET http://evil.example/ HTTP/1.1\r\nHost: localhost:${port}\r\nConnection: close\r\n\r\n`);

    expect(none).toMatch(/^HTTP\/1\.1 403 /);
    expect(empty).toMatch(/^HTTP\/1\.1 403 /);
    expect(noneInHttp11).toMatch(/^HTTP\/1\.1 400 /);
    expect(two).toMatch(/^HTTP\/1\.1 40[03] /);
    expect(proxy).toMatch(/^HTTP\/1\.1 400 /);
  });
});

describe("Origin", () => {
  const FOREIGN = (port: number): string[] => [
    "http://evil.example",
    `http://localhost.evil.example:${port}`,
    `http://localhost:${port}.evil.example`,
    `http://localhost:${port}@evil.example`,
    `https://localhost:${port}`,
    `http://localhost:${port + 1}`,
    "http://localhost",
    `http://localhost:${port}/`,
    `http://LOCALHOST:${port}`,
    "null",
    "",
  ];

  test("a foreign origin is refused on every route, posts included", async () => {
    const { port } = await startServer({ mounts: { "/sample": (_, response) => void response.end("mounted") } });

    for (const origin of FOREIGN(port)) {
      for (const [method, path] of ROUTES) {
        const headers = { origin, "content-type": "application/json" };
        const answer = await send(port, { method, path, headers });
        expect([origin, method, path, answer.status]).toEqual([origin, method, path, 403]);
        expect(answer.headers["access-control-allow-origin"]).toBeUndefined();
      }
    }
  });

  test("our own origins may send, and a listed one too", async () => {
    const { port } = await startServer({ allowedOrigins: ["http://localhost:3000"] });
    const origins = [`http://localhost:${port}`, `http://127.0.0.1:${port}`, `http://[::1]:${port}`, "http://localhost:3000"];

    for (const origin of origins) {
      const answer = await post(port, new Uint8Array([1]), { origin });
      expect([origin, answer.status]).toEqual([origin, 200]);
      expect(answer.headers["access-control-allow-origin"]).toBe(origin);
    }
  });

  test("a preflight is answered for allowed origins only, and allows the local network only for them", async () => {
    const { port } = await startServer({ allowedOrigins: ["http://localhost:3000"] });
    const ask = (origin: string): Parameters<typeof send>[1] => ({
      method: "OPTIONS",
      path: "/v1/traces",
      headers: {
        origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type,content-encoding",
        "access-control-request-private-network": "true",
      },
    });

    const listed = await send(port, ask("http://localhost:3000"));
    const foreign = await send(port, ask("http://localhost:3001"));

    expect(listed.status).toBe(204);
    expect(listed.headers["access-control-allow-origin"]).toBe("http://localhost:3000");
    expect(listed.headers["access-control-allow-methods"]).toBe("POST");
    expect(listed.headers["access-control-allow-headers"]).toBe("content-type,content-encoding");
    expect(listed.headers["access-control-allow-private-network"]).toBe("true");
    expect(foreign.status).toBe(403);
    expect(Object.keys(foreign.headers).filter((name) => name.startsWith("access-control"))).toEqual([]);
  });

  test("a listed origin may not read, use the mounts or load the page", async () => {
    const mounts = { "/sample": (_: unknown, response: { end(text: string): void }): void => response.end("mounted") };
    const { port, token } = await startServer({ allowedOrigins: ["http://localhost:3000"], mounts });
    const headers = { origin: "http://localhost:3000", authorization: `Bearer ${token}` };

    for (const path of ["/api/stream", "/sample/ask", "/"]) {
      expect([path, (await send(port, { path, headers })).status]).toEqual([path, 403]);
    }
  });

  test("something that is no origin cannot be listed", async () => {
    for (const origin of ["*", "localhost:3000", "http://localhost:3000/", "file:///", "http://a b", "null"]) {
      await expect(startServer({ allowedOrigins: [origin] })).rejects.toThrow("not an origin");
    }
  });
});

describe("Reading", () => {
  test("needs the token, as a bearer, in full", async () => {
    const { port, token } = await startServer();
    const wrong = [
      undefined,
      "",
      token,
      `Bearer`,
      `Bearer `,
      `Bearer ${token}x`,
      `Bearer ${token.slice(1)}`,
      `Basic ${token}`,
      `bearer ${token}`,
    ];

    for (const authorization of wrong) {
      const answer = await send(port, { path: "/api/stream", headers: authorization === undefined ? {} : { authorization } });
      expect([authorization, answer.status]).toEqual([authorization, 403]);
    }
    const inQuery = await send(port, { path: `/api/stream?token=${token}` });
    expect(inQuery.status).toBe(403);
  });

  test("is for the very origin the page has, not for another of our names", async () => {
    const { port, token } = await startServer();
    const headers = { authorization: `Bearer ${token}`, host: `127.0.0.1:${port}`, origin: `http://localhost:${port}` };

    const other = await send(port, { path: "/api/stream", headers });
    const crossSite = await send(port, {
      path: "/api/stream",
      headers: { authorization: `Bearer ${token}`, "sec-fetch-site": "cross-site" },
    });

    expect(other.status).toBe(403);
    expect(crossSite.status).toBe(403);
  });

  test("each server has a token of its own", async () => {
    const [first, second] = [await startServer(), await startServer()];

    const reader = await readStream(second, 0, first.token);

    expect(first.token).not.toBe(second.token);
    expect(reader.status).toBe(403);
    reader.close();
  });
});
