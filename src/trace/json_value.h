// JSON text to values and back, exactly.
//
// Integers of 64 bits and -0.0 survive; of an integer beyond 64 bits the digits are kept. NaN,
// Infinity and -Infinity may stand bare, as Python writes them. Of equal keys in one object the
// last value wins and stands where the first stood (as in Python and JavaScript).
#pragma once

#include <string>
#include <string_view>

#include "base/json_text.h"
#include "base/result.h"
#include "trace/any_value.h"

namespace spandrel::trace {

// More values than this in one text are refused (TooLarge): each takes about 100 bytes.
inline constexpr size_t kMaxJsonValues = size_t{1} << 20;

// What holds the digits of an integer beyond 64 bits.
enum class LargeIntegers : uint8_t {
  Json,    // a Json value: written as JSON it is the number again
  String,  // for wires that have no such number
};

// TooDeep beyond kMaxReadDepth levels. Ill-formed UTF-8 in strings becomes U+FFFD.
Result<AnyValue> parseJsonValue(std::string_view text,
                                LargeIntegers largeIntegers = LargeIntegers::Json);

// As Python's json.dumps writes it: ", " and ": ", doubles by repr (1.0, 1e-05). Bytes are base64,
// Empty is null. A Json value is respaced; one that is no JSON is written as a string.
std::string dumpJson(const AnyValue& value, JsonEscapes escapes = JsonEscapes::Needed);
void appendJson(std::string& out, const AnyValue& value, JsonEscapes escapes = JsonEscapes::Needed);

}  // namespace spandrel::trace
