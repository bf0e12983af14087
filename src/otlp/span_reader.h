// OTLP protobuf bytes to spans.
//
// Reads by the rules of wire_reader.h. A repeated singular field: the last wins, nested messages
// merge. A known field with a wrong wire type is an unknown field; unknown fields are passed over.
// Ill-formed UTF-8 in texts becomes U+FFFD and is counted. Values nest as deep as 100 messages
// allow. What one span takes is bounded by MemoryBudget; values past it are dropped and counted.
#pragma once

#include "base/text.h"
#include "otlp/traces_data.h"

namespace spandrel::otlp {

// A TracesData or ExportTraceServiceRequest into `sink`, span by span. When the bytes turn out to
// be broken the spans before that place have been delivered and the report says what and where.
ReadReport readTraces(Bytes input, TraceSink& sink);

// A single Span message; `report` counts what was mended.
Result<trace::SpanData> decodeSpan(Bytes input, ReadReport& report);
Result<trace::AnyValue> decodeAnyValue(Bytes input, ReadReport& report);

}  // namespace spandrel::otlp
