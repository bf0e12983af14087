import { afterEach, describe, expect, test } from "@jest/globals";
import { symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { closeServers, countingDecoder, makePageDir, post, send, startServer } from "./harness.js";

afterEach(closeServers);

const POLICY =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; " +
  "worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types spandrel";

describe("The page's files", () => {
  test("carry the strict headers, and so does every other answer", async () => {
    const { port } = await startServer();

    const page = await send(port, { path: "/" });
    const answers = [
      page,
      await send(port, { path: "/missing" }),
      await post(port, Buffer.from([1])),
      await send(port, { path: "/api/stream" }),
    ];

    expect(page.status).toBe(200);
    expect(page.headers["content-type"]).toBe("text/html; charset=utf-8");
    for (const { headers } of answers) {
      expect(headers["content-security-policy"]).toBe(POLICY);
      expect(headers["x-content-type-options"]).toBe("nosniff");
      expect(headers["cache-control"]).toBe("no-store");
      expect(headers["cross-origin-resource-policy"]).toBe("same-origin");
    }
  });

  test("have their types, and HEAD gives no body", async () => {
    const pageDir = makePageDir();
    writeFileSync(join(pageDir, "core.wasm"), "");
    writeFileSync(join(pageDir, "unknown.xyz"), "");
    const { port } = await startServer({ pageDir });

    const script = await send(port, { path: "/page.js?v=1" });
    const head = await send(port, { method: "HEAD", path: "/" });

    expect(script.headers["content-type"]).toBe("text/javascript; charset=utf-8");
    expect((await send(port, { path: "/core.wasm" })).headers["content-type"]).toBe("application/wasm");
    expect((await send(port, { path: "/unknown.xyz" })).status).toBe(404);
    expect([head.status, head.body.length, head.headers["content-length"]]).toEqual([200, 0, "34"]);
    expect((await send(port, { method: "POST", path: "/" })).status).toBe(405);
  });

  test("are read from their folder only", async () => {
    const pageDir = makePageDir();
    const outside = makePageDir();
    writeFileSync(join(outside, "secret.js"), "secret");
    symlinkSync(join(outside, "secret.js"), join(pageDir, "link.js"));
    writeFileSync(join(pageDir, ".hidden.js"), "hidden");
    const { port } = await startServer({ pageDir });
    const other = outside.split("/").pop() ?? "";
    const paths = [
      `/../${other}/secret.js`,
      `/..%2f${other}%2fsecret.js`,
      `/%2e%2e/${other}/secret.js`,
      `/..\\${other}\\secret.js`,
      `/%5c..%5c${other}/secret.js`,
      `//${other}/secret.js`,
      "/link.js",
      "/.hidden.js",
      "/page.js%00.html",
      "/page.js/",
      "/%",
    ];

    for (const path of paths) {
      const answer = await send(port, { path });
      expect([path, answer.status, answer.body.toString()]).toEqual([path, 404, "no such page\n"]);
    }
  });
});

describe("Mounts", () => {
  test("get what is under their prefix and nothing else", async () => {
    const { port } = await startServer({
      mounts: { "/sample": (request, response) => void response.end(`at ${request.url ?? ""}`) },
    });

    expect((await send(port, { path: "/sample/ask?x=1" })).body.toString()).toBe("at /sample/ask?x=1");
    expect((await send(port, { path: "/sample" })).body.toString()).toBe("at /sample");
    expect((await send(port, { path: "/sampler" })).status).toBe(404);
    expect((await send(port, { path: "/sample/ask", headers: { "sec-fetch-site": "cross-site" } })).status).toBe(403);
  });

  test("that throw are answered 500, and the server goes on", async () => {
    const { port } = await startServer({ mounts: { "/sample": () => Promise.reject(new Error("private detail")) } });

    const answer = await send(port, { path: "/sample/x" });

    expect([answer.status, answer.body.toString()]).toEqual([500, "internal error\n"]);
    expect((await send(port, { path: "/" })).status).toBe(200);
  });
});

describe("Listening", () => {
  test("a taken port gives the next free one", async () => {
    const blocker = createServer();
    await new Promise<void>((resolve) => blocker.listen(0, "127.0.0.1", resolve));
    const taken = (blocker.address() as AddressInfo).port;

    const server = await startServer({ port: taken });

    expect(server.port).toBeGreaterThan(taken);
    expect(server.origin).toBe(`http://127.0.0.1:${server.port}`);
    expect((await send(server.port, { path: "/" })).status).toBe(200);
    await new Promise((resolve) => blocker.close(resolve));
  });

  test("both loopback families are served where the machine has both, and no other address", async () => {
    const { port } = await startServer();
    const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
    const hasIpv6 = addresses.some(({ address }) => address === "::1");
    const outside = addresses.filter(({ internal, family }) => !internal && family === "IPv4").map(({ address }) => address);

    const overIpv6 = send(port, { address: "::1", headers: { host: `[::1]:${port}` } });
    if (hasIpv6) expect((await overIpv6).status).toBe(200);
    else await expect(overIpv6).rejects.toThrow();
    for (const address of outside) {
      await expect(send(port, { address, headers: { host: `127.0.0.1:${port}` } })).rejects.toThrow("ECONNREFUSED");
    }
  });

  test("only loopback addresses and real ports are taken", async () => {
    await expect(startServer({ host: "0.0.0.0" as never })).rejects.toThrow("only loopback");
    await expect(startServer({ port: 65_536 })).rejects.toThrow("not a port");
    await expect(startServer({ port: 1.5 })).rejects.toThrow("not a port");
  });

  test("the address holds the token in the fragment, and closing ends everything", async () => {
    const server = await startServer();

    await server.close();

    expect(server.url).toBe(`http://127.0.0.1:${server.port}/#token=${server.token}`);
    expect(server.token).toMatch(/^[\w-]{32}$/);
    await expect(send(server.port, { path: "/" })).rejects.toThrow("ECONNREFUSED");
  });

  test("requests from files count like posted ones", async () => {
    const server = await startServer();

    expect(server.add(Buffer.from([1, 1]), "protobuf")).toEqual({ spans: 2 });
    expect(server.add(Buffer.from("x"), "json")).toMatchObject({ spans: 0, error: { offset: 0 } });
    expect(countingDecoder.check(Buffer.from([1, 2]), "protobuf").error?.offset).toBe(1);
  });
});
