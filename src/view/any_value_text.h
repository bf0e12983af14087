// An encoded OTLP AnyValue as text for people.
//
// A string is itself; numbers and booleans are their digits and words; bytes are base64; arrays and
// maps are JSON text, with NaN and infinities as strings. What cannot be read, or nests deeper than
// kMaxReadDepth, is said in place.
#pragma once

#include <string>
#include <string_view>

#include "base/text.h"

namespace spandrel::view {

struct ValueText {
  const char* type = "empty";  // string, bool, int, double, bytes, array, map, empty
  std::string text;
};

ValueText anyValueText(std::string_view encoded);

}  // namespace spandrel::view
