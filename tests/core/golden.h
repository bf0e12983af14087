// Loads recorded cases of tests/golden/ and untags their values.
//
// A file is one JSON object with `cases`. Where a field holds a recorded Python value, what JSON
// cannot say stands as an object with one key that starts with "$" ("$int", "$float", "$bytes",
// "$utf16", "$dict"); a plain number is an integer.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>

#include "base/number_text.h"
#include "base/text.h"
#include "trace/any_value.h"

namespace spandrel::golden {

using Json = nlohmann::ordered_json;

// The parsed file; a test fails here when it cannot be read.
inline Json load(const std::string& file) {
  std::ifstream in(std::string(SPANDREL_GOLDEN_DIR) + "/" + file, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  Json parsed = Json::parse(text, nullptr, false);
  EXPECT_TRUE(parsed.is_object() && parsed.contains("cases")) << file << " is missing or broken";
  return parsed;
}

inline std::string bytesOfHex(const std::string& hex) {
  const auto bytes = fromHex(hex);
  EXPECT_TRUE(bytes.ok()) << hex;
  return bytes.ok() ? std::string(bytes.value().begin(), bytes.value().end()) : std::string();
}

inline std::string hexOf(std::string_view bytes) {
  return toHex({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
}

// "0061 d800": UTF-16 code units; an unpaired surrogate becomes U+FFFD.
inline std::string textOfUtf16(const std::string& units) {
  std::string out;
  uint32_t high = 0;
  for (size_t i = 0; i + 4 <= units.size(); i += 5) {
    const uint32_t unit = static_cast<uint32_t>(std::stoul(units.substr(i, 4), nullptr, 16));
    const bool isLow = unit >= 0xDC00 && unit < 0xE000;
    if (high != 0 && isLow) {
      appendUtf8(out, 0x10000 + ((high - 0xD800) << 10) + (unit - 0xDC00));
      high = 0;
      continue;
    }
    if (high != 0) appendUtf8(out, 0xFFFD);
    high = unit >= 0xD800 && unit < 0xDC00 ? unit : 0;
    if (high == 0) appendUtf8(out, isLow ? 0xFFFD : unit);
  }
  if (high != 0) appendUtf8(out, 0xFFFD);
  return out;
}

// The value a tagged field stands for. An integer beyond int64 becomes the text of its digits,
// which is what the product makes of it.
inline trace::AnyValue untag(const Json& tagged);

// Keys that are no strings in Python turn into the text that Python gives them.
inline std::string untagKey(const Json& key) {
  using Kind = trace::AnyValue::Kind;
  const trace::AnyValue value = untag(key);
  switch (value.kind) {
    case Kind::String:
      return value.text;
    case Kind::Int:
      return std::to_string(value.integer);
    case Kind::Bool:
      return value.boolean ? "True" : "False";
    case Kind::Double:
      return pythonDoubleText(value.number);
    default:
      return "None";
  }
}

inline trace::AnyValue untag(const Json& tagged) {
  using trace::AnyValue;
  if (tagged.is_null()) return AnyValue::empty();
  if (tagged.is_boolean()) return AnyValue::of(tagged.get<bool>());
  if (tagged.is_number_integer()) return AnyValue::of(tagged.get<int64_t>());
  if (tagged.is_number_float()) return AnyValue::of(tagged.get<double>());
  if (tagged.is_string()) return AnyValue::string(tagged.get<std::string>());
  if (tagged.is_array()) {
    std::vector<AnyValue> items;
    for (const Json& item : tagged) items.push_back(untag(item));
    return AnyValue::array(std::move(items));
  }
  std::vector<AnyValue::Member> members;
  if (tagged.size() == 1) {
    const std::string& tag = tagged.begin().key();
    const Json& content = tagged.begin().value();
    if (tag == "$int") {
      const std::string digits = content.get<std::string>();
      int64_t integer = 0;
      return parseInt64(digits, integer) ? AnyValue::of(integer) : AnyValue::string(digits);
    }
    if (tag == "$float") {
      double number = 0;
      const std::string text = content.get<std::string>();
      EXPECT_TRUE(parseDouble(text, number)) << text;
      return AnyValue::of(number);
    }
    if (tag == "$bytes") return AnyValue::bytes(bytesOfHex(content.get<std::string>()));
    if (tag == "$utf16") return AnyValue::string(textOfUtf16(content.get<std::string>()));
    if (tag == "$dict") {
      for (const Json& pair : content) members.emplace_back(untagKey(pair[0]), untag(pair[1]));
      return AnyValue::map(std::move(members));
    }
  }
  for (const auto& [key, content] : tagged.items()) members.emplace_back(key, untag(content));
  return AnyValue::map(std::move(members));
}

}  // namespace spandrel::golden
