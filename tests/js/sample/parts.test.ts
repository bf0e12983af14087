import { beforeAll, describe, expect, test } from "@jest/globals";
import { loadSample, makeProject, type Message } from "./sample.js";

let sample: Awaited<ReturnType<typeof loadSample>>;
beforeAll(async () => {
  sample = await loadSample();
});

const FILES = {
  "README.md": `# Kettle

Kettle is a small boiler for tea. It runs on any stove, and it whistles when the water boils.

## Install

Put it on the stove. Fill in water first.

\`\`\`sh
# not a heading
kettle --boil
\`\`\`

| part | weight |
| --- | --- |
| lid | 40 g |
`,
  "CHANGELOG.md": "# Changelog\n\n## 1.1\n\n- The [whistle](docs/whistle.md) is **louder** than before.\n",
  "docs/whistle.md":
    "# Whistle\n\nSteam drives the whistle. A whistle that stays silent has chalk in its mouth.\n\n## Pitch\n\nThe pitch depends on the width of the mouth.\n",
  "docs/adr/1-copper.md": "# Copper\n\nThe bottom is made of copper because copper spreads heat evenly.\n",
  "docs/notes.txt": "not Markdown: copper copper copper",
  "src/secret.md": "not a document of the project: copper",
};

describe("Documents", () => {
  test("are the Markdown files of the top and of docs/, in the order of their paths", async () => {
    const documents = await sample.loadDocuments(makeProject(FILES));

    expect(documents.map(({ path }) => path)).toEqual(["README.md", "CHANGELOG.md", "docs/adr/1-copper.md", "docs/whistle.md"]);
  });

  test("are cut at headings, and code is no heading", () => {
    const passages = sample.splitIntoPassages({ path: "README.md", text: FILES["README.md"] });

    expect(passages.map(({ id, heading }) => [id, heading])).toEqual([
      ["README.md#1", "Kettle"],
      ["README.md#2", "Kettle › Install"],
    ]);
    expect(passages[1]?.text).toContain("# not a heading");
  });

  test("long sections are cut between paragraphs, and nothing is lost", () => {
    const paragraph = "word ".repeat(70).trim();
    const text = Array.from({ length: 6 }, () => paragraph).join("\n\n");

    const passages = sample.splitIntoPassages({ path: "docs/long.md", text });

    expect(passages.length).toBe(3);
    expect(passages.reduce((sum, passage) => sum + sample.countWords(passage.text), 0)).toBe(420);
  });

  test("give sentences of prose without code, tables and marks", () => {
    expect(sample.sentencesOf(FILES["README.md"].split("## Install")[1] ?? "")).toEqual([
      "Put it on the stove.",
      "Fill in water first.",
    ]);
    expect(sample.sentencesOf("- The [whistle](x.md) is **louder** than `before`.\n- Version 1.5 of it is out now!")).toEqual([
      "The whistle is louder than before.",
      "Version 1.5 of it is out now!",
    ]);
  });
});

describe("Search", () => {
  const searchIn = async (query: string): Promise<string[]> => {
    const documents = await sample.loadDocuments(makeProject(FILES));
    const index = sample.createSearchIndex(documents.flatMap(sample.splitIntoPassages));
    return sample.diversify(index.score(query), 3).map(({ passage }) => passage.path);
  };

  test("ranks the document that answers first", async () => {
    expect((await searchIn("Why is the bottom made of copper?"))[0]).toBe("docs/adr/1-copper.md");
    expect((await searchIn("My whistle is silent, what is in its mouth?"))[0]).toBe("docs/whistle.md");
    expect((await searchIn("how do I install it"))[0]).toBe("README.md");
    expect(await searchIn("nothing of this kind")).toEqual([]);
    expect(await searchIn("")).toEqual([]);
  });

  test("meets a word in its other forms", () => {
    expect(sample.termsOf("Traces, traced and tracing: the traces of a trace")).toEqual(["trac", "trac", "trac", "trac", "trac"]);
    expect(sample.termsOf("queries query process status")).toEqual(["query", "query", "process", "status"]);
  });

  test("prefers a passage that says something else over a repetition", () => {
    const passage = (id: string, text: string) => ({ id, path: `${id}.md`, heading: "", text });
    const index = sample.createSearchIndex([
      passage("a", "the kettle whistles when water boils"),
      passage("b", "the kettle whistles when water boils"),
      passage("c", "the kettle has a copper bottom, a lid and a handle of wood"),
    ]);

    const picked = sample.diversify(index.score("kettle"), 2).map((result) => result.passage.id);

    expect(picked).toEqual(["a", "c"]);
  });
});

describe("Tools", () => {
  const runTool = async (name: string, args: Record<string, unknown>): Promise<unknown> => {
    const root = makeProject(FILES);
    const tool = sample.createTools(root, await sample.loadDocuments(root)).find((candidate) => candidate.name === name);
    return tool?.run(args);
  };

  test("do their work on the files", async () => {
    expect(await runTool("count_words", { path: "docs/adr/1-copper.md" })).toEqual({ path: "docs/adr/1-copper.md", words: 12 });
    expect(await runTool("look_up_heading", { text: "PITCH" })).toEqual([
      { path: "docs/whistle.md", heading: "Whistle › Pitch" },
    ]);
    expect(await runTool("open_document", { path: "docs/whistle.md" })).toHaveLength(2);
    expect(await runTool("calculate", { expression: "(2 + 3) * 4 / 8" })).toEqual({ expression: "(2 + 3) * 4 / 8", value: 2.5 });
  });

  test("fail for a document that is not there, with the system's reason", async () => {
    await expect(runTool("open_document", { path: "docs/security.md" })).rejects.toMatchObject({ code: "ENOENT" });
  });

  test("read nothing outside the project's Markdown", async () => {
    for (const path of [
      "/etc/passwd",
      "../README.md",
      "docs/../../x.md",
      "docs/notes.txt",
      ".hidden.md",
      "docs\\whistle.md",
      "",
      7,
      null,
    ]) {
      await expect(runTool("open_document", { path })).rejects.toThrow("not a document's path");
    }
  });

  test("the calculator keeps to arithmetic", () => {
    expect(sample.calculate("1 + 2 * 3 - -4")).toBe(11);
    expect(sample.calculate("1250 / 230")).toBeCloseTo(5.4348, 4);
    for (const wrong of [
      "",
      "1 +",
      "(1",
      "1)",
      "2 ** 3",
      "process.exit()",
      "1 / 0",
      "1e5",
      `${"(".repeat(60)}1${")".repeat(60)}`,
    ]) {
      expect(() => sample.calculate(wrong)).toThrow();
    }
  });
});

describe("The model", () => {
  const user = (content: string): Message => ({ role: "user", content });
  const tool = (name: string, content: string): Message => ({ role: "tool", name, content });

  test("searches, and is then ready to answer", () => {
    const question = user("Why is the bottom made of copper?");

    expect(sample.decide([question])).toEqual({ name: "search_documents", arguments: { query: question.content } });
    expect(sample.decide([question, tool("search_documents", "[]")])).toBeNull();
  });

  test("opens the document a question names, and searches when that fails", () => {
    const question = user("According to docs/lid.md, how heavy is the lid?");

    expect(sample.decide([question])).toEqual({ name: "open_document", arguments: { path: "docs/lid.md" } });
    expect(sample.decide([question, tool("open_document", "[]")])).toBeNull();
    expect(sample.decide([question, tool("open_document", "error: no such file")])?.name).toBe("search_documents");
    expect(sample.decide([question, tool("open_document", "error: no such file"), tool("search_documents", "[]")])).toBeNull();
  });

  test("counts and calculates in turn", () => {
    const question = user("How many words does README.md have, and how long is that at 200 words a minute?");
    const counted = tool("count_words", '{"path":"README.md","words":500}');

    expect(sample.decide([question])).toEqual({ name: "count_words", arguments: { path: "README.md" } });
    expect(sample.decide([question, counted])).toEqual({ name: "calculate", arguments: { expression: "500 / 200" } });
    expect(sample.decide([question, counted, tool("calculate", '{"expression":"500 / 200","value":2.5}')])).toBeNull();
    expect(sample.decide([user("What is 2 * (3 + 4)?")])).toEqual({
      name: "calculate",
      arguments: { expression: "2 * (3 + 4)" },
    });
  });

  test("answers with sentences of the passages and names their source, token by token", async () => {
    const passages = sample.splitIntoPassages({ path: "docs/adr/1-copper.md", text: FILES["docs/adr/1-copper.md"] });
    const sentences = sample.chooseSentences("Why copper?", passages, () => 1);

    const tokens: string[] = [];
    for await (const token of sample.answer({ sentences, toolResults: [] })) tokens.push(token);

    const text = "The bottom is made of copper because copper spreads heat evenly. (From docs/adr/1-copper.md.)";
    expect(tokens.join("")).toBe(text);
    expect(tokens).toEqual(sample.tokenize(text));
    expect(tokens.length).toBeGreaterThan(15);
  });

  test("says so when the documents do not", async () => {
    const tokens: string[] = [];
    for await (const token of sample.answer({ sentences: [], toolResults: [tool("open_document", "error: gone")] }))
      tokens.push(token);

    expect(tokens.join("")).toBe("The documents do not say.");
  });

  test("counts the tokens of what it read, and loses no character of any text", () => {
    expect(sample.countTokens([user("Why copper?"), tool("calculate", "42")])).toBe(4);
    for (const text of ["a  b\n\nc.", " leading", "trailing ", "naïve – 日本語 🫖!", ""])
      expect(sample.tokenize(text).join("")).toBe(text);
  });
});
