// A content that an MLflow server keeps as a file beside the trace: an image, a sound, a document.
//
//   span.setInputs({ picture: new Attachment({ contentType: "image/png", contentBytes: bytes }) });
//
// In records, and over OTLP, it is a data URI that carries its id; on the way to a server that takes
// files a reference stands in its place (src/mlflow/attachments.h). Nothing here throws: it is made
// in the midst of an application.

import { fileContent } from "#host";
import { hexOfWord, randomWord } from "../tracing/ids.js";
import { base64 } from "../tracing/values.js";

export interface AttachmentReference {
  attachmentId: string;
  contentType: string;
  traceId: string;
  /** Bytes; null where the reference does not say. */
  size: number | null;
}

const UNKNOWN_TYPE = "application/octet-stream";
/** type/subtype, perhaps with parameters. */
const CONTENT_TYPE = /^[\w.+-]+\/[\w.+-]+(?:;[\w.+-]+=[\w.+-]+)*$/;

const TYPES: Readonly<Record<string, string>> = {
  csv: "text/csv",
  gif: "image/gif",
  html: "text/html",
  jpeg: "image/jpeg",
  jpg: "image/jpeg",
  json: "application/json",
  md: "text/markdown",
  mp3: "audio/mpeg",
  mp4: "video/mp4",
  ogg: "audio/ogg",
  pdf: "application/pdf",
  png: "image/png",
  svg: "image/svg+xml",
  txt: "text/plain",
  wav: "audio/x-wav",
  webm: "video/webm",
  webp: "image/webp",
};

export class Attachment {
  readonly id: string;
  readonly contentType: string;
  readonly contentBytes: Uint8Array;

  /** `id`: of one that is read back. */
  constructor(content: { contentType: string; contentBytes: Uint8Array | ArrayBuffer }, id: string = randomUuid()) {
    const { contentType, contentBytes } = content;
    this.id = id;
    this.contentType = typeof contentType === "string" && contentType !== "" ? contentType : UNKNOWN_TYPE;
    this.contentBytes = ArrayBuffer.isView(contentBytes)
      ? new Uint8Array(contentBytes.buffer, contentBytes.byteOffset, contentBytes.byteLength)
      : new Uint8Array(contentBytes);
  }

  /**
   * Of a file; its type is told by its name where none is given. In Node alone. Throws what reading a file throws.
   */
  static fromFile(path: string, contentType?: string): Attachment {
    const ending = /\.(\w+)$/.exec(path)?.[1]?.toLowerCase() ?? "";
    return new Attachment({ contentType: contentType ?? TYPES[ending] ?? UNKNOWN_TYPE, contentBytes: fileContent(path) });
  }

  /** What stands in a stored trace. */
  ref(traceId: string): string {
    const query = new URLSearchParams({
      content_type: this.contentType,
      trace_id: traceId,
      size: String(this.contentBytes.byteLength),
    });
    return `mlflow-attachment://${this.id}?${query.toString()}`;
  }

  /** null where the text is no reference. */
  static parseRef(text: string): AttachmentReference | null {
    const match = /^mlflow-attachment:\/\/([^/?#]+)\/?\?([^#]*)$/.exec(typeof text === "string" ? text : "");
    const query = new URLSearchParams(match?.[2] ?? "");
    const [attachmentId, contentType, traceId] = [match?.[1], query.get("content_type"), query.get("trace_id")];
    if (!attachmentId || !contentType || !traceId) return null;
    const size = query.get("size") ?? "";
    return { attachmentId, contentType, traceId, size: /^[1-9]\d{0,14}$/.test(size) ? Number(size) : null };
  }

  /** The form in which it is recorded. A content type that is none becomes application/octet-stream. */
  toJSON(): string {
    const type = CONTENT_TYPE.test(this.contentType) ? this.contentType : UNKNOWN_TYPE;
    return `data:${type};spandrel-attachment=${this.id};base64,${base64(this.contentBytes)}`;
  }
}

/** crypto.randomUUID() is missing from pages that are not secure. */
function randomUuid(): string {
  const hex = [0, 1, 2, 3].map(() => hexOfWord(randomWord())).join("");
  const variant = "89ab".charAt(Number.parseInt(hex.charAt(16), 16) & 3);
  return hex.replace(/^(.{8})(.{4}).(.{3}).(.{3})/, `$1-$2-4$3-${variant}$4-`);
}
