// The HTML below a notebook's cell: a frame that folds away. With a tracking server it holds the
// server's own page for these traces, without one our own self-contained page.

import type { Trace } from "../tracing/trace.js";
import { VERSION } from "../version.js";
import { escapeHtml } from "./html.js";
import { isHttpUri, trackingUri } from "./display_settings.js";
import { getTraceHtml } from "./trace_html.js";

const RENDERER_PATH = "static-files/lib/notebook-trace-renderer/index.html";

/** For any output that takes HTML. No script and no event handler is part of it. */
export function getNotebookIframeHtml(traces: readonly Trace[]): string {
  const uri = trackingUri();
  const source = isHttpUri(uri) ? rendererUrl(uri, traces) : null;
  const content = source === null ? `sandbox="" srcdoc="${escapeHtml(getTraceHtml(traces))}"` : `src="${escapeHtml(source)}"`;
  const noun = traces.length === 1 ? "Trace" : "Traces";
  return `<div class="spandrel-notebook">
  <style>${BUTTON_STYLE}</style>
  <details open>
    <summary>MLflow ${noun}</summary>
    <iframe
      id="trace-renderer"
      title="MLflow ${noun}"
      style="width: 100%; height: 500px; border: none; resize: vertical;"
      width="100%"
      height="500"
      ${content}
    ></iframe>
  </details>
</div>
`;
}

/** The server's page; the version makes a browser fetch it anew after an update. */
function rendererUrl(uri: string, traces: readonly Trace[]): string | null {
  const query = new URLSearchParams();
  for (const { info } of traces) {
    query.append("trace_id", info.requestId);
    query.append("experiment_id", info.experimentId ?? "None");
  }
  try {
    const base = uri.replace(/\/+$/, "") + "/";
    return `${new URL(RENDERER_PATH, base).href}?${query.toString()}&version=${VERSION}`;
  } catch {
    return null;
  }
}

const BUTTON_STYLE = `
  .spandrel-notebook summary {
    display: inline-block; list-style: none; cursor: pointer; margin: 8px 0; padding: 8px 16px; border-radius: 4px;
    background-color: rgb(34, 114, 180); color: white;
    font: 13px -apple-system, "system-ui", "Segoe UI", Roboto, "Helvetica Neue", Arial;
  }
  .spandrel-notebook summary::-webkit-details-marker { display: none; }
  .spandrel-notebook summary:hover { background-color: rgb(22, 92, 150); }
  .spandrel-notebook summary::before { content: "Expand "; }
  .spandrel-notebook details[open] > summary::before { content: "Collapse "; }
`;
