// Tests of the page in a real browser: `npm run build` comes first. They drive Chromium through playwright-core
// and are never part of the plain Jest run.
import base from "../../jest.config.mjs";

export default {
  ...base,
  rootDir: "../..",
  roots: ["<rootDir>/tests/browser"],
  testTimeout: 120_000,
};
