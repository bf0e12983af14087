#include "base/number_text.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace spandrel {
namespace {

// value = 0.d1d2d3… × 10^point, without trailing zeros.
struct Decimal {
  std::string digits;
  int point = 0;
};

bool readsBackAs(const char* text, double value) { return std::strtod(text, nullptr) == value; }

// The next decimal away from zero, in the last digit of "d.ddde±xx".
bool incrementLastDigit(char* text) {
  char* exponent = std::strchr(text, 'e');
  for (char* at = exponent - 1; at >= text; --at) {
    if (*at == '.') continue;
    if (*at != '9') {
      ++*at;
      return true;
    }
    *at = '0';
  }
  return false;  // 9.99… would need one more digit: the longer form serves
}

// Fills `text` with the shortest "d.ddde±xx" of a positive finite number.
void shortestScientific(double value, char (&text)[40]) {
  constexpr double kSmallestNormal = 2.2250738585072014e-308;
  // Up to 15 digits every decimal survives a double, so trying 15 finds anything shorter as well
  // (zeros are trimmed later); subnormals have fewer digits than that and need the whole search.
  const int first = value < kSmallestNormal ? 1 : 15;
  int exponent = 0;
  const bool isPowerOfTwo = std::frexp(value, &exponent) == 0.5;
  for (int digits = first; digits <= 17; ++digits) {
    std::snprintf(text, sizeof text, "%.*e", digits - 1, value);
    if (readsBackAs(text, value)) return;
    // Below a power of two doubles lie closer together than above it: the nearest decimal may miss
    // where its upper neighbour still reads back.
    if (isPowerOfTwo && incrementLastDigit(text) && readsBackAs(text, value)) return;
  }
}

Decimal decimalOf(double value) {
  char text[40];
  shortestScientific(value, text);
  Decimal decimal;
  const char* at = text;
  for (; *at != 'e'; ++at) {
    if (*at != '.') decimal.digits.push_back(*at);
  }
  decimal.point = std::atoi(at + 1) + 1;
  while (decimal.digits.size() > 1 && decimal.digits.back() == '0') decimal.digits.pop_back();
  return decimal;
}

std::string withExponent(const Decimal& decimal, size_t minExponentDigits) {
  std::string out(1, decimal.digits[0]);
  if (decimal.digits.size() > 1) out += '.' + decimal.digits.substr(1);
  const int exponent = decimal.point - 1;
  out += exponent < 0 ? "e-" : "e+";
  const std::string magnitude = std::to_string(std::abs(exponent));
  if (magnitude.size() < minExponentDigits) out.append(minExponentDigits - magnitude.size(), '0');
  return out + magnitude;
}

std::string withoutExponent(const Decimal& decimal) {
  const int count = static_cast<int>(decimal.digits.size());
  if (decimal.point <= 0) return "0." + std::string(static_cast<size_t>(-decimal.point), '0') + decimal.digits;
  if (decimal.point >= count) return decimal.digits + std::string(static_cast<size_t>(decimal.point - count), '0');
  const size_t point = static_cast<size_t>(decimal.point);
  return decimal.digits.substr(0, point) + '.' + decimal.digits.substr(point);
}

const char* specialText(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
  return nullptr;
}

bool isDigit(char c) { return c >= '0' && c <= '9'; }

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
  const Decimal decimal = decimalOf(std::fabs(value));
  const bool isPlain = decimal.point > -6 && decimal.point <= 21;  // as Number.prototype.toString
  return sign + (isPlain ? withoutExponent(decimal) : withExponent(decimal, 1));
}

std::string pythonDoubleText(double value) {
  if (const char* special = specialText(value)) return special;
  if (value == 0) return std::signbit(value) ? "-0.0" : "0.0";
  const std::string sign = value < 0 ? "-" : "";
  const Decimal decimal = decimalOf(std::fabs(value));
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
  // strtod wants a terminated text; nearly all fit the buffer.
  char buffer[64];
  if (text.size() < sizeof buffer) {
    std::memcpy(buffer, text.data(), text.size());
    buffer[text.size()] = 0;
    out = std::strtod(buffer, nullptr);
  } else {
    out = std::strtod(std::string(text).c_str(), nullptr);
  }
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
