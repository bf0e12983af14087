// Decimal digits of a double and back, exactly rounded, with whole-number arithmetic only.
//
// The C library's printf and strtod do the same in 20 kB of a module (they carry formats, locales
// and 128-bit floats); here it is 3 kB. Short decimals take a fast path of one multiplication or
// division.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace spandrel {

// value = 0.d1d2d3… × 10^point; no leading or trailing zeros.
struct DecimalDigits {
  std::string digits;
  int point = 0;
};

// The shortest digits that read back as `value`; of several the nearest. `value` is positive and
// finite.
DecimalDigits shortestDigits(double value);

// digits × 10^exponent, rounded half to even; an infinity beyond the range. Only '0' … '9' in
// `digits`; the exponent may be anything.
double doubleOfDigits(std::string_view digits, int64_t exponent);

}  // namespace spandrel
