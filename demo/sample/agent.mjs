// The agent: decides, calls tools, recovers from a failed one, and answers. Traced by hand with the public API.
//
//   answer question (AGENT)
//   ├─ decide next step (CHAT_MODEL)          which tool, or enough
//   ├─ open_document, count_words, … (TOOL)   ERROR where the tool fails; the agent goes on
//   ├─ search_documents (TOOL)
//   │  └─ retrieve passages (RETRIEVER) ─ score passages, pick different ones (RERANKER)
//   └─ compose answer (CHAT_MODEL)            streams
import { SpanType, startSpan, trace, withSpan } from "spandrel";
import { loadDocuments, splitIntoPassages } from "./documents.mjs";
import { answer, chooseSentences, countTokens, decide, MODEL_NAME, tokenize } from "./model.mjs";
import { createSearchIndex, diversify } from "./search_index.mjs";
import { createTools } from "./tools.mjs";

const MAX_STEPS = 5;
const PASSAGES = 5;
const SYSTEM = "Answer from the project's documents only. Call a tool where one helps. Quote, do not invent.";

/**
 * @typedef {{ step(text: string): void, token(text: string): void | Promise<void> }} Listener
 * @typedef {{ answer: string, sources: string[], failedTools: string[], tokens: number }} Result
 */

/** @param {string} root the project's folder */
export async function createAgent(root) {
  const documents = await loadDocuments(root);
  const index = createSearchIndex(documents.flatMap(splitIntoPassages));

  const scorePassages = trace((query) => index.score(query).slice(0, PASSAGES * 4), {
    name: "score passages",
    spanType: SpanType.RETRIEVER,
  });
  const pickDifferent = trace((results) => diversify(results, PASSAGES), {
    name: "pick different passages",
    spanType: SpanType.RERANKER,
  });

  const searchTool = {
    name: "search_documents",
    description: "Finds passages of the documents that fit a question.",
    parameters: { query: "words to look for" },
    run: ({ query }) =>
      withSpan(
        {
          name: "retrieve passages",
          spanType: SpanType.RETRIEVER,
          inputs: { query },
          attributes: { "retrieval.passages": index.size },
        },
        (span) => {
          const picked = pickDifferent(scorePassages(query));
          span.setOutputs(picked.map(asRetrieved));
          return picked.map(({ passage }) => passage);
        },
      ),
  };
  const tools = new Map([...createTools(root, documents), searchTool].map((tool) => [tool.name, tool]));
  const toolList = [...tools.values()].map(describeTool);

  return {
    documents: documents.length,
    passages: index.size,
    /** @param {string} question @param {Listener} listener @returns {Promise<Result>} */
    answerQuestion: (question, listener) =>
      withSpan({ name: "answer question", spanType: SpanType.AGENT, inputs: { question } }, async (span) => {
        const messages = [
          { role: "system", content: SYSTEM },
          { role: "user", content: question },
        ];
        const found = { passages: [], failedTools: [] };
        for (let step = 0; step < MAX_STEPS; step += 1) {
          const call = decideNextStep(messages, toolList);
          if (!call) break;
          listener.step(`${call.name}(${JSON.stringify(call.arguments)})`);
          await runTool(tools.get(call.name), call, messages, found);
        }
        const result = await composeAnswer(question, messages, found.passages, index, listener);
        const { text, sources, tokens } = result;
        span.setOutputs({ answer: text, sources });
        return { answer: text, sources, failedTools: found.failedTools, tokens };
      }),
  };
}

function decideNextStep(messages, toolList) {
  const options = {
    name: "decide next step",
    spanType: SpanType.CHAT_MODEL,
    inputs: { model: MODEL_NAME, messages: [...messages] },
  };
  return withSpan(options, (span) => {
    span.setAttribute("mlflow.chat.tools", toolList);
    span.setAttribute("mlflow.llm.model", MODEL_NAME);
    const call = decide(messages);
    const reply = call
      ? { role: "assistant", content: "", tool_calls: [asToolCall(call, messages.length)] }
      : { role: "assistant", content: "Enough to answer." };
    if (call) messages.push(reply);
    span.setAttribute("mlflow.chat.tokenUsage", usage(countTokens(options.inputs.messages), countTokens([reply])));
    span.setOutputs({ choices: [{ index: 0, message: reply, finish_reason: call ? "tool_calls" : "stop" }] });
    return call;
  });
}

/** Runs a tool in its own span. A failure is the tool's, not the agent's: it becomes a message the next step reads. */
async function runTool(tool, call, messages, found) {
  let content;
  try {
    const options = { name: tool.name, spanType: SpanType.TOOL, inputs: call.arguments };
    const result = await withSpan(options, async (span) => {
      const value = await tool.run(call.arguments);
      span.setOutputs(value);
      return value;
    });
    if (tool.name === "search_documents" || tool.name === "open_document") found.passages = result;
    content = JSON.stringify(result);
  } catch (error) {
    found.failedTools.push(tool.name);
    content = `error: ${error.message}`;
  }
  messages.push({ role: "tool", name: tool.name, tool_call_id: `call_${messages.length - 1}`, content });
}

/** Streams the answer. The span is made by hand: it ends when the stream does, however that is. */
async function composeAnswer(question, messages, passages, index, listener) {
  const sentences = chooseSentences(question, passages, index.weightOf);
  const span = startSpan({
    name: "compose answer",
    spanType: SpanType.CHAT_MODEL,
    inputs: { model: MODEL_NAME, stream: true, messages },
    attributes: { "mlflow.llm.model": MODEL_NAME },
  });
  let text = "";
  try {
    for (const { path, heading, score } of sentences) {
      span.addEvent({ name: "sentence chosen", attributes: { source: path, heading, score } });
    }
    const toolResults = messages.filter(({ role }) => role === "tool");
    for await (const token of answer({ sentences, toolResults })) {
      if (text === "") span.addEvent({ name: "first token", attributes: { token } });
      text += token;
      await listener.token(token);
    }
    const spent = usage(countTokens(messages), tokenize(text).length);
    span.setAttribute("mlflow.chat.tokenUsage", spent);
    span.end({ outputs: { choices: [{ index: 0, message: { role: "assistant", content: text }, finish_reason: "stop" }] } });
    return { text, sources: [...new Set(sentences.map(({ path }) => path))], tokens: spent.total_tokens };
  } catch (error) {
    span.recordException(error); // the reader went away in the middle: what was said so far is the output
    span.end({
      outputs: { choices: [{ index: 0, message: { role: "assistant", content: text }, finish_reason: "error" }] },
      status: "ERROR",
    });
    throw error;
  }
}

function usage(input, output) {
  return { input_tokens: input, output_tokens: output, total_tokens: input + output };
}

function asToolCall(call, place) {
  return { id: `call_${place}`, type: "function", function: { name: call.name, arguments: JSON.stringify(call.arguments) } };
}

function describeTool({ name, description, parameters }) {
  const properties = Object.fromEntries(
    Object.entries(parameters).map(([key, text]) => [key, { type: "string", description: text }]),
  );
  return {
    type: "function",
    function: { name, description, parameters: { type: "object", properties, required: Object.keys(parameters) } },
  };
}

function asRetrieved({ passage, score }) {
  return { id: passage.id, page_content: passage.text, metadata: { doc_uri: passage.path, heading: passage.heading, score } };
}
