// Points of time as text: RFC 3339, the form MLflow's dictionaries use.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace spandrel::trace {

// "2023-11-14T22:13:20.123Z"; a whole second has no fraction. Years 0001 to 9999; beyond them the
// nearest of these is written.
std::string utcTimeText(int64_t millis);

// "Z" or an offset; fractions of a second are cut to milliseconds.
Result<int64_t> parseUtcTime(std::string_view text);

}  // namespace spandrel::trace
