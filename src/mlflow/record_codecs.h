// Portable records to MLflow's texts and back: what bindings call, bytes or text in, bytes or text
// out.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/text.h"
#include "trace/span_data.h"

namespace spandrel::mlflow {

// One span: to_dict() as Python's json.dumps writes it, ASCII only.
Result<std::string> spanDictOfRecord(Bytes record);
// A dictionary of any schema (see span_dict.h).
Result<std::vector<uint8_t>> recordOfSpanDict(std::string_view json);
// A span as its OTLP decoder gave it, in MLflow's form (see from_otlp.h).
Result<std::vector<uint8_t>> recordOfOtlpSpan(const Result<trace::SpanData>& decoded,
                                              std::string_view location = {});
// The same as another SDK in this process made it (spanOfOtherSdk).
Result<std::vector<uint8_t>> recordOfOtherSdkSpan(Result<trace::SpanData> decoded);

// A whole trace. `info` is an info dictionary, `records` hold the spans back to back.
// Trace.to_json(), with the two size keys in its metadata where `withSizeStats` says so.
Result<std::string> traceJsonOfRecords(std::string_view info, Bytes records, bool withSizeStats);
// The two size keys alone (size_stats.h).
Result<std::string> sizeStatsOfRecords(std::string_view info, Bytes records);
// Four bytes with the length of the info dictionary (little-endian), the dictionary, zeros up to
// the next multiple of four, the spans' records back to back.
Result<std::vector<uint8_t>> recordsOfTraceJson(std::string_view json);

}  // namespace spandrel::mlflow
