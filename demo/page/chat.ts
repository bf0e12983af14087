// Finds chat messages in what a span took and gave, whatever the vocabulary: OpenTelemetry's gen_ai.* (parts), OpenAI's
// and Anthropic's requests and answers, plain lists of {role, content}, OpenInference's numbered attributes.

export type ChatPart =
  | { kind: "text"; text: string }
  | { kind: "reasoning"; text: string }
  | { kind: "toolCall"; name: string; id: string; value: unknown }
  /** `name` is that of the call it answers, where the conversation has it. */
  | { kind: "toolResult"; id: string; name: string; value: unknown }
  | { kind: "image"; url: string }
  | { kind: "other"; value: unknown };

export interface ChatMessage {
  role: string;
  name: string;
  parts: ChatPart[];
}

type Fields = Record<string, unknown>;
const MAX_MESSAGES = 2000;

/** Null where the value is not a conversation. */
export function readMessages(value: unknown): ChatMessage[] | null {
  if (Array.isArray(value)) return readList(value);
  if (!isFields(value)) return null;
  const list = value["messages"] ?? value["input_messages"] ?? value["output_messages"];
  if (Array.isArray(list)) {
    const messages = readList(list);
    const system = value["system"] ?? value["instructions"];
    if (messages && system !== undefined && system !== null) {
      messages.unshift({ role: "system", name: "", parts: readContent(system) });
    }
    return messages;
  }
  if (Array.isArray(value["choices"])) {
    return readList(value["choices"].map((choice) => (isFields(choice) ? (choice["message"] ?? choice["delta"]) : null)));
  }
  if (Array.isArray(value["output"])) return readList(value["output"].filter((item) => isFields(item) && "role" in item));
  if (Array.isArray(value["input"])) return readList(value["input"]);
  return readMessage(value) ? readList([value]) : null;
}

const MESSAGES_KEYS = ["messages", "input_messages", "output_messages", "choices", "output", "input"];
const SYSTEM_KEYS = ["system", "instructions"];

/** What a request or an answer holds besides its messages: model, tools, settings. Null where there is nothing. */
export function besideMessages(value: unknown): Record<string, unknown> | null {
  if (!isFields(value) || readMessage(value)) return null;
  const shown = MESSAGES_KEYS.find((key) => Array.isArray(value[key]));
  // Instructions are shown as a message where the messages are a list under a name of their own.
  const isSystemShown = shown?.endsWith("messages") ?? false;
  const rest = Object.entries(value).filter(([key]) => key !== shown && !(isSystemShown && SYSTEM_KEYS.includes(key)));
  return rest.length > 0 ? Object.fromEntries(rest) : null;
}

/** Results come with the id of their call alone. */
function nameResults(messages: readonly ChatMessage[]): void {
  const names = new Map<string, string>();
  for (const part of messages.flatMap((message) => message.parts)) {
    if (part.kind === "toolCall" && part.id) names.set(part.id, part.name);
    else if (part.kind === "toolResult") part.name ||= names.get(part.id) ?? "";
  }
}

function readList(list: readonly unknown[]): ChatMessage[] | null {
  if (list.length === 0 || list.length > MAX_MESSAGES) return null;
  const messages: ChatMessage[] = [];
  for (const item of list) {
    const message = readMessage(item);
    if (!message) return null;
    messages.push(message);
  }
  nameResults(messages);
  return messages;
}

function readMessage(item: unknown): ChatMessage | null {
  if (!isFields(item) || typeof item["role"] !== "string") return null;
  const hasContent = "content" in item || "parts" in item || "tool_calls" in item || "function_call" in item;
  if (!hasContent) return null;
  const parts = readContent(item["parts"] ?? item["content"]);
  if (typeof item["reasoning_content"] === "string" && item["reasoning_content"]) {
    parts.unshift({ kind: "reasoning", text: item["reasoning_content"] });
  }
  if (item["role"] === "tool" && parts.every((part) => part.kind === "text")) {
    const text = parts.map((part) => (part.kind === "text" ? part.text : "")).join("\n");
    return {
      role: "tool",
      name: "",
      parts: [{ kind: "toolResult", id: textOf(item["tool_call_id"]), name: textOf(item["name"]), value: text }],
    };
  }
  for (const call of Array.isArray(item["tool_calls"]) ? (item["tool_calls"] as unknown[]) : []) {
    if (!isFields(call)) continue;
    const named = isFields(call["function"]) ? call["function"] : call;
    parts.push({
      kind: "toolCall",
      name: textOf(named["name"]),
      id: textOf(call["id"]),
      value: named["arguments"] ?? named["args"],
    });
  }
  return { role: item["role"], name: textOf(item["name"]), parts };
}

function readContent(content: unknown): ChatPart[] {
  if (content === null || content === undefined || content === "") return [];
  if (typeof content === "string") return [{ kind: "text", text: content }];
  if (!Array.isArray(content)) return [isFields(content) ? readPart(content) : { kind: "other", value: content }];
  return content.map((part: unknown) => {
    if (typeof part === "string") return { kind: "text", text: part };
    return isFields(part) ? readPart(part) : { kind: "other", value: part };
  });
}

function readPart(part: Fields): ChatPart {
  const type = textOf(part["type"]);
  const text = part["text"] ?? part["content"];
  switch (type) {
    case "text":
    case "input_text":
    case "output_text":
      if (typeof text === "string") return { kind: "text", text };
      break;
    case "thinking":
    case "reasoning":
      return { kind: "reasoning", text: textOf(part["thinking"] ?? text) };
    case "tool_use":
    case "tool_call":
    case "function_call":
      return {
        kind: "toolCall",
        name: textOf(part["name"]),
        id: textOf(part["id"] ?? part["call_id"]),
        value: part["input"] ?? part["arguments"],
      };
    case "tool_result":
    case "tool_call_response":
    case "function_call_output":
      return {
        kind: "toolResult",
        id: textOf(part["tool_use_id"] ?? part["id"]),
        name: textOf(part["name"]),
        value: part["result"] ?? part["response"] ?? part["output"] ?? part["content"],
      };
    case "image_url":
    case "input_image": {
      const image = part["image_url"];
      const url = isFields(image) ? image["url"] : image;
      if (typeof url === "string") return { kind: "image", url };
      break;
    }
    case "image": {
      const source = part["source"];
      if (isFields(source) && source["type"] === "base64") {
        return { kind: "image", url: `data:${textOf(source["media_type"])};base64,${textOf(source["data"])}` };
      }
      break;
    }
    default:
      if (type === "" && typeof text === "string") return { kind: "text", text };
  }
  return { kind: "other", value: part };
}

/** OpenInference: llm.input_messages.0.message.role, ….content, ….tool_calls.0.tool_call.function.name */
export function readNumberedMessages(
  attributes: readonly { key: string; value: string }[],
  prefix: string,
): ChatMessage[] | null {
  const messages = new Map<number, Fields>();
  const calls = new Map<string, Fields>();
  for (const { key, value } of attributes) {
    if (!key.startsWith(prefix)) continue;
    const match = /^\.(\d{1,4})\.message\.(.+)$/.exec(key.slice(prefix.length));
    if (!match?.[1] || !match[2]) continue;
    const index = Number(match[1]);
    const message = messages.get(index) ?? { role: "", content: "", tool_calls: [] };
    messages.set(index, message);
    const call = /^tool_calls\.(\d{1,3})\.tool_call\.(function\.name|function\.arguments|id)$/.exec(match[2]);
    if (match[2] === "role" || match[2] === "content" || match[2] === "name") message[match[2]] = value;
    else if (match[2] === "tool_call_id") message["tool_call_id"] = value;
    else if (call?.[1] && call[2]) {
      const callKey = `${String(index)}.${call[1]}`;
      let fields = calls.get(callKey);
      if (!fields) {
        fields = {};
        calls.set(callKey, fields);
        (message["tool_calls"] as unknown[]).push(fields);
      }
      fields[call[2].replace("function.", "")] = value;
    }
  }
  if (messages.size === 0) return null;
  return readList([...messages.entries()].sort(([a], [b]) => a - b).map(([, message]) => message));
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
