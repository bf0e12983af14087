// What tracing needs now and then. Node has it from the start; pages load it with init() (so that
// the package's main entry stays small), a moment after the first spans may have started.
//
// Until then nothing is lost: inputs of traced functions get their names when this arrives, and a
// generator or a stream is recorded by its name, as any other value that must not be consumed.

import type { AnyFunction } from "./trace_function.js";
import { inputsOf, parametersOf } from "./parameters.js";
import { parseJson } from "./json.js";
import type { UnnamedInputs } from "./tracer.js";
import { isReadableStream, StreamSpan, tracedGenerator, tracedReadable } from "./traced_stream.js";
import { jsonTextOf } from "./values.js";

export const laterCode = { parametersOf, inputsOf, isReadableStream, StreamSpan, tracedGenerator, tracedReadable, nameInputs };

export type LaterCode = typeof laterCode;

/** The arguments as they were at the call, now under the names of the parameters. */
function nameInputs(waiting: readonly UnnamedInputs[]): void {
  for (const { fn, json, isMissing } of waiting) {
    const { args } = parseJson(json.text) as { args: unknown[] };
    const given = args.map((arg, i) => (isMissing[i] === true ? undefined : arg));
    json.text = jsonTextOf(inputsOf(parametersOf(fn as AnyFunction), given));
  }
}
