// Files by button or by drop: OTLP JSON, JSON lines, OTLP protobuf, MLflow traces, each of them also gzipped.

import type { ImportReport } from "../../js/viewer/model.js";
import type { CoreClient } from "./core_client.js";
import { h } from "./dom.js";

const MAX_FILE_BYTES = 400 * 1024 * 1024;

export interface FileOutcome {
  name: string;
  report?: ImportReport;
  error?: string;
}

export async function openFiles(core: CoreClient, files: Iterable<File>): Promise<FileOutcome[]> {
  const outcomes: FileOutcome[] = [];
  for (const file of files) {
    try {
      if (file.size > MAX_FILE_BYTES) throw new Error("larger than 400 MB");
      const bytes = await inflated(new Uint8Array(await file.arrayBuffer()));
      outcomes.push({ name: file.name, report: await core.call("importFile", file.name, bytes) });
    } catch (error) {
      outcomes.push({ name: file.name, error: error instanceof Error ? error.message : String(error) });
    }
  }
  return outcomes;
}

/** Inflated bytes are counted while they come: a small file may hold a very large one. */
async function inflated(bytes: Uint8Array<ArrayBuffer>): Promise<ArrayBuffer> {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes.buffer;
  const reader = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip")).getReader();
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > MAX_FILE_BYTES) {
      await reader.cancel();
      throw new Error("inflates to more than 400 MB");
    }
    chunks.push(value);
  }
  return new Blob(chunks).arrayBuffer();
}

/** Shows a hint while files are over the page, and hands over what is dropped. */
export function acceptDrops(onFiles: (files: File[]) => void): void {
  const hint = h("div", { class: "drop-hint", attributes: { "aria-hidden": "true" } }, h("div", { text: "Drop to open" }));
  hint.hidden = true;
  document.body.append(hint);
  let depth = 0;
  document.addEventListener("dragenter", (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    depth++;
    hint.hidden = false;
  });
  document.addEventListener("dragleave", () => {
    depth = Math.max(0, depth - 1);
    if (depth === 0) hint.hidden = true;
  });
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
  });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    depth = 0;
    hint.hidden = true;
    const files = [...(event.dataTransfer?.files ?? [])];
    if (files.length > 0) onFiles(files);
  });
}
