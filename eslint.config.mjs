// Every rule that is switched off says why.
import js from "@eslint/js";
import tseslint from "typescript-eslint";

export default tseslint.config(
  { ignores: ["build/", "dist/", "node_modules/", "coverage/"] },
  js.configs.recommended,
  ...tseslint.configs.recommended,
  {
    rules: {
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/consistent-type-imports": "error",
      // A name that starts with _ says that it is not used: a parameter a signature demands.
      "@typescript-eslint/no-unused-vars": [
        "error",
        { argsIgnorePattern: "^_", varsIgnorePattern: "^_", caughtErrorsIgnorePattern: "^_" },
      ],
      "no-eval": "error",
      "no-implied-eval": "error",
      "no-new-func": "error",
      eqeqeq: ["error", "always", { null: "ignore" }],
      "prefer-const": ["error", { destructuring: "all" }],
      // An empty catch is how "must never hurt the host" is written; a comment says why.
      "no-empty": ["error", { allowEmptyCatch: true }],
    },
  },
  {
    // A lost promise is a lost span: only the sources have the types this rule needs.
    files: ["js/**/*.ts"],
    languageOptions: { parserOptions: { projectService: true } },
    rules: { "@typescript-eslint/no-floating-promises": "error", "@typescript-eslint/no-misused-promises": "error" },
  },
  {
    files: ["**/*.mjs", "**/*.cjs"],
    languageOptions: {
      globals: globalsOf(
        "process console Buffer URL setTimeout clearTimeout setInterval clearInterval setImmediate performance fetch globalThis document window require module __filename __dirname WebAssembly TextDecoder TextEncoder Response Request Headers AbortController AbortSignal structuredClone queueMicrotask crypto",
      ),
    },
    // CommonJS files are CommonJS on purpose.
    rules: { "@typescript-eslint/no-require-imports": "off" },
  },
);

function globalsOf(names) {
  return Object.fromEntries(names.split(" ").map((name) => [name, "readonly"]));
}
