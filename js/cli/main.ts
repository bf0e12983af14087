#!/usr/bin/env node
// The command `spandrel`, and what scripts of this project start the receiver with.
import { realpathSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { VERSION } from "../version.js";
import { openInBrowser } from "./browser.js";
import { runCommand } from "./command.js";
import { loadCoreDecoder } from "./core_decoder.js";
import { startViewServer, type ViewServer, type ViewServerOptions } from "./view.js";

export type { Mount, ViewServer, ViewServerOptions } from "./view.js";

/** dist/page, beside the folder this file is built into. */
const PAGE_DIR = fileURLToPath(new URL("../page", import.meta.url));

/** The receiver with the built page and the core's decoder. */
export async function startLocalViewer(options: Omit<ViewServerOptions, "pageDir" | "decoder"> = {}): Promise<ViewServer> {
  return startViewServer({ ...options, pageDir: PAGE_DIR, decoder: await loadCoreDecoder() });
}

async function runFromShell(argv: string[]): Promise<void> {
  const result = await runCommand(argv, {
    version: VERSION,
    pageDir: PAGE_DIR,
    loadDecoder: loadCoreDecoder,
    print: (line) => void process.stdout.write(`${line}\n`),
    printError: (line) => void process.stderr.write(`${line}\n`),
    openInBrowser,
  });
  if ("exitCode" in result) {
    process.exitCode = result.exitCode;
    return;
  }
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => void result.close().then(() => process.exit(0)));
  }
}

// npm runs the command through a link, so the real paths are compared.
const started = process.argv[1];
if (started !== undefined && realpathSync(started) === fileURLToPath(import.meta.url)) void runFromShell(process.argv.slice(2));
