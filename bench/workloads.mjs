// What is recorded. The same data for every design.
//
// typical   10-span traces over 3 levels; a span has 5 short strings, 1 int, 1 float, 1 bool and
//           1 event with 2 attributes
// llm       5-span traces; inputs of 2 kB and outputs of 1 kB as objects, span type, token counts
// llm-text  the same, inputs and outputs already text

/** Children of each span of a trace, as a tree of names. */
export const SHAPES = {
  typical: {
    name: "request",
    children: [0, 1, 2].map(() => ({
      name: "step",
      children: [
        { name: "call", children: [] },
        { name: "query", children: [] },
      ],
    })),
  },
  llm: {
    name: "agent",
    children: [
      { name: "retrieve", children: [] },
      { name: "model", children: [{ name: "tool", children: [] }] },
      { name: "answer", children: [] },
    ],
  },
};
SHAPES["llm-text"] = SHAPES.llm;

export const SPANS_PER_TRACE = { typical: 10, llm: 5, "llm-text": 5 };

const WORDS = "the trace shows which step of the agent took long and what the model was asked before it answered".split(" ");

function prose(characters, seed) {
  let text = "";
  for (let i = seed; text.length < characters; i++) text += `${WORDS[(i * 7) % WORDS.length]} `;
  return text.slice(0, characters);
}

function llmInputs(i) {
  return {
    model: "local-model",
    temperature: 0.2,
    messages: [
      { role: "system", content: prose(300, i) },
      { role: "user", content: prose(1500, i + 3) },
    ],
    tools: [{ name: "search", description: prose(80, i + 5) }],
  };
}

function llmOutputs(i) {
  return { choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", content: prose(900, i + 11) } }] };
}

// A pool, so that making the data is not what is measured.
export const LLM_POOL = Array.from({ length: 16 }, (_, i) => {
  const inputs = llmInputs(i);
  const outputs = llmOutputs(i);
  return {
    inputs,
    outputs,
    inputsText: JSON.stringify(inputs),
    outputsText: JSON.stringify(outputs),
    usage: { input_tokens: 480 + i, output_tokens: 210 + i, total_tokens: 690 + 2 * i },
  };
});

export const PATHS = Array.from({ length: 100 }, (_, i) => `/api/items/${i}`);
export const TENANTS = Array.from({ length: 10 }, (_, i) => `tenant-${i}`);
