// Spans as MLflow sees them when they come by OTLP, and as it sends them.
#pragma once

#include <string_view>

#include "base/result.h"
#include "trace/span_data.h"

namespace spandrel::mlflow {

// MLflow's reading of a span that was decoded from OTLP: every attribute value becomes JSON text
// (so a string gets quotes, JSON text too), mlflow.traceRequestId is set where it stands or
// appended: v3, or v4 where a location is given. Links get trace ids of the same location. An end
// of 0 stays 0: such a span counts as ended. InvalidParameterValue: trace or span id is zero.
Result<trace::SpanData> spanFromOtlp(trace::SpanData span, std::string_view location = {});

// A finished span of another SDK, handed over in this process: its attributes stay as that SDK set
// them. mlflow.traceRequestId and mlflow.spanType, where they were added, are quoted JSON strings.
trace::SpanData spanOfOtherSdk(trace::SpanData span);

// What MLflow's server does with attributes it receives by OTLP: a string that holds a JSON object,
// array or quoted string is that value; "123" and "true" stay strings. Undoes the quoting of
// attributes that were JSON text before they were sent.
void undoDoubleEncoding(trace::SpanData& span);

// The form MLflow sends: attributes are the values their JSON texts stand for. An integer beyond 64
// bits becomes a string (MLflow loses the whole batch there).
trace::SpanData toOtlpForm(const trace::SpanData& span);

}  // namespace spandrel::mlflow
