// What the detail pane says of a span in a word or two, and its exception.

import type { AttributeValue, SpanDetail } from "../../js/viewer/model.js";
import { h, icon } from "./dom.js";
import { costText, shortCount } from "./format.js";
import { parseContainer } from "./json_view.js";
import { textView } from "./value_view.js";

const MODEL_KEYS = ["mlflow.llm.model", "gen_ai.response.model", "gen_ai.request.model", "llm.model_name"];

/** The first of these attributes that the span has. */
export function find(detail: SpanDetail, keys: readonly string[]): AttributeValue | undefined {
  for (const key of keys) {
    const found = detail.attributes.find((attribute) => attribute.key === key);
    if (found) return found;
  }
  return undefined;
}

export function fact(text: string, title: string, iconName?: "clock"): HTMLElement {
  return h("span", { class: "chip", title }, iconName ? icon(iconName) : null, text);
}

export function modelChip(detail: SpanDetail): HTMLElement | null {
  const model = find(detail, MODEL_KEYS)?.value.replace(/^"|"$/g, "");
  return model ? h("span", { class: "chip", title: "Model", text: model }) : null;
}

export function tokensChip(detail: SpanDetail): HTMLElement | null {
  const usage = parseContainer(find(detail, ["mlflow.chat.tokenUsage"])?.value ?? "") as Record<string, unknown> | undefined;
  const number = (...keys: string[]): number => Number(find(detail, keys)?.value ?? 0) || 0;
  const input = Number(usage?.["input_tokens"] ?? 0) || number("gen_ai.usage.input_tokens", "llm.token_count.prompt");
  const output = Number(usage?.["output_tokens"] ?? 0) || number("gen_ai.usage.output_tokens", "llm.token_count.completion");
  if (input + output === 0) return null;
  return h("span", { class: "chip", title: "Tokens in → out", text: `${shortCount(input)} → ${shortCount(output)} tok` });
}

/** What MLflow worked out for the span. */
export function costChip(detail: SpanDetail): HTMLElement | null {
  const cost = parseContainer(find(detail, ["mlflow.llm.cost"])?.value ?? "") as Record<string, unknown> | undefined;
  const total = Number(cost?.["total_cost"] ?? 0) || 0;
  return total > 0 ? h("span", { class: "chip", title: "Cost in US dollars", text: costText(total) }) : null;
}

export function exceptionBlock(event: SpanDetail["events"][number], at: string): HTMLElement {
  const text = (key: string): string => event.attributes.find((attribute) => attribute.key === key)?.value ?? "";
  const stack = text("exception.stacktrace");
  return h(
    "section",
    "exception",
    h(
      "div",
      "exception-head",
      icon("error"),
      h("strong", { text: text("exception.type") || "Exception" }),
      h("span", { class: "faint", text: at }),
    ),
    text("exception.message") ? textView(text("exception.message")) : null,
    stack ? h("details", {}, h("summary", { text: "Stack trace" }), textView(stack)) : null,
  );
}
