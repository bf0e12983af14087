// A conversation as cards: role, text, tool calls and their results. Of a long history the first and the last three.

import type { ChatMessage, ChatPart } from "./chat.js";
import { button, h, icon, type IconName } from "./dom.js";
import { plural } from "./format.js";
import { jsonView, parseContainer } from "./json_view.js";
import { textView } from "./value_view.js";

const ROLE_ICONS: Record<string, IconName> = {
  user: "message",
  assistant: "llm",
  tool: "tool",
  system: "shield",
  developer: "shield",
};
const KEPT_AT_EACH_END = 3;
const MAX_NAMES = 8;
const SAFE_IMAGE = /^data:image\/(png|jpeg|gif|webp);base64,[a-z0-9+/=\s]+$/i;

export function chatView(messages: readonly ChatMessage[]): HTMLElement {
  const box = h("div", "chat");
  const hidden = messages.length - 2 * KEPT_AT_EACH_END;
  if (hidden < 2) {
    box.append(...messages.map(card));
    return box;
  }
  const more = button(
    `Show ${plural(hidden, "more message")}`,
    () => {
      more.replaceWith(...messages.slice(KEPT_AT_EACH_END, -KEPT_AT_EACH_END).map(card));
    },
    { class: "more chat-more" },
  );
  box.append(...messages.slice(0, KEPT_AT_EACH_END).map(card), more, ...messages.slice(-KEPT_AT_EACH_END).map(card));
  return box;
}

/** What stood beside the messages, folded: its names say whether it is worth opening. */
export function besideView(beside: Readonly<Record<string, unknown>>): HTMLElement {
  const names = Object.keys(beside);
  const summary = names.slice(0, MAX_NAMES).join(", ") + (names.length > MAX_NAMES ? ", …" : "");
  const details = h("details", "beside", h("summary", { text: summary }));
  details.addEventListener("toggle", () => details.append(jsonView(beside)), { once: true });
  return details;
}

function card(message: ChatMessage): HTMLElement {
  const role = message.role.toLowerCase();
  const known = role in ROLE_ICONS ? role : "other";
  return h(
    "article",
    `message is-${known}`,
    h(
      "header",
      {},
      icon(ROLE_ICONS[known] ?? "message"),
      h("span", { class: "role", text: message.role || "message" }),
      message.name ? h("span", { class: "faint", text: message.name }) : null,
    ),
    ...message.parts.map(partView),
    message.parts.length === 0 ? h("p", { class: "none", text: "no content" }) : null,
  );
}

function partView(part: ChatPart): HTMLElement {
  switch (part.kind) {
    case "text":
      return proseOrJson(part.text);
    case "reasoning": {
      const body = textView(part.text);
      return h("details", "reasoning", h("summary", { text: "Reasoning" }), body);
    }
    case "toolCall":
      return h("div", "tool-call", toolName(part.name || "tool", part.id, icon("tool")), anyView(part.value));
    case "toolResult":
      return h("div", "tool-result", part.name || part.id ? toolName(part.name, part.id) : null, anyView(part.value));
    case "image":
      return imageView(part.url);
    case "other":
      return anyView(part.value);
  }
}

function toolName(name: string, id: string, sign: Node | null = null): HTMLElement {
  return h(
    "div",
    "tool-name",
    sign,
    name ? h("code", { text: name }) : null,
    id ? h("span", { class: "faint", text: id }) : null,
  );
}

/** Nothing in a trace makes the page ask another machine: images come from the trace itself or are named only. */
function imageView(url: string): HTMLElement {
  if (!SAFE_IMAGE.test(url))
    return h("p", "remote-image", icon("link"), h("span", { text: `image not loaded: ${url.slice(0, 300)}` }));
  const image = h("img", { class: "message-image", attributes: { alt: "image of the message" } });
  image.src = url;
  return image;
}

function anyView(value: unknown): HTMLElement {
  if (typeof value === "string") return proseOrJson(value);
  if (value === undefined) return h("p", { class: "none", text: "no arguments" });
  return jsonView(value);
}

function proseOrJson(text: string): HTMLElement {
  const parsed = parseContainer(text);
  if (parsed) return jsonView(parsed);
  const view = textView(text);
  view.classList.add("is-prose");
  return view;
}
