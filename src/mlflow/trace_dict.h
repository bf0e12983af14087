// Whole traces and their infos as MLflow's JSON text.
//
// Written: version 3, keys in MLflow's order, absent fields and empty maps left out, maps sorted by
// key. Read: version 3, and infos of version 2 (known by `request_id` without `trace_id`), which
// become version 3. (The REST payload of an info differs in one key and is not here.)
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_text.h"
#include "base/result.h"
#include "trace/trace.h"

namespace spandrel::mlflow {

// Limits that apply to what is written; the info itself keeps the full text. Code points, cut
// without a suffix.
inline constexpr size_t kMaxMetadataKeyLength = 250;
inline constexpr size_t kMaxMetadataValueLength = 250;
inline constexpr size_t kMaxTagKeyLength = 250;
inline constexpr size_t kMaxTagValueLength = 4096;

std::string toTraceInfoDictText(const trace::TraceInfo& info,
                                JsonEscapes escapes = JsonEscapes::Ascii);
// InvalidParameterValue with reason and offset: unknown or missing keys, wrong values, broken JSON.
Result<trace::TraceInfo> fromTraceInfoDictText(std::string_view json);

// Trace.to_json(): {"info": …, "data": {"spans": […]}}, ASCII only, by the writer of span
// dictionaries. `spanBytes` receives the length of each span's part.
std::string toTraceJson(const trace::Trace& trace, JsonEscapes escapes = JsonEscapes::Ascii,
                        std::vector<size_t>* spanBytes = nullptr);
// Spans are taken in the order of the list. `data` without spans is a trace without spans.
Result<trace::Trace> fromTraceJson(std::string_view json);

}  // namespace spandrel::mlflow
