import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { mkdtempSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { parseArguments } from "../../../js/cli/args.js";
import { runCommand, type CommandHost } from "../../../js/cli/command.js";
import type { ViewServer } from "../../../js/cli/view.js";
import { countingDecoder, makePageDir, readStream } from "./harness.js";

const opened: string[] = [];
let printed: string[] = [];
let errors: string[] = [];
const running: ViewServer[] = [];

beforeEach(() => {
  printed = [];
  errors = [];
  opened.length = 0;
});
afterEach(() => Promise.all(running.splice(0).map((server) => server.close())));

const host: CommandHost = {
  version: "1.2.3",
  pageDir: makePageDir(),
  loadDecoder: () => Promise.resolve(countingDecoder),
  print: (line) => void printed.push(line),
  printError: (line) => void errors.push(line),
  openInBrowser: (url) => void opened.push(url),
};

async function run(...argv: string[]): Promise<{ exitCode?: number; server?: ViewServer }> {
  const result: { exitCode?: number; server?: ViewServer } = await runCommand(argv, host);
  if (result.server) running.push(result.server);
  return result;
}

function makeFile(name: string, content: string | Uint8Array): string {
  const path = join(mkdtempSync(join(tmpdir(), "spandrel-file-")), name);
  writeFileSync(path, content);
  return path;
}

describe("Arguments", () => {
  test("view takes files and options in any order", () => {
    const expected = {
      kind: "view",
      files: ["a.json", "b.pb"],
      port: 5000,
      open: true,
      allowedOrigins: ["http://localhost:3000"],
      mlflow: null,
    };

    expect(
      parseArguments(["view", "a.json", "--port", "5000", "b.pb", "--open", "--allow-origin", "http://localhost:3000"]),
    ).toEqual(expected);
    expect(
      parseArguments(["view", "--allow-origin=http://localhost:3000", "--open", "--port=5000", "--", "a.json", "b.pb"]),
    ).toEqual(expected);
    expect(parseArguments(["view"])).toEqual({
      kind: "view",
      files: [],
      port: 4318,
      open: false,
      allowedOrigins: [],
      mlflow: null,
    });
    expect(parseArguments(["view", "--", "--open"])).toMatchObject({ files: ["--open"], open: false });
  });

  test.each([
    [["show"], "unknown command show"],
    [["convert", "a", "b"], "unknown command convert"],
    [["--port", "1"], "unknown option --port"],
    [["view", "--prot", "1"], "unknown option --prot"],
    [["view", "--port"], "--port needs a value"],
    [["view", "--port", "many"], "--port needs a number from 0 to 65535, not many"],
    [["view", "--port=65536"], "--port needs a number from 0 to 65535, not 65536"],
    [["view", "--port", "-1"], "--port needs a number from 0 to 65535, not -1"],
    [["view", "--open=yes"], "--open takes no value"],
    [["view", "--allow-origin", "*"], "--allow-origin needs an origin such as http://localhost:3000, not *"],
  ])("%j is refused with words", async (argv, message) => {
    expect(parseArguments(argv)).toEqual({ kind: "error", message });

    const { exitCode } = await run(...argv);

    expect(exitCode).toBe(2);
    expect(errors).toEqual([`spandrel: ${message}`, "Try spandrel --help."]);
    expect(printed).toEqual([]);
  });

  test("help and version go to standard output", async () => {
    for (const argv of [[], ["--help"], ["help"], ["view", "--help"]]) {
      expect((await run(...argv)).exitCode).toBe(0);
      expect(printed.pop()).toContain("Usage: spandrel view [files…]");
    }
    await run("--version");
    expect(printed.pop()).toBe("1.2.3");
    expect(errors).toEqual([]);
  });
});

describe("spandrel view", () => {
  test("prints where to send and what to open, and opens it where asked", async () => {
    const { server } = await run("view", "--port", "0", "--open");

    expect(printed).toEqual([`Traces: POST ${server?.origin}/v1/traces`, `Page:   ${server?.url}`]);
    expect(opened).toEqual([server?.url]);
  });

  test("says which port it took instead of a taken one", async () => {
    const blocker = createServer();
    await new Promise<void>((resolve) => blocker.listen(0, "127.0.0.1", resolve));
    const taken = (blocker.address() as AddressInfo).port;

    const { server } = await run("view", "--port", String(taken));

    expect(printed[0]).toBe(`Port ${taken} is taken, using ${server?.port}.`);
    await new Promise((resolve) => blocker.close(resolve));
  });

  test("shows files: protobuf, JSON, JSON lines and gzip, told by content", async () => {
    const files = [
      makeFile("a.json", Buffer.from([1, 1, 1])), // protobuf, whatever its name says
      makeFile("b.bin", ' \n{"spans":2}'.trimStart()),
      makeFile("c.txt", '{"spans":1}\n{"spans":1}\n\n{"spans":2}\n'),
      makeFile("d", gzipSync('{"spans":5}')),
      makeFile("e.json", '{"spans":1\n,\n"x": 1\n}'),
    ];

    const { server } = await run("view", "--port", "0", ...files);

    expect(printed.slice(0, 5)).toEqual(
      files.map((file, index) => `${file}: ${[3, 2, 4, 5, 1][index]} ${index === 4 ? "span" : "spans"}`),
    );
    expect(errors).toEqual([]);
    const reader = await readStream(server as ViewServer);
    const status = await reader.next((frame) => frame.type === 3);
    reader.close();
    expect(JSON.parse(status.payload.toString())).toMatchObject({ requests: 7, spans: 15 });
  });

  test("names files that cannot be read, keeps what can, and goes on", async () => {
    const good = makeFile("good", Buffer.from([1]));
    const cut = makeFile("cut", Buffer.from([1, 1, 7]));
    const lines = makeFile("lines", '{"spans":1}\nrubbish\n{"spans":1}');

    const { server } = await run("view", "--port", "0", "/nowhere/x.json", good, cut, lines, tmpdir());

    expect(server).toBeDefined();
    expect(errors).toEqual([
      "spandrel: /nowhere/x.json: no such file",
      `spandrel: ${cut}: unexpected byte at byte 2`,
      `spandrel: ${lines}: line 2: unexpected byte at byte 0`,
      `spandrel: ${tmpdir()}: is a folder`,
    ]);
    expect(printed.slice(0, 3)).toEqual([`${good}: 1 span`, `${cut}: 2 spans`, `${lines}: 2 spans`]);
  });

  test("ends with an error when no file can be read", async () => {
    const { exitCode } = await run("view", "--port", "0", "/nowhere/x.json");

    expect(exitCode).toBe(1);
    expect(errors.at(-1)).toBe("spandrel: none of the files could be read");
  });

  test("ends with the reason when the core cannot be loaded", async () => {
    const result = await runCommand(["view"], { ...host, loadDecoder: () => Promise.reject(new Error("no module")) });

    expect(result).toEqual({ exitCode: 1 });
    expect(errors).toEqual(["spandrel: no module"]);
  });
});
