// What the agent can do besides answering. Each tool does its work on the real files and fails when it cannot.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { calculate } from "./calculator.mjs";
import { countWords, plainText, splitIntoPassages } from "./documents.mjs";

/**
 * @typedef {{ name: string, description: string, parameters: Record<string, string>,
 *             run(args: Record<string, any>): Promise<any> }} Tool
 */

/** @param {string} root the project's folder @param {import("./documents.mjs").Document[]} documents @returns {Tool[]} */
export function createTools(root, documents) {
  return [
    {
      name: "open_document",
      description: "Reads one document of the project and returns its passages.",
      parameters: { path: "path relative to the project, such as README.md" },
      async run({ path }) {
        return splitIntoPassages({ path, text: await read(root, path) });
      },
    },
    {
      name: "count_words",
      description: "Counts the words of one document.",
      parameters: { path: "path relative to the project, such as README.md" },
      async run({ path }) {
        return { path, words: countWords(plainText(await read(root, path))) };
      },
    },
    {
      name: "look_up_heading",
      description: "Finds headings that contain a text, in all documents.",
      parameters: { text: "what to look for, in any case" },
      async run({ text }) {
        const wanted = String(text).toLowerCase();
        const found = new Map();
        for (const { path, heading } of documents.flatMap(splitIntoPassages)) {
          if (heading.toLowerCase().includes(wanted)) found.set(`${path} ${heading}`, { path, heading });
        }
        return [...found.values()];
      },
    },
    {
      name: "calculate",
      description: "Works out an arithmetic expression.",
      parameters: { expression: "numbers, + - * / and parentheses" },
      async run({ expression }) {
        return { expression, value: calculate(String(expression)) };
      },
    },
  ];
}

// The path comes from a question somebody typed: only Markdown below the project, no way up.
async function read(root, path) {
  if (typeof path !== "string" || !/^(?:[\w-][\w.-]*\/)*[\w-][\w.-]*\.md$/.test(path) || path.includes("..")) {
    throw new Error(`not a document's path: ${String(path)}`);
  }
  try {
    return await readFile(join(root, path), "utf8");
  } catch (error) {
    // The system's message names the folder of this machine; a trace should not.
    throw Object.assign(new Error(`${path} cannot be read (${error.code})`), { code: error.code });
  }
}
