#include "base/number_text.h"

#include <cmath>
#include <cstdlib>

#include "base/decimal_double.h"

namespace spandrel {
namespace {

std::string withExponent(const DecimalDigits& decimal, size_t minExponentDigits) {
  std::string out(1, decimal.digits[0]);
  if (decimal.digits.size() > 1) out += '.' + decimal.digits.substr(1);
  const int exponent = decimal.point - 1;
  out += exponent < 0 ? "e-" : "e+";
  const std::string magnitude = std::to_string(std::abs(exponent));
  if (magnitude.size() < minExponentDigits) out.append(minExponentDigits - magnitude.size(), '0');
  return out + magnitude;
}

std::string withoutExponent(const DecimalDigits& decimal) {
  const int count = static_cast<int>(decimal.digits.size());
  if (decimal.point <= 0)
    return "0." + std::string(static_cast<size_t>(-decimal.point), '0') + decimal.digits;
  if (decimal.point >= count)
    return decimal.digits + std::string(static_cast<size_t>(decimal.point - count), '0');
  const size_t point = static_cast<size_t>(decimal.point);
  return decimal.digits.substr(0, point) + '.' + decimal.digits.substr(point);
}

const char* specialText(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
  return nullptr;
}

bool isDigit(char c) {
  return c >= '0' && c <= '9';
}

// The parts of a JSON number; no leading zeros, plus sign or bare point.
struct NumberParts {
  bool isNegative = false;
  std::string_view whole;
  std::string_view fraction;
  long exponent = 0;  // clamped: beyond ±100,000 nothing changes
};

bool splitNumber(std::string_view text, NumberParts& parts) {
  size_t i = 0;
  const auto digitsFrom = [&](size_t start) {
    while (i < text.size() && isDigit(text[i])) ++i;
    return text.substr(start, i - start);
  };
  if (i < text.size() && text[i] == '-') {
    parts.isNegative = true;
    ++i;
  }
  parts.whole = digitsFrom(i);
  if (parts.whole.empty() || (parts.whole.size() > 1 && parts.whole[0] == '0')) return false;
  if (i < text.size() && text[i] == '.') {
    parts.fraction = digitsFrom(++i);
    if (parts.fraction.empty()) return false;
  }
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    ++i;
    const bool isNegative = i < text.size() && text[i] == '-';
    if (i < text.size() && (text[i] == '-' || text[i] == '+')) ++i;
    const std::string_view digits = digitsFrom(i);
    if (digits.empty()) return false;
    for (char c : digits) {
      if (parts.exponent < 100000) parts.exponent = parts.exponent * 10 + (c - '0');
    }
    if (isNegative) parts.exponent = -parts.exponent;
  }
  return i == text.size();
}

// |text| as an exact integer.
bool integerMagnitude(const NumberParts& parts, uint64_t& out) {
  const size_t total = parts.whole.size() + parts.fraction.size();
  const auto digitAt = [&](size_t i) {
    return i < parts.whole.size() ? parts.whole[i] : parts.fraction[i - parts.whole.size()];
  };
  const long wholeDigits = static_cast<long>(parts.whole.size()) + parts.exponent;
  uint64_t value = 0;
  for (size_t i = 0; i < total; ++i) {
    const uint64_t digit = static_cast<uint64_t>(digitAt(i) - '0');
    if (static_cast<long>(i) >= wholeDigits) {
      if (digit != 0) return false;
      continue;
    }
    if (value > (UINT64_MAX - digit) / 10) return false;
    value = value * 10 + digit;
  }
  for (long i = static_cast<long>(total); i < wholeDigits && value != 0; ++i) {
    if (value > UINT64_MAX / 10) return false;
    value *= 10;
  }
  out = value;
  return true;
}

}  // namespace

std::string doubleText(double value) {
  if (const char* special = specialText(value)) return special;
  if (value == 0) return std::signbit(value) ? "-0" : "0";
  const std::string sign = value < 0 ? "-" : "";
  const DecimalDigits decimal = shortestDigits(std::fabs(value));
  const bool isPlain = decimal.point > -6 && decimal.point <= 21;  // as Number.prototype.toString
  return sign + (isPlain ? withoutExponent(decimal) : withExponent(decimal, 1));
}

std::string pythonDoubleText(double value) {
  if (const char* special = specialText(value)) return special;
  if (value == 0) return std::signbit(value) ? "-0.0" : "0.0";
  const std::string sign = value < 0 ? "-" : "";
  const DecimalDigits decimal = shortestDigits(std::fabs(value));
  const bool isPlain = decimal.point > -4 && decimal.point <= 16;  // as repr()
  if (!isPlain) return sign + withExponent(decimal, 2);
  const bool isWhole = decimal.point >= static_cast<int>(decimal.digits.size());
  return sign + withoutExponent(decimal) + (isWhole ? ".0" : "");
}

bool parseDouble(std::string_view text, double& out) {
  if (text == "NaN") return out = std::nan(""), true;
  if (text == "Infinity") return out = HUGE_VAL, true;
  if (text == "-Infinity") return out = -HUGE_VAL, true;
  NumberParts parts;
  if (!splitNumber(text, parts)) return false;
  const int64_t exponent = parts.exponent - static_cast<int64_t>(parts.fraction.size());
  const double magnitude =
      parts.fraction.empty()
          ? doubleOfDigits(parts.whole, exponent)
          : doubleOfDigits(std::string(parts.whole) + std::string(parts.fraction), exponent);
  out = parts.isNegative ? -magnitude : magnitude;
  return true;
}

bool parseUint64(std::string_view text, uint64_t& out) {
  NumberParts parts;
  uint64_t magnitude = 0;
  if (!splitNumber(text, parts) || !integerMagnitude(parts, magnitude)) return false;
  if (parts.isNegative && magnitude != 0) return false;
  out = magnitude;
  return true;
}

bool parseInt64(std::string_view text, int64_t& out) {
  NumberParts parts;
  uint64_t magnitude = 0;
  if (!splitNumber(text, parts) || !integerMagnitude(parts, magnitude)) return false;
  const uint64_t limit = static_cast<uint64_t>(INT64_MAX) + (parts.isNegative ? 1 : 0);
  if (magnitude > limit) return false;
  out = static_cast<int64_t>(parts.isNegative ? 0 - magnitude : magnitude);
  return true;
}

}  // namespace spandrel
