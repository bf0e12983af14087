// How span types, kinds and services look: an icon and a hue each.

import type { IconName } from "./dom.js";
import type { SpanKindName } from "../../js/viewer/model.js";

interface Look {
  icon: IconName;
  /** Names a colour in styles/theme.css: .hue-… */
  hue: string;
  label: string;
}

const LOOKS = new Map<string, Look>([
  ["AGENT", { icon: "agent", hue: "violet", label: "Agent" }],
  ["LLM", { icon: "llm", hue: "amber", label: "LLM" }],
  ["CHAT_MODEL", { icon: "llm", hue: "amber", label: "Chat model" }],
  ["TOOL", { icon: "tool", hue: "teal", label: "Tool" }],
  ["RETRIEVER", { icon: "search", hue: "blue", label: "Retriever" }],
  ["CHAIN", { icon: "chain", hue: "indigo", label: "Chain" }],
  ["EMBEDDING", { icon: "grid", hue: "pink", label: "Embedding" }],
  ["RERANKER", { icon: "sort", hue: "blue", label: "Reranker" }],
  ["PARSER", { icon: "parser", hue: "green", label: "Parser" }],
  ["MEMORY", { icon: "memory", hue: "pink", label: "Memory" }],
  ["WORKFLOW", { icon: "chain", hue: "indigo", label: "Workflow" }],
  ["TASK", { icon: "bolt", hue: "green", label: "Task" }],
  ["GUARDRAIL", { icon: "shield", hue: "green", label: "Guardrail" }],
  ["EVALUATOR", { icon: "shield", hue: "pink", label: "Evaluator" }],
  ["HTTP", { icon: "globe", hue: "grey", label: "HTTP" }],
  ["RPC", { icon: "globe", hue: "grey", label: "RPC" }],
  ["DATABASE", { icon: "database", hue: "blue", label: "Database" }],
  ["MESSAGING", { icon: "message", hue: "grey", label: "Messaging" }],
]);

export function lookOf(type: string, kind: SpanKindName): Look {
  const known = LOOKS.get(type.toUpperCase());
  if (known) return known;
  const isRemote = kind === "CLIENT" || kind === "SERVER";
  return { icon: isRemote ? "globe" : "span", hue: "grey", label: type };
}

const SERVICE_HUES = 8;
const seen = new Map<string, number>();

/** Services get their colours in the order they are first seen, so two services differ while there are at most eight. */
export function serviceClass(service: string): string {
  if (service === "") return "service-none";
  let index = seen.get(service);
  if (index === undefined) {
    index = seen.size;
    seen.set(service, index);
  }
  return `service-${String(index % SERVICE_HUES)}`;
}
