// What the client of a tracking server asks the core: wasm/client_bindings.cpp.

import { TraceError } from "../trace_error.js";
import { splitRecords } from "../tracing/record_reader.js";
import { codec, notReady } from "../tracing/span_codec.js";
import { ExportCore, type ExportAnswer } from "./export_core.js";
import type { Handover } from "./handover.js";
import type { RawModule } from "./raw_module.js";

interface ClientBindings extends RawModule {
  mlflowRequestOfRecords(length: number, unquoted: boolean): number;
  tracesOfAnswer(length: number, locationLength: number): number;
  detachContents(length: number, takesBase64: boolean, maxBytes: number, previewLength: number): number;
}

export interface TraceOfAnswer {
  /** The JSON text of its info as the server wrote it. */
  infoText: string;
  records: Uint8Array[];
}

/** Beyond this the module gives its buffers back. */
const LARGE_BYTES = 1 << 20;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export class ClientCore {
  readonly #handover: Handover;

  constructor(handover: Handover) {
    this.#handover = handover;
  }

  /** An ExportTraceServiceRequest in MLflow's form. `unquoted`: the reader takes quotes off strings that look like JSON. */
  requestOfRecords(records: readonly Uint8Array[], unquoted: boolean): Uint8Array {
    return this.#call("mlflowRequestOfRecords", records, (raw, length) => raw.mlflowRequestOfRecords(length, unquoted));
  }

  /** The traces in an answer, in its order. `location` makes ids of v4. Throws TraceError where one cannot be read. */
  tracesOfAnswer(body: Uint8Array, location = ""): TraceOfAnswer[] {
    const prefix = encoder.encode(location);
    const bytes = this.#call("tracesOfAnswer", [prefix, body], (raw, length) => raw.tracesOfAnswer(length, prefix.length));
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const traces: TraceOfAnswer[] = [];
    for (let at = 0; at < bytes.length;) {
      const infoLength = view.getUint32(at, true);
      const recordsLength = view.getUint32(at + 4, true);
      at += 8;
      const infoText = decoder.decode(bytes.subarray(at, at + infoLength));
      at = (at + infoLength + 3) & ~3;
      traces.push({ infoText, records: splitRecords(bytes.subarray(at, at + recordsLength)) });
      at += recordsLength;
    }
    return traces;
  }

  /** The answer of detachContentsOfRecords() in src/mlflow/attachments.h. */
  detachContents(
    records: readonly Uint8Array[],
    rules: { takesBase64: boolean; maxBytes: number; previewLength: number },
  ): Uint8Array {
    const { takesBase64, maxBytes, previewLength } = rules;
    return this.#call("detachContents", records, (raw, length) =>
      raw.detachContents(length, takesBase64, maxBytes, previewLength),
    );
  }

  /** An ExportTraceServiceResponse; what cannot be read counts as empty. */
  readExportAnswer(body: Uint8Array, isJson: boolean): ExportAnswer {
    return new ExportCore(this.#handover).readAnswer(body, isJson);
  }

  #call(name: string, parts: readonly Uint8Array[], call: (raw: ClientBindings, length: number) => number): Uint8Array {
    const handover = this.#handover;
    handover.need(name);
    const input = joined(parts);
    return handover.guard((raw) => {
      const output = handover.takeBytes(call(raw as ClientBindings, handover.putBytes(input)));
      if (input.length > LARGE_BYTES || output.length > LARGE_BYTES) raw.shrinkBuffers();
      return output;
    });
  }
}

/** Of the loaded module. Throws TraceError before init() has loaded it. */
export function clientCore(): ClientCore {
  const codecs = codec();
  if (!("handover" in codecs)) return notReady();
  return new ClientCore(codecs.handover as Handover);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  if (length > 0x7fffffff) throw new TraceError("TOO_LARGE", "more than 2 GiB in one call");
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
