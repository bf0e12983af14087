// The package as one ES module, for tests that run it in a process of their own.
import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

const ROOT = join(__dirname, "../../..");

/** A new folder with index.mjs; whoever asks removes it. */
export async function bundledPackage(prefix: string): Promise<string> {
  // Two levels below the root, as js/load is: the module is found at ../../build/module.
  const folder = mkdtempSync(join(ROOT, "build", prefix));
  await build({
    entryPoints: [join(ROOT, "js/index.ts")],
    bundle: true,
    format: "esm",
    platform: "node",
    conditions: ["node"],
    external: ["../../build/module/*"],
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    splitting: true,
    logLevel: "silent",
  });
  return folder;
}
