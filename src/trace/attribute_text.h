// Attributes as MLflow stores them: one JSON text a value.
//
// Four kinds of values meet in a span:
//   set by our own API                    typed, or Json as the host wrote it (no spaces)
//   `isNative`, kind String               text that another SDK set, or a dictionary's text that is
//                                         no JSON: stored as it is, without quotes
//   `isNative`, kind Json                 a dictionary's text: stored exactly as it was read
//   `isNative`, any other kind            a typed value of another SDK: shown as itself
#pragma once

#include <string>

#include "base/json_text.h"
#include "trace/any_value.h"
#include "trace/span_data.h"

namespace spandrel::trace {

// The stored text: "value1" for the string value1, 10 for a number, {"a": 1} for {"a":1}.
std::string attributeText(const AnyValue& value);

// What a dictionary shows: the stored text as a JSON string, or a native typed value as itself.
void appendAttributeInDict(std::string& out, const AnyValue& value, JsonEscapes escapes);

// The value that getters give. JSON text is parsed; text of another SDK only where it is a JSON
// object, array or quoted string. What cannot be parsed is a string.
AnyValue attributeValue(const AnyValue& value);

// The value of a key of this span as attributeValue(); Empty where the key is missing.
AnyValue attributeValue(const SpanData& span, std::string_view key);

// An attribute as a dictionary gives it: a string there is the stored text.
AnyValue storedAttribute(std::string text);

}  // namespace spandrel::trace
