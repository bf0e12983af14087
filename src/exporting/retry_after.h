// The HTTP header Retry-After (RFC 9110 §10.2.3): a number of seconds or a date.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace spandrel::exporting {

// A longer wait is not a pause but a mistake (a unit mixed up, a clock far off): it counts as
// invalid.
inline constexpr int64_t kMaxRetryAfterMillis = 24ll * 60 * 60 * 1000;

// Milliseconds since 1970 of an HTTP date in any of its three forms (IMF-fixdate, RFC 850,
// asctime). `nowMillis` places the two-digit years of RFC 850: at most 50 years ahead.
std::optional<int64_t> parseHttpDate(std::string_view text, int64_t nowMillis);

// Milliseconds to wait, never negative: digits are seconds, a date that has passed is 0.
// A date is a moment of the receiver's clock, so it is compared with the `Date` header of the same
// answer where that can be read, and with `nowMillis` (since 1970) otherwise.
// Nothing for anything else ("-1", "1e9", "1.5", "abc", "") and for waits over a day: back off
// instead.
std::optional<int64_t> parseRetryAfter(std::string_view text, std::string_view dateHeader,
                                       int64_t nowMillis);

// The same for both headers in one text: Retry-After, a line feed (which no header can hold), Date.
std::optional<int64_t> parseRetryAfterLines(std::string_view lines, int64_t nowMillis);

}  // namespace spandrel::exporting
