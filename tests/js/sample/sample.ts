// The sample's modules with the types the tests rely on; they are plain JavaScript and declare none.
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

export interface Document {
  path: string;
  text: string;
}
export interface Passage extends Document {
  id: string;
  heading: string;
}
export interface Result {
  passage: Passage;
  score: number;
}
export interface Message {
  role: string;
  content: string;
  name?: string;
}
export interface Sentence {
  text: string;
  path: string;
}
interface Tool {
  name: string;
  run(args: Record<string, unknown>): Promise<unknown>;
}

interface Documents {
  loadDocuments(root: string): Promise<Document[]>;
  splitIntoPassages(document: Document): Passage[];
  sentencesOf(text: string): string[];
  countWords(text: string): number;
}
interface SearchIndex {
  size: number;
  score(query: string): Result[];
  weightOf(term: string): number;
}
interface Search {
  termsOf(text: string): string[];
  createSearchIndex(passages: Passage[]): SearchIndex;
  diversify(results: Result[], limit: number): Result[];
}
interface Model {
  tokenize(text: string): string[];
  countTokens(messages: Message[]): number;
  decide(messages: Message[]): { name: string; arguments: Record<string, unknown> } | null;
  chooseSentences(question: string, passages: Passage[], weightOf: (term: string) => number): Sentence[];
  answer(material: { sentences: Sentence[]; toolResults: Message[] }): AsyncGenerator<string, void>;
}
interface Tools {
  createTools(root: string, documents: Document[]): Tool[];
}
interface Calculator {
  calculate(expression: string): number;
}

const load = (name: string): Promise<unknown> => import(`../../../demo/sample/${name}.mjs`) as Promise<unknown>;

export const loadSample = async (): Promise<Documents & Search & Model & Tools & Calculator> => {
  const names = ["documents", "search_index", "model", "tools", "calculator"];
  const modules = await Promise.all(names.map(load));
  return Object.assign({}, ...modules) as Documents & Search & Model & Tools & Calculator;
};

/** A small project with documents of its own. */
export function makeProject(files: Record<string, string>): string {
  const root = mkdtempSync(join(tmpdir(), "spandrel-project-"));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}
