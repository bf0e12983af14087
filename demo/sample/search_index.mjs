// Full-text search over passages: BM25, as in Robertson and Zaragoza, with a light stemmer.

/** Saturation of repeated terms, and how much a passage's length counts. */
const K1 = 1.2;
const B = 0.75;
/** A term in a heading tells as much as this many in the text. */
const HEADING_WEIGHT = 3;

const STOP_WORDS = new Set(
  (
    "a about according all also an and any are as at be been but by can could did do does for from had has have how i if in " +
    "into is it its many may me more most much must no not of on one or our say says should so some such tell than that the " +
    "their them then there these they this those to was we were what when where which while who whom why will with would you your"
  ).split(" "),
);

/** @returns {string[]} terms in order: lower case, without stop words, stemmed */
export function termsOf(text) {
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  return words.filter((word) => !STOP_WORDS.has(word)).map(stem);
}

/** Cuts English endings so that "traces", "traced" and "tracing" meet. Not a dictionary: a few rules. */
function stem(word) {
  if (word.length <= 3) return word;
  let root = word;
  if (root.endsWith("ies")) root = `${root.slice(0, -3)}y`;
  else if (root.endsWith("s") && !/(ss|us|is)$/.test(root)) root = root.slice(0, -1);
  root = root.replace(/(?<=...)(?:ing|ed|er|ly)$/, "");
  return root.replace(/(?<=...)e$/, "");
}

/**
 * @param {import("./documents.mjs").Passage[]} passages
 */
export function createSearchIndex(passages) {
  const postings = new Map(); // term → [index of the passage, weight]
  const lengths = passages.map((passage, index) => {
    const weights = new Map();
    for (const term of termsOf(passage.text)) weights.set(term, (weights.get(term) ?? 0) + 1);
    for (const term of termsOf(passage.heading)) weights.set(term, (weights.get(term) ?? 0) + HEADING_WEIGHT);
    let length = 0;
    for (const [term, weight] of weights) {
      length += weight;
      if (!postings.has(term)) postings.set(term, []);
      postings.get(term).push([index, weight]);
    }
    return length;
  });
  const meanLength = lengths.reduce((sum, length) => sum + length, 0) / Math.max(1, lengths.length);

  /** How much a term tells: rare terms more. */
  const weightOf = (term) => {
    const count = postings.get(term)?.length ?? 0;
    return Math.log(1 + (passages.length - count + 0.5) / (count + 0.5));
  };

  return {
    size: passages.length,
    weightOf,
    /** Passages that share a term with the query, the best first; equal scores in the order of the documents. */
    score(query) {
      const scores = new Map();
      for (const term of new Set(termsOf(query))) {
        for (const [index, weight] of postings.get(term) ?? []) {
          const norm = K1 * (1 - B + (B * lengths[index]) / meanLength);
          const gain = (weightOf(term) * weight * (K1 + 1)) / (weight + norm);
          scores.set(index, (scores.get(index) ?? 0) + gain);
        }
      }
      return [...scores]
        .sort(([a, scoreA], [b, scoreB]) => scoreB - scoreA || a - b)
        .map(([index, score]) => ({ passage: passages[index], score }));
    },
  };
}

/**
 * Picks `limit` results that say different things: each next one is worth its score less what its terms share with
 * those already picked (maximal marginal relevance).
 */
export function diversify(results, limit) {
  const rest = results.slice(0, limit * 4).map((result) => ({ ...result, terms: new Set(termsOf(result.passage.text)) }));
  const best = rest[0]?.score ?? 1;
  const picked = [];
  while (picked.length < limit && rest.length > 0) {
    let choice = 0;
    let worth = -Infinity;
    rest.forEach((result, index) => {
      const repeats = Math.max(0, ...picked.map((other) => overlap(result.terms, other.terms)));
      const value = 0.8 * (result.score / best) - 0.2 * repeats;
      if (value > worth) [choice, worth] = [index, value];
    });
    picked.push(...rest.splice(choice, 1));
  }
  return picked.map(({ passage, score }) => ({ passage, score }));
}

function overlap(a, b) {
  let shared = 0;
  for (const term of a) if (b.has(term)) shared += 1;
  return shared / Math.max(1, Math.min(a.size, b.size));
}
