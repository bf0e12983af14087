// Values as the JSON text that goes on the wire. (As Python writes them: trace/json_value.h.)
#pragma once

#include <string>
#include <string_view>

#include "trace/any_value.h"

namespace spandrel::otlp {

// Compact JSON text of a value: bytes in base64, NaN and infinities as strings, Json texts as they
// are. Levels beyond kMaxJsonTextDepth become null.
void appendJsonText(std::string& out, const trace::AnyValue& value);
std::string jsonTextOf(const trace::AnyValue& value);

// How many arrays and maps stand inside each other; counting ends at `limit`.
int depthOf(const trace::AnyValue& value, int limit);

}  // namespace spandrel::otlp
