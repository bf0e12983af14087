// The size budget (scripts/size_budget.json, bytes): prints raw, gzip and brotli sizes and fails above a limit.
// A raised limit takes a line in the changelog. "bundle" is measured as an application would ship it: esbuild,
// browser condition, minified; chunks that are loaded lazily are listed but do not count.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { bundle, sizesOf } from "./bundle_size.mjs";
import { ROOT, StepError, main } from "./commands.mjs";

main(import.meta.url, async () => {
  const budget = JSON.parse(readFileSync(join(ROOT, "scripts/size_budget.json"), "utf8"));
  const faults = [];
  console.log(row("", "raw", "gzip", "brotli", "budget (gzip)"));
  for (const [name, entry] of Object.entries(budget)) {
    const isMissing = entry.files?.some((file) => !existsSync(join(ROOT, file)));
    if (isMissing && entry.optional) continue;
    if (isMissing) throw new StepError(`check-size: ${entry.files.join(", ")} is not built (npm run build)`);
    const contents = entry.files ? entry.files.map((file) => readFileSync(join(ROOT, file))) : await bundle(entry.bundle, ROOT);
    const sizes = sizesOf(contents);
    console.log(row(name, sizes.raw, sizes.gzip, sizes.brotli, entry.gzip ?? ""));
    for (const measure of ["raw", "gzip", "brotli"]) {
      if (entry[measure] !== undefined && sizes[measure] > entry[measure]) {
        faults.push(`${name}: ${sizes[measure]} bytes ${measure}, the budget is ${entry[measure]}`);
      }
    }
  }
  for (const fault of faults) console.error(fault);
  if (faults.length > 0) throw new StepError("check-size: over the budget");
  console.log("check-size: within the budget");
});

const row = (name, ...cells) => String(name).padEnd(30) + cells.map((cell) => String(cell).padStart(14)).join("");
