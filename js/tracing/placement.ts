// Where traces belong: an experiment of MLflow, or tables of a schema of Unity Catalog. It is decided
// when a trace begins, for the location is a part of a v4 trace id.
//
// Only what is loaded later imports this file (later.ts says why).

import { EVALUATION_TAG } from "./late_names.js";
import { registerEvaluationTrace } from "./evaluation.js";
import type { LocalTrace } from "./local_trace.js";
import type { PlaceOptions } from "./tracer.js";
import { safeText } from "./values.js";

/** Also taken: MLflow's dictionary of a trace location, as TraceInfo has it. */
export type TraceDestination =
  | { experimentId: string }
  | { catalogName: string; schemaName: string; tablePrefix?: string }
  | { type: string; [kind: string]: unknown };

const RUN_METADATA = "mlflow.sourceRun";

interface Place {
  readonly experimentId: string | null;
  /** "catalog.schema" or "catalog.schema.prefix"; null for an experiment. */
  readonly location: string | null;
}

/** null where it names no place. */
function placeOf(destination: unknown): Place | null {
  try {
    if (typeof destination !== "object" || destination === null) return null;
    const given = destination as Record<string, unknown>;
    const fields = (given["mlflow_experiment"] ?? given["uc_schema"] ?? given["uc_table_prefix"] ?? given) as typeof given;
    const experimentId = fields["experimentId"] ?? fields["experiment_id"];
    if (typeof experimentId === "string" && experimentId !== "") return { experimentId, location: null };
    const prefix = fields["tablePrefix"] ?? fields["table_prefix"];
    const parts = [fields["catalogName"] ?? fields["catalog_name"], fields["schemaName"] ?? fields["schema_name"]];
    if (prefix !== undefined && prefix !== null) parts.push(prefix);
    // A dot or a slash would be read as the end of a part.
    if (!parts.every((part) => typeof part === "string" && /^[^./]+$/.test(part))) return null;
    return { experimentId: null, location: parts.join(".") };
  } catch {
    return null;
  }
}

export function isPlace(destination: unknown): boolean {
  return placeOf(destination) !== null;
}

/** What setDestination(), a context or the options of a span say of its trace. */
export function place(trace: LocalTrace, { destination, experimentId, runId }: PlaceOptions, isRoot: boolean): void {
  const { logger } = trace.runtime;
  if (destination !== null && destination !== undefined) {
    const found = placeOf(destination);
    if (!isRoot) logger.warn("a destination is for the root of a trace; that of a child is ignored");
    else if (found === null)
      logger.warn("a destination is { experimentId } or { catalogName, schemaName, tablePrefix? }; ignored");
    else {
      trace.experimentId = found.experimentId;
      trace.traceIdText = found.location === null ? null : `trace:/${found.location}/${trace.hex}`;
      const evaluationId = trace.values?.tags.get(EVALUATION_TAG);
      if (evaluationId !== undefined) registerEvaluationTrace(evaluationId, trace.traceId);
    }
  }
  if (!isRoot) return;
  if (experimentId !== undefined && experimentId !== null) trace.experimentId = safeText(experimentId);
  if (runId !== undefined && runId !== null) trace.ensuredValues.metadata.set(RUN_METADATA, safeText(runId));
}
