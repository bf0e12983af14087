// A step is skipped when nothing it reads has changed: the hash of its inputs is kept in build/stamps.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./commands.mjs";

const FOLDER = join(ROOT, "build", "stamps");

/** Every file below the given files and folders, sorted, as paths relative to the project. */
export function filesBelow(paths) {
  const found = [];
  const visit = (path) => {
    const full = join(ROOT, path);
    if (!existsSync(full)) return;
    if (!statSync(full).isDirectory()) return void found.push(path);
    for (const name of readdirSync(full)) if (name !== "node_modules") visit(join(path, name));
  };
  paths.forEach(visit);
  return found.sort();
}

/** Hash of the contents of files and folders, and of words such as versions and options. */
export function hashOf(paths, words = []) {
  const hash = createHash("sha256");
  for (const path of filesBelow(paths))
    hash
      .update(path)
      .update("\0")
      .update(readFileSync(join(ROOT, path)))
      .update("\0");
  for (const word of words) hash.update(`${word}\0`);
  return hash.digest("hex");
}

/** Runs `work` unless the step's hash is the stored one and its outputs are there. Answers whether it ran. */
export async function onceFor(step, hash, outputs, work) {
  const file = join(FOLDER, step);
  const isFresh =
    existsSync(file) && readFileSync(file, "utf8") === hash && outputs.every((path) => existsSync(join(ROOT, path)));
  if (isFresh) return false;
  await work();
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(file, hash);
  return true;
}
