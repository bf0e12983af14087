// Spans on their way to an MLflow server.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "base/text.h"
#include "trace/span_data.h"

namespace spandrel::client {

// What the reader of a request makes of strings.
enum class Strings : uint8_t {
  // As they are (tables).
  Kept,
  // MLflow's server takes a string that holds a JSON object, array or string for that value. A
  // string that only looks like one is sent with quotes around it, which the server takes off.
  Unquoted,
};

// Portable records, back to back, as one ExportTraceServiceRequest in MLflow's form: header fields
// are attributes, attributes the values their JSON texts stand for. A structure of more
// than kMaxWireDepth levels leaves as its text, which the server reads as well. An integer beyond
// 64 bits becomes a string: as a number the server would store it and then fail to read the trace.
// Nothing for no records.
Result<std::vector<uint8_t>> spanRequest(Bytes records, const trace::Resource& resource,
                                         Strings strings);

}  // namespace spandrel::client
