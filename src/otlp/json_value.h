// Values and JSON text: what MLflow keeps as text, read as a value and back.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "trace/any_value.h"

namespace spandrel::otlp {

// The value of a JSON text, at most kMaxReadDepth levels. Integers stay exact; one beyond int64
// becomes the text of its digits. Bare NaN and infinities (Python writes them) become doubles.
Result<trace::AnyValue> parseJsonValue(std::string_view text);

// Compact JSON text of a value: bytes in base64, NaN and infinities as strings, Json texts as they
// are. Levels beyond kMaxJsonTextDepth become null.
void appendJsonText(std::string& out, const trace::AnyValue& value);
std::string jsonTextOf(const trace::AnyValue& value);

// How many arrays and maps stand inside each other; counting ends at `limit`.
int depthOf(const trace::AnyValue& value, int limit);

}  // namespace spandrel::otlp
