// Feedback and expectations on a server.

import { TraceError } from "../trace_error.js";
import { NO_OP_SPAN_TRACE_ID } from "../tracing/constants.js";
import { exactJson } from "../tracing/exact_json.js";
import { Assessment, checkedSource, expectationDict, feedbackDict, type AssessmentError } from "./assessment.js";
import { liveTraceOf } from "./live_trace.js";
import { exportOf } from "./pending_exports.js";
import { path, type RestClient } from "./rest_client.js";
import { addressOf, warehouseQuery, type TraceAddress } from "./trace_address.js";
import { locationOfText } from "./trace_info_proto.js";
import { warner } from "./trace_records.js";

type Dict = Record<string, unknown>;

interface AssessmentInput {
  traceId: string;
  /** The assessment is of this span. */
  spanId?: string;
  source?: { sourceType: string; sourceId?: string };
  metadata?: Record<string, unknown>;
}

export interface FeedbackInput extends AssessmentInput {
  /** Default "feedback". */
  name?: string;
  /** JSON. */
  value?: unknown;
  /** Why there is no value. */
  error?: AssessmentError | Error;
  rationale?: string;
  /** Id of the assessment that this one takes the place of. */
  overrides?: string;
}

export interface ExpectationInput extends AssessmentInput {
  name: string;
  /** JSON; lists and objects go as text. */
  value: unknown;
}

/** What is given is changed. */
export interface AssessmentUpdate {
  name?: string;
  feedback?: { value: unknown; error?: AssessmentError | Error };
  expectation?: { value: unknown };
  rationale?: string;
  metadata?: Record<string, unknown>;
}

export async function logFeedback(rest: RestClient, given: FeedbackInput): Promise<Assessment> {
  const { traceId, spanId, name = "feedback", value = null, error, rationale, overrides } = given;
  const now = rest.clock.wallMillis();
  return await create(
    rest,
    new Assessment({
      name,
      traceId,
      spanId: spanId ?? null,
      source: checkedSource(given.source, "CODE", warner(rest)),
      createTime: now,
      lastUpdateTime: now,
      feedback: { value, error: errorOf(error) },
      rationale: rationale ?? null,
      metadata: texts(given.metadata),
      overrides: overrides ?? null,
    }),
  );
}

export async function logExpectation(rest: RestClient, given: ExpectationInput): Promise<Assessment> {
  const { traceId, spanId, name, value } = given;
  if (value === undefined || value === null) throw new TraceError("INVALID_PARAMETER_VALUE", "an expectation has a value");
  const now = rest.clock.wallMillis();
  return await create(
    rest,
    new Assessment({
      name,
      traceId,
      spanId: spanId ?? null,
      source: checkedSource(given.source, "HUMAN", warner(rest)),
      createTime: now,
      lastUpdateTime: now,
      expectation: { value },
      metadata: texts(given.metadata),
    }),
  );
}

export async function getAssessment(rest: RestClient, traceId: string, assessmentId: string): Promise<Assessment> {
  const address = addressOf(traceId);
  const ids: [string, string][] = [
    ["trace_id", traceId],
    ["assessment_id", assessmentId],
  ];
  const query = address.location === null ? ids : warehouseQuery(rest);
  return read(await rest.json({ method: "GET", path: pathOf(address, assessmentId), query }), traceId);
}

export async function updateAssessment(
  rest: RestClient,
  traceId: string,
  assessmentId: string,
  update: AssessmentUpdate,
): Promise<Assessment> {
  const { name, feedback, expectation, rationale, metadata } = update;
  if (feedback !== undefined && expectation !== undefined)
    throw new TraceError("INVALID_PARAMETER_VALUE", "an assessment is either feedback or an expectation");
  const address = addressOf(traceId);
  const assessment: Dict = { assessment_id: assessmentId, ...whose(address) };
  const mask: string[] = [];
  const change = (field: string, maskName: string, value: unknown): void => {
    if (value === undefined) return;
    assessment[field] = value;
    mask.push(maskName);
  };
  const inTable = address.location !== null;
  change("assessment_name", inTable ? "assessment_name" : "assessmentName", name);
  change("expectation", "expectation", expectation && expectationDict(expectation.value));
  change("feedback", "feedback", feedback && feedbackDict({ value: feedback.value, error: errorOf(feedback.error) }));
  change("rationale", "rationale", rationale);
  change("metadata", "metadata", metadata && texts(metadata));
  const where = pathOf(address, assessmentId);
  const answer = inTable
    ? await rest.json({
        method: "PATCH",
        path: where,
        query: [...warehouseQuery(rest), ["update_mask", mask.join(",")]],
        body: exactJson(assessment),
      })
    : await rest.json({ method: "PATCH", path: where, body: exactJson({ assessment, update_mask: mask.join(",") }) });
  return read(answer, traceId);
}

/** Deleting what is not there is no error. */
export async function deleteAssessment(rest: RestClient, traceId: string, assessmentId: string): Promise<void> {
  const address = addressOf(traceId);
  const where = pathOf(address, assessmentId);
  if (address.location === null) {
    await rest.json({ method: "DELETE", path: where, body: exactJson({ trace_id: traceId, assessment_id: assessmentId }) });
  } else {
    await rest.json({ method: "DELETE", path: where, query: warehouseQuery(rest) });
  }
}

async function create(rest: RestClient, assessment: Assessment): Promise<Assessment> {
  // Tracing was off, so there is nothing to assess.
  if (assessment.traceId === NO_OP_SPAN_TRACE_ID) return assessment;
  const live = liveTraceOf(assessment.traceId);
  if (live !== null) {
    live.addAssessment(assessment.toDict());
    return assessment;
  }
  await exportOf(assessment.traceId);
  const address = addressOf(assessment.traceId);
  const dict = { ...assessment.toDict(), ...whose(address) };
  const inTable = address.location !== null;
  const answer = await rest.json({
    method: "POST",
    path: pathOf(address),
    query: inTable ? warehouseQuery(rest) : [],
    body: exactJson(inTable ? dict : { assessment: dict }),
    createsAnew: true,
  });
  return read(answer, assessment.traceId);
}

/** The answer holds the assessment, or is it. */
function read(answer: Dict, traceId: string): Assessment {
  const dict = (answer["assessment"] ?? answer) as Dict;
  return Assessment.fromDict({ ...dict, trace_id: traceId });
}

function pathOf(address: TraceAddress, assessmentId?: string): string {
  return `${address.path}/assessments${assessmentId === undefined ? "" : path`/${assessmentId}`}`;
}

function whose({ location, id }: TraceAddress): Dict {
  return location === null ? { trace_id: id } : { trace_id: id, trace_location: locationOfText(location) };
}

function errorOf(error: AssessmentError | Error | undefined): AssessmentError | null {
  if (error === undefined || error === null) return null;
  if ("errorCode" in error && !("name" in error && "message" in error)) return error;
  const { name, message, stack } = error as Error;
  const told: AssessmentError = { errorCode: name, errorMessage: message };
  if (stack !== undefined) told.stackTrace = stack;
  return told;
}

function texts(metadata: Record<string, unknown> | undefined): Record<string, string> | null {
  if (metadata === undefined) return null;
  return Object.fromEntries(Object.entries(metadata).map(([key, value]) => [key, String(value)]));
}
