// Attachments as a tracking server keeps them: files `attachments/<uuid>` among a trace's artifacts.

import { TraceError } from "../trace_error.js";
import type { TraceInfo } from "../tracing/trace_info.js";
import { isOwnArtifacts, uploadArtifact } from "./artifacts.js";
import { Attachment } from "./attachment.js";
import type { RestClient } from "./rest_client.js";
import { downloadSigned } from "./signed_files.js";

const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/;
/** Experiments whose store is remembered. */
const MAX_KNOWN = 1_000;

/** Whether files can be put beside the traces of an experiment: known once it was asked. */
export class ArtifactStores {
  readonly #rest: RestClient;
  readonly #known = new Map<string, boolean>();

  constructor(rest: RestClient) {
    this.#rest = rest;
  }

  /** Rejects where the server does not say; then it is asked again. */
  takes(experimentId: string): boolean | Promise<boolean> {
    if (this.#rest.settings.isDatabricks) return true;
    return this.#known.get(experimentId) ?? this.#ask(experimentId);
  }

  async #ask(experimentId: string): Promise<boolean> {
    const answer = await this.#rest.json({
      method: "GET",
      path: "/api/2.0/mlflow/experiments/get",
      query: [["experiment_id", experimentId]],
      isTriedOnce: true,
    });
    const experiment = answer["experiment"] as { artifact_location?: unknown } | undefined;
    const location = experiment?.artifact_location;
    const takes = typeof location === "string" && isOwnArtifacts(this.#rest, location);
    if (this.#known.size >= MAX_KNOWN) this.#known.clear();
    this.#known.set(experimentId, takes);
    return takes;
  }
}

export async function uploadAttachment(rest: RestClient, info: TraceInfo, attachment: Attachment): Promise<void> {
  // What the content is stands in the reference; a type from a span may be no header's.
  const body = { type: "application/octet-stream", bytes: attachment.contentBytes };
  await uploadArtifact(rest, info, `attachments/${uuidOf(attachment.id)}`, body);
}

/** By its reference; the server reads the file, from whatever store it is in. */
export async function getAttachment(rest: RestClient, reference: string): Promise<Attachment> {
  const parsed = Attachment.parseRef(reference);
  if (parsed === null)
    throw new TraceError(
      "INVALID_PARAMETER_VALUE",
      "an attachment is named by 'mlflow-attachment://<id>?content_type=…&trace_id=…'",
    );
  const { attachmentId, contentType, traceId } = parsed;
  const id = uuidOf(attachmentId);
  const contentBytes = rest.settings.isDatabricks
    ? await downloadSigned(rest, traceId, `attachments/${id}`)
    : await throughServer(rest, traceId, id);
  return new Attachment({ contentType, contentBytes }, id);
}

async function throughServer(rest: RestClient, traceId: string, id: string): Promise<Uint8Array> {
  const query: [string, string][] = [
    ["request_id", traceId],
    ["path", id],
  ];
  return (await rest.bytes({ method: "GET", path: "/ajax-api/3.0/mlflow/get-trace-artifact", query })).body;
}

function uuidOf(id: string): string {
  if (!UUID.test(id))
    throw new TraceError("INVALID_PARAMETER_VALUE", `'${id}' is no id of an attachment: those are UUIDs in small letters`);
  return id;
}
