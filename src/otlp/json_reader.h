// OTLP/JSON text to spans.
//
// Takes one TracesData, or several: JSON lines, objects after each other, an array of them, a
// `{"result": …}` around one (Jaeger's answer). What the specification wants is read exactly; what
// files have in practice is read as well and counted: enums by name, snake_case keys, ids in
// base64, 64-bit integers as numbers, `instrumentationLibrarySpans`. Unknown members are passed
// over, `null` is an absent member, of repeated members the last wins (but the spans of a repeated
// list were delivered already). A value that does not fit its member leaves it at its default; one
// that does not fit its AnyValue is kept as text. 64-bit integers never pass through a double.
#pragma once

#include <string_view>

#include "otlp/traces_data.h"

namespace spandrel::otlp {

// When the text turns out to be broken the spans before that place have been delivered and the
// report says what and where.
ReadReport readTracesJson(std::string_view text, TraceSink& sink);

// A single span object, a single AnyValue object.
Result<trace::SpanData> decodeSpanJson(std::string_view text, ReadReport& report);
Result<trace::AnyValue> decodeAnyValueJson(std::string_view text, ReadReport& report);

}  // namespace spandrel::otlp
