// Numbers as text and back, exactly.
//
// std::to_chars and std::from_chars for double are missing in older libc++, and a 64-bit integer
// must never pass through a double, so both directions are written out here.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace spandrel {

// The shortest digits that read back as the same double, shaped as JavaScript does: "0.1", "100",
// "1e+300", "1e-7". NaN and infinities are "NaN", "Infinity", "-Infinity"; −0 is "-0".
std::string doubleText(double value);

// The same digits shaped as Python's json.dumps does: "1.0", "1e-05", "1e+16", "-0.0", "NaN".
std::string pythonDoubleText(double value);

// A JSON number ("-1.5e3") or "NaN", "Infinity", "-Infinity"; nothing before or after it.
// A number beyond the range of double becomes an infinity. False: not a number, `out` untouched.
bool parseDouble(std::string_view text, double& out);

// An integer in any JSON spelling ("12", "-0", "1e3", "1.50e1"), exactly. False: not an integer, or
// beyond the type; `out` is untouched.
bool parseInt64(std::string_view text, int64_t& out);
bool parseUint64(std::string_view text, uint64_t& out);

}  // namespace spandrel
