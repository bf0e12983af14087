// A page of its own for a few traces: HTML and CSS, nothing from outside and no script.

import type { Trace } from "../tracing/trace.js";
import { escapeHtml } from "./html.js";

/** A whole document. */
export function traceHtmlPage(traces: readonly Trace[]): string {
  const items = traces.map(({ info }) => `<li>${escapeHtml(info.traceId)}</li>`).join("");
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Traces</title></head><body><ul>${items}</ul></body></html>`;
}
