// A whole trace: its info and its spans in start order. Detached: nothing that happens later shows.

import { mimeBundle, type MimeBundle } from "../mlflow/mime_bundle.js";
import { TraceError } from "../trace_error.js";
import { withToJson } from "./dict.js";
import { parseJson } from "./json.js";
import { exactJson } from "./exact_json.js";
import { codec } from "./span_codec.js";
import { Span, SpanSource } from "./span.js";
import { TraceInfo } from "./trace_info.js";

export interface SpanSearch {
  type?: string;
  /** The whole name, or a pattern that is found in it. */
  name?: string | RegExp;
  spanId?: string;
}

/** Under this name Deno's Jupyter kernel and others ask a value how to show it. */
export const JUPYTER_DISPLAY: unique symbol = Symbol.for("Jupyter.display");

export class Trace {
  readonly info: TraceInfo;
  readonly data: { readonly spans: Span[] };

  constructor(info: TraceInfo, spans: Span[]) {
    this.info = info;
    this.data = { spans };
  }

  /** MLflow's dictionary. JSON.stringify of it works: times become decimal strings there. */
  toDict(): Record<string, unknown> {
    return withToJson(parseJson(this.toJson()) as Record<string, unknown>);
  }

  /** `{"info": …, "data": {"spans": […]}}`, exact, ASCII only. */
  toJson(): string {
    const records = this.data.spans.map((span) => span._record());
    return codec().traceText(exactJson(this.info.toDict()), records);
  }

  /** What a notebook shows for it, by MIME type. */
  [JUPYTER_DISPLAY](): MimeBundle {
    return mimeBundle([this]);
  }

  /** Throws TraceError for a name that is neither a string nor a pattern. */
  searchSpans({ type, name, spanId }: SpanSearch = {}): Span[] {
    if (name !== undefined && typeof name !== "string" && !isPattern(name)) {
      throw new TraceError("INVALID_PARAMETER_VALUE", "a span's name is searched by a string or a RegExp");
    }
    return this.data.spans.filter(
      (span) =>
        (type === undefined || span.spanType === type) &&
        (spanId === undefined || span.spanId === spanId) &&
        (name === undefined ||
          (typeof name === "string"
            ? span.name === name
            : new RegExp(name.source, name.flags.replace(/[gy]/g, "")).test(span.name))),
    );
  }

  /** Throws TraceError. */
  static fromDict(dict: unknown): Trace {
    return Trace.fromJson(exactJson(dict));
  }

  /** Throws TraceError. */
  static fromJson(text: string): Trace {
    if (typeof text !== "string") throw new TraceError("INVALID_PARAMETER_VALUE", "a trace is read from text");
    const { info, records } = codec().readTrace(text);
    return new Trace(
      TraceInfo.fromDict(info),
      records.map((record) => new Span(new SpanSource(record, null))),
    );
  }
}

function isPattern(value: unknown): value is RegExp {
  return Object.prototype.toString.call(value) === "[object RegExp]";
}
