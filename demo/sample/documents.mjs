// The project's own documents, cut into passages an answer can quote.
import { readdir, readFile } from "node:fs/promises";
import { join, posix } from "node:path";

const TOP_LEVEL = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md"];
const MAX_FILES = 200;
const MAX_FILE_BYTES = 1024 * 1024;
/** A passage ends with the paragraph that passes this many words. */
const PASSAGE_WORDS = 120;

/**
 * @typedef {{ path: string, text: string }} Document   path relative to the project, with `/`
 * @typedef {{ id: string, path: string, heading: string, text: string }} Passage
 *   heading: the headings above it, joined by " › "
 */

/** @param {string} root the project's folder @returns {Promise<Document[]>} in the order of their paths */
export async function loadDocuments(root) {
  const paths = [...TOP_LEVEL, ...(await markdownUnder(root, "docs"))].slice(0, MAX_FILES);
  const documents = [];
  for (const path of paths) {
    const bytes = await readFile(join(root, path)).catch(() => null);
    if (bytes && bytes.length <= MAX_FILE_BYTES) documents.push({ path, text: bytes.toString("utf8") });
  }
  return documents;
}

async function markdownUnder(root, folder) {
  const entries = await readdir(join(root, folder), { withFileTypes: true }).catch(() => []);
  const paths = [];
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = posix.join(folder, entry.name);
    if (entry.isDirectory()) paths.push(...(await markdownUnder(root, path)));
    else if (entry.isFile() && entry.name.endsWith(".md")) paths.push(path);
  }
  return paths;
}

/** @param {Document} document @returns {Passage[]} */
export function splitIntoPassages({ path, text }) {
  const passages = [];
  const headings = [];
  let lines = [];
  const flush = () => {
    const body = lines.join("\n").trim();
    lines = [];
    if (body === "") return;
    const id = `${path}#${passages.length + 1}`;
    passages.push({ id, path, heading: headings.filter(Boolean).join(" › "), text: body });
  };

  let inCode = false;
  for (const line of text.split(/\r?\n/)) {
    if (/^\s*(```|~~~)/.test(line)) inCode = !inCode;
    const heading = inCode ? null : /^(#{1,6})\s+(.*?)\s*#*$/.exec(line);
    if (heading) {
      flush();
      headings.length = heading[1].length - 1;
      headings[heading[1].length - 1] = plainText(heading[2]);
      continue;
    }
    lines.push(line);
    if (!inCode && line.trim() === "" && countWords(lines.join(" ")) >= PASSAGE_WORDS) flush();
  }
  flush();
  return passages;
}

/** Markdown as a reader sees it: no emphasis marks, code ticks, links' addresses or pictures. */
export function plainText(markdown) {
  return markdown
    .replace(/!\[[^\]]*\]\([^)]*\)/g, "")
    .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replace(/[*`]+/g, "")
    .replace(/[ \t]+/g, " ")
    .trim();
}

/** Sentences of a passage's prose; code blocks, tables and HTML are left out. */
export function sentencesOf(text) {
  const prose = text
    .replace(/^\s*(```|~~~)[\s\S]*?^\s*\1.*$/gm, "")
    .replace(/^\s*[|<].*$/gm, "")
    .replace(/^\s*(?:[-*+]|\d+\.)\s+/gm, "\n\n");
  const sentences = [];
  for (const paragraph of prose.split(/\n\s*\n/)) {
    const flat = plainText(paragraph.replace(/\s*\n\s*/g, " "));
    // A sentence ends where its mark is followed by a space and something that can begin the next one.
    for (const sentence of flat.split(/(?<=[.!?])\s+(?=[\p{Lu}\d"(])/u)) {
      if (countWords(sentence) >= 4) sentences.push(sentence.trim());
    }
  }
  return sentences;
}

export function countWords(text) {
  return text.match(/[\p{L}\p{N}][\p{L}\p{N}'’-]*/gu)?.length ?? 0;
}
