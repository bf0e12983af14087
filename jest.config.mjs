// Tests run the TypeScript sources against the built module: `node scripts/build.mjs wasm modules` comes first.
export default {
  testEnvironment: "node",
  roots: ["<rootDir>/tests/js"],
  testMatch: ["**/*.test.ts"],
  transform: { "\\.([cm]?ts|mjs)$": "<rootDir>/scripts/jest_transform.cjs" },
  // The glue is built CommonJS and needs no second look.
  transformIgnorePatterns: ["/node_modules/", "/build/module(-debug)?/.*\\.cjs$"],
  extensionsToTreatAsEsm: [],
  moduleFileExtensions: ["ts", "js", "mjs", "cjs", "json"],
  moduleNameMapper: {
    "^#platform$": "<rootDir>/js/platform/node.ts",
    "^#host$": "<rootDir>/js/platform/node_host.ts",
    "^#export-platform$": "<rootDir>/js/platform/node_http.ts",
    // Sources import "./span.js", as the built files will; the file is span.ts.
    "^(\\.{1,2}/.*)\\.js$": "$1",
  },
  modulePathIgnorePatterns: ["<rootDir>/build/(?!module)", "<rootDir>/dist/"],
  setupFilesAfterEnv: ["<rootDir>/tests/js/end_of_file.ts"],
  testTimeout: 20_000,
};
