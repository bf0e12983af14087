// What is said when the module's file is not what it should be.

import { expect, test } from "@jest/globals";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { loadModule } from "../../js/load/load_module.js";

const FOLDER = process.env["SPANDREL_MODULE_FOLDER"] ?? join(__dirname, "../../build/module");
const CORE = readFileSync(join(FOLDER, "spandrel_core.wasm"));

function answer(body: BodyInit | null, status: number, type: string): Promise<Response> {
  const response = new Response(body, { status, headers: { "content-type": type } });
  Object.defineProperty(response, "url", { value: "https://app.example/assets/spandrel_core.wasm?v=1" });
  return Promise.resolve(response);
}

test.each([
  ["is missing", answer("no", 404, "text/plain"), "answered 404"],
  ["is a page", answer("<!doctype html>", 200, "text/html; charset=utf-8"), "answered with a page"],
])("TheFile: %s", async (_, source, said) => {
  await expect(loadModule({ source, isFull: false })).rejects.toThrow(
    `https://app.example/assets/spandrel_core.wasm ${said}: the module's file must stand there, or be named by init({ wasm })`,
  );
});

test("TheFileOfTheOtherModuleIsSaidToBeThat", async () => {
  const loading = loadModule({ source: CORE, isFull: true });
  await expect(loading).rejects.toMatchObject({
    errorCode: "INVALID_PARAMETER_VALUE",
    message: 'the WebAssembly that was given is not the module "full" of this version',
  });
});

test("TheFileIsTakenAsBytesAndWithoutItsType", async () => {
  for (const source of [CORE, answer(CORE, 200, ""), answer(CORE, 200, "application/wasm")])
    expect(await loadModule({ source, isFull: false })).toHaveProperty("stagingAddress");
});
