// The content of a span as plain fields: what a record decodes to and what a live span shows.

import type { FrozenValue } from "./values.js";

export interface EventFields {
  name: string;
  timeNs: bigint;
  attributes: Map<string, FrozenValue>;
  droppedAttributes: number;
}

export interface LinkFields {
  /** 32 hex digits. */
  traceIdHex: string;
  /** As the caller wrote it. */
  traceIdText: string;
  spanIdHex: string;
  flags: number;
  traceState: string;
  attributes: Map<string, FrozenValue>;
  droppedAttributes: number;
}

export interface SpanFields {
  traceIdHex: string;
  /** MLflow's id: "tr-…" or "trace:/…". */
  traceId: string;
  spanIdHex: string;
  parentIdHex: string | null;
  name: string;
  /** OTLP's SpanKind, 0 … 5. */
  kind: number;
  /** As on the wire: W3C flags and the is-remote bits. */
  flags: number;
  traceState: string;
  startTimeNs: bigint;
  /** null while open. */
  endTimeNs: bigint | null;
  /** OTLP's StatusCode: 0 unset, 1 OK, 2 error. */
  statusCode: number;
  description: string;
  /** In MLflow's order: trace id, experiment id, start time where given, span type, … log level. */
  attributes: Map<string, FrozenValue>;
  /** Keys whose values another OpenTelemetry instrumentation set. */
  nativeKeys: ReadonlySet<string> | null;
  events: EventFields[];
  links: LinkFields[];
  droppedAttributes: number;
  droppedEvents: number;
  droppedLinks: number;
  ordinal: number;
}
