// Trace-level values as attributes of the root span: how plain OTLP carries what MLflow keeps in the
// trace info. MLflow's server and our page turn them back.

import type { TraceValues } from "./local_trace.js";

export function traceAttributesOf(values: TraceValues): [key: string, value: string][] {
  const attributes: [string, string][] = [];
  for (const [key, value] of values.tags) attributes.push([`mlflow.traceTag.${key}`, value]);
  for (const [key, value] of values.metadata) attributes.push([`mlflow.traceMetadata.${key}`, value]);
  if (values.sessionId !== null) attributes.push(["session.id", values.sessionId]);
  if (values.user !== null) attributes.push(["user.id", values.user]);
  if (values.clientRequestId !== null) attributes.push(["mlflow.traceClientRequestId", values.clientRequestId]);
  if (values.requestPreview !== null) attributes.push(["mlflow.traceRequestPreview", values.requestPreview]);
  if (values.responsePreview !== null) attributes.push(["mlflow.traceResponsePreview", values.responsePreview]);
  return attributes;
}
