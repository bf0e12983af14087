// Attachments on their way out of MLflow's exporter: taken out of spans before they are sent, sent
// after their trace.
//
// Where a server takes no files, does not say, or has fallen behind, contents stay in the spans:
// then nothing is lost. What is lost once a reference has left is told once a kind and minute, and
// counted; the trace is not touched by it.

import type { AttachmentCounts } from "../export/trace_exporter.js";
import type { Span } from "../tracing/span.js";
import type { TraceInfo } from "../tracing/trace_info.js";
import type { Attachment } from "./attachment.js";
import { detachedJob, type AttachmentRules } from "./detached_job.js";
import type { ExportJob } from "./export_job.js";
import type { ExportLog } from "./export_outcome.js";
import { DATABRICKS_PREVIEW_LENGTH, isDatabricksUri } from "./exporter_settings.js";
import { messageOf } from "./quiet_logger.js";
import type { TraceStore } from "./trace_store.js";

/** A job, and what is to be uploaded for it. */
export interface JobWithAttachments {
  job: ExportJob;
  attachments: readonly Attachment[];
}

/** Where a span belongs: an experiment id or a table; null: nowhere. */
type LocationOf = (span: Span, info: TraceInfo | null) => string | null;

/** The parts of a store that uploads need. */
type Files = TraceStore & Required<Pick<TraceStore, "takesArtifacts" | "getTraceInfo" | "uploadAttachment">>;

/** Characters of the previews that the manager makes. */
const PREVIEW_LENGTH = 1_000;
/** Contents under way; beyond that they stay in the spans. */
const MAX_PENDING_BYTES = 64 << 20;

export class AttachmentUploads {
  readonly #store: () => TraceStore;
  readonly #rules: AttachmentRules;
  readonly #locationOf: LocationOf;
  readonly #log: ExportLog;
  readonly #running = new Set<Promise<void>>();
  readonly #counts: AttachmentCounts = { uploaded: 0, failed: 0, tooLarge: 0 };
  #pendingBytes = 0;

  constructor(store: () => TraceStore, rules: AttachmentRules, locationOf: LocationOf, log: ExportLog) {
    this.#store = store;
    this.#rules = rules;
    this.#locationOf = locationOf;
    this.#log = log;
  }

  /** null: there were none. */
  get counts(): AttachmentCounts | null {
    const { uploaded, failed, tooLarge } = this.#counts;
    return uploaded + failed + tooLarge === 0 ? null : { ...this.#counts };
  }

  /** Never throws, never rejects. */
  detach(job: ExportJob): JobWithAttachments | Promise<JobWithAttachments> {
    const asItIs: JobWithAttachments = { job, attachments: [] };
    try {
      const store = this.#files();
      const location = this.#experimentOf(job);
      if (store === null || location === null || this.#pendingBytes > MAX_PENDING_BYTES) return asItIs;
      const previewLength = isDatabricksUri(store.trackingUri) ? DATABRICKS_PREVIEW_LENGTH : PREVIEW_LENGTH;
      const detached = detachedJob(job, { ...this.#rules, previewLength });
      if (detached === null) return asItIs;
      const use = (takes: boolean): JobWithAttachments => {
        if (!takes) return asItIs;
        detached.applyToInfo();
        this.#counts.tooLarge += detached.tooLarge;
        if (detached.tooLarge > 0)
          this.#log.warn(
            "too large",
            `${String(detached.tooLarge)} attachments of a trace are too large; a text stands in their place`,
          );
        for (const { contentBytes } of detached.attachments) this.#pendingBytes += contentBytes.byteLength;
        return detached;
      };
      const takes = store.takesArtifacts(location);
      if (typeof takes === "boolean") return use(takes);
      return takes.then(use, (error: unknown) => {
        this.#log.debug(`whether the server takes attachments is not known: ${messageOf(error)}`);
        return asItIs;
      });
    } catch (error) {
      this.#log.debug(`attachments stay in their spans: ${messageOf(error)}`);
      return asItIs;
    }
  }

  /** null: the spans go to a table, which has no files. */
  #experimentOf({ spans, taken }: ExportJob): string | null {
    const first = spans[0] ?? taken?.trace.data.spans[0];
    const location = first === undefined ? null : this.#locationOf(first, taken?.trace.info ?? null);
    return location?.includes(".") === true ? null : location;
  }

  /** `info`: as the server answered it; null: it is asked for. The export does not wait for it, flush() does. */
  upload({ job, attachments }: JobWithAttachments, info: TraceInfo | null): void {
    const store = this.#files();
    if (attachments.length === 0 || store === null) return;
    const work = this.#upload(store, attachments, job.spans[0]?.traceId ?? "", info);
    this.#running.add(work);
    void work.then(() => this.#running.delete(work));
  }

  async #upload(store: Files, attachments: readonly Attachment[], traceId: string, info: TraceInfo | null): Promise<void> {
    let at = info;
    for (const attachment of attachments) {
      try {
        at ??= await store.getTraceInfo(traceId);
        await store.uploadAttachment(at, attachment);
        this.#counts.uploaded++;
      } catch (error) {
        this.#counts.failed++;
        this.#log.failed("Failed to upload an attachment; its trace is not affected", error);
      }
      this.#pendingBytes -= attachment.contentBytes.byteLength;
    }
  }

  /** What belongs to a trace that did not arrive. */
  drop({ attachments }: JobWithAttachments): void {
    this.#counts.failed += attachments.length;
    for (const { contentBytes } of attachments) this.#pendingBytes -= contentBytes.byteLength;
  }

  async flush(): Promise<void> {
    while (this.#running.size > 0) await Promise.all([...this.#running]);
  }

  #files(): Files | null {
    const store = this.#store();
    const isWhole =
      store.takesArtifacts !== undefined && store.getTraceInfo !== undefined && store.uploadAttachment !== undefined;
    return isWhole ? (store as Files) : null;
  }
}
