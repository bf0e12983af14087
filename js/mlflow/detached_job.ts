// A job of MLflow's exporters with its contents in base64 taken out: src/mlflow/attachments.h.

import { clientCore } from "../load/client_core.js";
import { Span, SpanSource } from "../tracing/span.js";
import { Trace } from "../tracing/trace.js";
import type { TraceInfo } from "../tracing/trace_info.js";
import { Attachment } from "./attachment.js";
import type { ExportJob } from "./export_job.js";

export interface AttachmentRules {
  /** false: only what came as an Attachment. */
  takesBase64: boolean;
  /** A larger content is thrown away; 0: no limit. */
  maxBytes: number;
}

export interface DetachedJob {
  readonly job: ExportJob;
  /** Of the spans that leave with this job. */
  readonly attachments: readonly Attachment[];
  /** Contents thrown away. */
  readonly tooLarge: number;
  /** Brings the short copies of inputs and outputs in the trace's info up to date. */
  applyToInfo(): void;
}

/** The short copies that an info makes of a root span. */
interface Copies {
  requestPreview: string;
  responsePreview: string;
  traceInputs: string;
  traceOutputs: string;
  /** There where the span has failed. */
  error?: string;
}

interface Listed {
  index: number;
  recordBytes: number;
  attachments: { id: string; contentType: string; size: number }[];
  tooLarge: number;
  /** Of a span without parent: before and after. */
  root?: readonly [Copies, Copies];
}

/** null: nothing is in it. Throws TraceError where the module has stopped. */
export function detachedJob(job: ExportJob, rules: AttachmentRules & { previewLength: number }): DetachedJob | null {
  const { taken } = job;
  const leaving = new Set([...job.spans, ...(taken?.unfinished ?? [])]);
  // Those that left before their trace are told of once more, in its sizes.
  const all = [...new Set([...leaving, ...(taken?.trace.data.spans ?? [])])];
  const bytes = clientCore().detachContents(
    all.map((span) => span._record()),
    rules,
  );
  const { listed, contents } = split(bytes);
  if (listed.length === 0) return null;

  const changed = new Map<Span, Span>();
  const attachments = new Map<string, Attachment>();
  const roots: (readonly [Copies, Copies])[] = [];
  let tooLarge = 0;
  for (const each of listed) {
    const span = all[each.index] as Span;
    changed.set(span, new Span(new SpanSource(contents(each.recordBytes), null)));
    for (const { id, contentType, size } of each.attachments) {
      const attachment = new Attachment({ contentType, contentBytes: contents(size) }, id);
      if (leaving.has(span)) attachments.set(id, attachment);
    }
    if (leaving.has(span)) tooLarge += each.tooLarge;
    if (each.root !== undefined) roots.push(each.root);
  }
  const now = (spans: readonly Span[]): Span[] => spans.map((span) => changed.get(span) ?? span);
  return {
    job: {
      ...job,
      spans: now(job.spans),
      taken:
        taken === null
          ? null
          : {
              ...taken,
              trace: new Trace(taken.trace.info, now(taken.trace.data.spans)),
              ...(taken.unfinished === undefined ? {} : { unfinished: now(taken.unfinished) }),
            },
    },
    attachments: [...attachments.values()],
    tooLarge,
    applyToInfo: () => {
      if (taken !== null) for (const root of roots) update(taken.trace.info, root);
    },
  };
}

function split(bytes: Uint8Array): { listed: Listed[]; contents: (length: number) => Uint8Array } {
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const listed = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length))) as Listed[];
  let at = (4 + length + 3) & ~3;
  const contents = (size: number): Uint8Array => {
    const content = bytes.slice(at, at + size);
    at = (at + size + 3) & ~3;
    return content;
  };
  return { listed, contents };
}

/** What the user set stays. */
function update(info: TraceInfo, [before, after]: readonly [Copies, Copies]): void {
  if (info.requestPreview === before.requestPreview) info.requestPreview = after.requestPreview;
  if (info.responsePreview === before.responsePreview) info.responsePreview = after.responsePreview;
  const { traceMetadata } = info;
  const copies = [
    ["mlflow.traceInputs", before.traceInputs, after.traceInputs],
    ["mlflow.traceOutputs", before.traceOutputs, after.traceOutputs],
  ] as const;
  for (const [key, old, next] of copies) if (traceMetadata[key] === old) traceMetadata[key] = next;
  if (after.error !== undefined && before.error === undefined && info.state === "OK") info.state = "ERROR";
}
