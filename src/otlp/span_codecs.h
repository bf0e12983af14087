// Single spans and values between portable records, OTLP and JSON text: what bindings call.
// Values leave as MLflow's to_otel_proto() sends them (ValueForm::Reference).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/text.h"
#include "trace/span_data.h"

namespace spandrel::otlp {

// A protobuf Span message.
Result<std::vector<uint8_t>> spanBytesOfRecord(Bytes record);
// A span object of OTLP/JSON.
Result<std::string> spanJsonOfRecord(Bytes record);

// A Span message or a span object. JSON begins with "{" (after white space), which no Span message
// does: it would be a group.
Result<trace::SpanData> decodeSpanOfEither(Bytes input);

// JSON text of a value to an AnyValue message and back (Python-style text).
Result<std::vector<uint8_t>> anyValueBytesOfJson(std::string_view json);
Result<std::string> jsonOfAnyValueBytes(Bytes message);

}  // namespace spandrel::otlp
