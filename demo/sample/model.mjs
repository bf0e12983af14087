// The "model" of the sample: small, local and honest about what it is.
//
// It is not a language model. decide() follows a handful of rules over the conversation so far; answer() picks
// sentences out of the passages it was given and puts them together. What it reports is real all the same: its
// tokens are those of its own tokenizer, counted, and an answer streams token by token as it is composed.
import { sentencesOf } from "./documents.mjs";
import { termsOf } from "./search_index.mjs";

export const MODEL_NAME = "extractive-answerer";
const MAX_SENTENCES = 3;

/** @typedef {{ role: string, content: string, name?: string, tool_calls?: object[] }} Message */

/** Words and marks with the space before them; joined again they give the text. */
export function tokenize(text) {
  return text.match(/\s*(?:[\p{L}\p{N}]+|[^\s\p{L}\p{N}])|\s+$/gu) ?? [];
}

/** @param {Message[]} messages */
export function countTokens(messages) {
  return messages.reduce((sum, { content, tool_calls }) => {
    return sum + tokenize(content ?? "").length + (tool_calls ? tokenize(JSON.stringify(tool_calls)).length : 0);
  }, 0);
}

/**
 * The next step: a tool to call, or null when there is enough to answer with.
 * @param {Message[]} messages the conversation: system, user, and the results of tools so far
 * @returns {{ name: string, arguments: Record<string, unknown> } | null}
 */
export function decide(messages) {
  const question = messages.findLast(({ role }) => role === "user")?.content ?? "";
  const done = new Map(messages.filter(({ role }) => role === "tool").map(({ name, content }) => [name, content]));
  const file = /[\w./-]+\.md\b/.exec(question)?.[0];

  if (/\bhow many words\b/i.test(question)) {
    if (!done.has("count_words")) return { name: "count_words", arguments: { path: file ?? "README.md" } };
    const speed = /(\d+) words (?:a|per) minute/i.exec(question)?.[1];
    const words = /"words":(\d+)/.exec(done.get("count_words"))?.[1];
    if (speed && words && !done.has("calculate")) {
      return { name: "calculate", arguments: { expression: `${words} / ${speed}` } };
    }
    return null;
  }
  const expression = /\d[\d\s.]*(?:[-+*/]\s*[\d.()\s]+)+/.exec(question)?.[0].trim();
  if (expression && !file) return done.has("calculate") ? null : { name: "calculate", arguments: { expression } };

  const heading = /\bheadings? (?:about|for|on) "?([^"?]+)"?/i.exec(question)?.[1]?.trim();
  if (heading) return done.has("look_up_heading") ? null : { name: "look_up_heading", arguments: { text: heading } };

  if (file && !done.has("open_document")) return { name: "open_document", arguments: { path: file } };
  const opened = done.get("open_document");
  if (opened !== undefined && !opened.startsWith("error:")) return null;
  return done.has("search_documents")
    ? null
    : { name: "search_documents", arguments: { query: question.replace(file ?? "", " ").trim() } };
}

/**
 * Chooses sentences for a question: those whose terms it shares, weighted by how rare the terms are, each next one
 * for the terms not yet covered; given back in the order of the passages.
 * @param {string} question
 * @param {import("./documents.mjs").Passage[]} passages
 * @param {(term: string) => number} weightOf
 */
export function chooseSentences(question, passages, weightOf) {
  const wanted = new Map([...new Set(termsOf(question))].map((term) => [term, weightOf(term)]));
  const defined = /\bwhat (?:is|are) (?:an? |the )?([\w-]+)/i.exec(question)?.[1]?.toLowerCase();
  const candidates = passages.flatMap((passage, rank) =>
    sentencesOf(passage.text).map((text, place) => ({ text, path: passage.path, heading: passage.heading, rank, place })),
  );
  const chosen = [];
  while (chosen.length < MAX_SENTENCES) {
    let best = null;
    for (const candidate of candidates) {
      if (chosen.some(({ text }) => text === candidate.text)) continue;
      const terms = new Set(termsOf(candidate.text));
      let value = 0;
      for (const [term, weight] of wanted) if (terms.has(term)) value += weight;
      // "What is X" asks for the sentence that says "X is …".
      if (defined && new RegExp(`^(?:an? |the )?${defined} (?:is|are)\\b`, "i").test(candidate.text)) value *= 4;
      value /= 1 + terms.size / 40 + candidate.rank / 4; // long sentences and late passages have to offer more
      if (value > 0 && value > (best?.value ?? 0)) best = { ...candidate, value, terms };
    }
    if (!best) break;
    chosen.push(best);
    for (const term of best.terms) if (wanted.has(term)) wanted.set(term, wanted.get(term) / 4);
  }
  return chosen
    .sort((a, b) => a.rank - b.rank || a.place - b.place)
    .map(({ text, path, heading, value }) => ({ text, path, heading, score: value }));
}

/**
 * Composes an answer and gives it token by token.
 * @param {{ sentences: ReturnType<typeof chooseSentences>, toolResults: Message[] }} material
 * @returns {AsyncGenerator<string, void>}
 */
export async function* answer({ sentences, toolResults }) {
  const parts = toolResults.map(inWords).filter(Boolean);
  parts.push(...sentences.map(({ text }) => (/[.!?:]$/.test(text) ? text : `${text}.`)));
  const sources = [...new Set(sentences.map(({ path }) => path))];
  if (parts.length === 0) parts.push("The documents do not say.");
  if (sources.length > 0) parts.push(`(From ${sources.join(", ")}.)`);
  for (const [index, part] of parts.entries()) {
    for (const token of tokenize(index === 0 ? part : ` ${part}`)) {
      await new Promise((resolve) => setImmediate(resolve)); // one turn a token: a reader sees it grow
      yield token;
    }
  }
}

function inWords({ name, content }) {
  if (content.startsWith("error:")) return null;
  const result = JSON.parse(content);
  if (name === "count_words") return `${result.path} has ${result.words} words.`;
  if (name === "calculate") return `${result.expression} = ${Number(result.value.toFixed(2))}.`;
  if (name !== "look_up_heading") return null;
  if (result.length === 0) return "No heading says that.";
  return `Headings: ${result
    .slice(0, 5)
    .map(({ path, heading }) => `${heading} (${path})`)
    .join("; ")}.`;
}
