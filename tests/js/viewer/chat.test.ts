import { describe, expect, test } from "@jest/globals";
import { besideMessages, readMessages, type ChatPart } from "../../../demo/page/chat.js";

const USER = { role: "user", content: "hello" };

describe("what stands beside the messages", () => {
  test.each([
    ["a request", { model: "m", messages: [USER], temperature: 0.2 }, { model: "m", temperature: 0.2 }],
    [
      "an answer",
      { id: "c1", choices: [{ message: USER }], usage: { total_tokens: 3 } },
      { id: "c1", usage: { total_tokens: 3 } },
    ],
    ["a request with instructions, which are a message", { system: "be kind", messages: [USER] }, null],
    ["instructions that are not shown", { instructions: "be kind", input: [USER] }, { instructions: "be kind" }],
    ["a list of messages", [USER], null],
    ["a message", { ...USER, id: "m1" }, null],
  ])("%s", (_name, value, beside) => {
    expect(readMessages(value)).not.toBeNull();
    expect(besideMessages(value)).toEqual(beside);
  });
});

describe("the result of a tool is named after the call it answers", () => {
  const results = (value: unknown): ChatPart[] =>
    (readMessages(value) ?? []).flatMap(({ parts }) => parts).filter(({ kind }) => kind === "toolResult");

  test("in OpenAI's messages", () => {
    const call = { role: "assistant", content: null, tool_calls: [{ id: "1", function: { name: "look_up", arguments: "{}" } }] };
    const messages = [USER, call, { role: "tool", tool_call_id: "1", content: "found" }];
    expect(results({ messages })).toEqual([{ kind: "toolResult", id: "1", name: "look_up", value: "found" }]);
  });

  test("in Anthropic's messages", () => {
    const call = { role: "assistant", content: [{ type: "tool_use", id: "a", name: "look_up", input: {} }] };
    const result = { role: "user", content: [{ type: "tool_result", tool_use_id: "a", content: "found" }] };
    expect(results([call, result])).toEqual([{ kind: "toolResult", id: "a", name: "look_up", value: "found" }]);
  });

  test("and keeps the name it came with; without either it has none", () => {
    const named = { role: "tool", name: "own", tool_call_id: "1", content: "x" };
    const unknown = { role: "tool", tool_call_id: "2", content: "y" };
    expect(results([named, unknown])).toEqual([
      { kind: "toolResult", id: "1", name: "own", value: "x" },
      { kind: "toolResult", id: "2", name: "", value: "y" },
    ]);
  });
});
