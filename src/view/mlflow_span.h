// One of MLflow's span dictionaries as the OTLP span that the store takes.
//
// Reads what mlflow/span_dict.h reads and refuses what that refuses, but keeps no span: the bytes
// are written while the text is walked, so a span takes no more memory than its text. Values are
// written as they are shown: stored texts of strings and numbers become those, texts of objects and
// lists stay text, and so do inputs and outputs whatever they are.
#pragma once

#include <string_view>

#include "base/result.h"
#include "otlp/wire_writer.h"
#include "trace/ids.h"

namespace spandrel::view {

// `json` is a well-formed object. Writes the content of a Span message and gives the span's trace;
// after a refusal (InvalidParameterValue, with the offset in `json`) what was written is no span.
Result<trace::TraceId> writeMlflowSpan(std::string_view json, otlp::WireWriter& out);

}  // namespace spandrel::view
