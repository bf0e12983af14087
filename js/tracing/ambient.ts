// What contexts say of the traces that start inside: values of tracingContext(), a destination, the
// request that is evaluated. Never changed once it is in a frame.

import { EVALUATION_TAG } from "./late_names.js";
import type { Ambient } from "./context.js";
import type { LocalTrace } from "./local_trace.js";
import type { TraceDestination } from "./placement.js";
import { tracer } from "./realm.js";

export class AmbientValues implements Ambient {
  readonly tags: ReadonlyMap<string, string> = new Map();
  readonly metadata: ReadonlyMap<string, string> = new Map();
  readonly sessionId: string | null = null;
  readonly user: string | null = null;
  /** null: what setDestination() said of all traces. */
  readonly destination: TraceDestination | null = null;
  readonly evaluationId: string | null = null;

  /** By shape: frames are shared with other copies of the package. */
  static of(ambient: Ambient | null): AmbientValues {
    return Object.assign(new AmbientValues(), ambient);
  }

  with(values: Partial<Omit<AmbientValues, "applyTo" | "with">>): AmbientValues {
    return Object.assign(new AmbientValues(), this, values);
  }

  applyTo(trace: LocalTrace): void {
    const { tags, metadata, sessionId, user, evaluationId } = this;
    const shared = tracer();
    const destination = this.destination ?? AmbientValues.of(shared.ambient).destination;
    if (destination !== null)
      shared.whenLater((later) => {
        later.place(trace, { destination }, true);
      });
    if (tags.size + metadata.size > 0 || sessionId !== null || user !== null || evaluationId !== null) {
      const values = trace.ensuredValues;
      for (const [key, value] of tags) values.tags.set(key, value);
      for (const [key, value] of metadata) values.metadata.set(key, value);
      values.sessionId = sessionId;
      values.user = user;
      if (evaluationId !== null) values.tags.set(EVALUATION_TAG, evaluationId);
    }
    if (evaluationId !== null)
      shared.whenLater((later) => {
        later.registerEvaluationTrace(evaluationId, trace.traceId);
      });
  }
}
