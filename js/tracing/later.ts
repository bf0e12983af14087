// What tracing needs now and then. Node has it from the start; pages load it with init() (so that
// the package's main entry stays small), a moment after the first spans may have started.
//
// Until then nothing is lost: inputs of traced functions get their names when this arrives, traces
// their places, and a generator or a stream is recorded by its name, as any other value that must not be consumed.
//
// No file of this is imported by what the main entry offers, except those that every page loads at once:
// bundlers would load such a file at once too. Who needs something of it asks `tracer().later`.

import type { AnyFunction } from "./trace_function.js";
import { addCauses, stackOf } from "./causes.js";
import { forgetEvaluations, registerEvaluationTrace, traceIdOfEvaluation } from "./evaluation.js";
import { inputsOf, parametersOf } from "./parameters.js";
import { parseJson } from "./json.js";
import { placeLink } from "./link_ids.js";
import { isPlace, place } from "./placement.js";
import type { Tracer } from "./tracer.js";
import { isReadableStream, StreamSpan, tracedGenerator, tracedReadable } from "./traced_stream.js";
import { jsonTextOf, type JsonText } from "./values.js";
import { textOf } from "./warnings.js";

export const laterCode = {
  parametersOf,
  inputsOf,
  isReadableStream,
  StreamSpan,
  tracedGenerator,
  tracedReadable,
  nameInputs,
  warnOfReducer,
  addCauses,
  stackOf,
  placeLink,
  textOf,
  isPlace,
  place,
  registerEvaluationTrace,
  traceIdOfEvaluation,
  forgetEvaluations,
};

export type LaterCode = typeof laterCode;

/**
 * The arguments of `{ args: […] }` as they were at the call, now under the names of the parameters.
 * `isMissing`, per argument: it was undefined, which JSON cannot say.
 */
function nameInputs(fn: unknown, json: JsonText, isMissing: readonly boolean[]): void {
  const { args } = parseJson(json.text) as { args: unknown[] };
  const given = args.map((arg, i) => (isMissing[i] === true ? undefined : arg));
  json.text = jsonTextOf(inputsOf(parametersOf(fn as AnyFunction), given));
}

function warnOfReducer(tracer: Tracer): void {
  tracer.warnOnce("reducer", "outputReducer is for generators and streams; it was given for a function that gives neither");
}
