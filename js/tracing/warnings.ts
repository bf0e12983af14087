// What is said of calls that cannot be carried out as they are. Part of later.ts.

import { safeText } from "./values.js";

const kindOf = (value: unknown): string => (value === null ? "null" : typeof value);

const TEXTS = {
  attributes: (value) => `attributes must be an object, not ${kindOf(value)}; ignored`,
  attributesRead: (error) => `attributes could not be read: ${safeText(error)}`,
  beforeSeal: (error) => `the hook before sealing failed, the span is withheld: ${safeText(error)}`,
  body: () => "withSpan needs a function; nothing was run",
  commit: (error) => `recorded spans could not be handed over: ${safeText(error)}`,
  ending: (error) => `a span ended with an error: ${safeText(error)}`,
  event: () => "an event is an object with a name; ignored",
  eventRead: (error) => `an event could not be read: ${safeText(error)}`,
  halted: (traceId) => `trace ${safeText(traceId)} was halted; its new child is a no-op span`,
  key: (key) => (key === "" ? "an attribute key is empty; ignored" : `an attribute key is a string, not ${kindOf(key)}; ignored`),
  level: (level) => `'${safeText(level)}' is no log level: DEBUG, INFO, WARNING, ERROR or CRITICAL`,
  linkRead: (error) => `a link could not be read: ${safeText(error)}`,
  links: () => "links are an array; ignored",
  parent: () => "a parent is a span, a span context or null; the span becomes a root",
  processor: (error) => `a span processor failed: ${safeText(error)}`,
  processorValue: () => "a span processor returned a value; it is ignored",
  ratio: () => "samplingRatioOverride is a number from 0 to 1; ignored",
  spanType: (value) => `a span type is a string, not ${kindOf(value)}; ignored`,
  starting: (error) => `a span could not be started: ${safeText(error)}`,
  startHook: (error) => `a hook at a span's start failed: ${safeText(error)}`,
  status: (code) => `'${safeText(code)}' is no status: OK, ERROR or UNSET; ignored`,
  statusRead: (error) => `the status could not be read: ${safeText(error)}`,
  traced: () => "trace needs a function; what it was given is returned as it is",
  traceOptions: () => "the options of trace could not be read; ignored",
} satisfies Record<string, (value: unknown) => string>;

export type Warning = keyof typeof TEXTS;

export function textOf(of: Warning, value: unknown): string {
  return TEXTS[of](value);
}
