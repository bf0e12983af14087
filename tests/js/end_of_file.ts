// After the last test of a file its tracer ends: timers of batches, timeouts and displays would go on in
// a realm that Jest has taken apart, and say so in the middle of other files.

import { afterAll } from "@jest/globals";

interface Ending {
  control?: { shutdown(options: { timeoutMillis: number }): Promise<unknown> } | null;
}

afterAll(async () => {
  const realm = globalThis as unknown as Record<symbol, Ending | undefined>;
  const tracers = Object.getOwnPropertySymbols(realm).filter((key) => key.description?.startsWith("spandrel.tracer"));
  for (const key of tracers) await realm[key]?.control?.shutdown({ timeoutMillis: 0 });
  await new Promise((resolve) => setTimeout(resolve, 0)); // what was put off to the next task
});
