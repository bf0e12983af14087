#include "view/any_value_text.h"

#include "base/json_text.h"
#include "base/number_text.h"
#include "otlp/fields.h"
#include "trace/any_value.h"
#include "view/wire_cursor.h"

namespace spandrel::view {
namespace {

namespace fields = otlp::fields;
using otlp::WireType;

constexpr std::string_view kUnreadable = "\"[unreadable]\"";
constexpr std::string_view kTooDeep = "\"[nested too deeply]\"";

Bytes bytesOf(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

double doubleOf(uint64_t bits) {
  double number;
  std::memcpy(&number, &bits, 8);
  return number;
}

// JSON has no word for NaN and the infinities.
void appendJsonDouble(std::string& out, double number) {
  const std::string digits = doubleText(number);
  const bool isFinite = digits.find_first_not_of("-+.0123456789e") == std::string::npos;
  out += isFinite ? digits : '"' + digits + '"';
}

void appendJson(std::string& out, std::string_view encoded, int depth);

void appendArray(std::string& out, std::string_view list, int depth) {
  WireCursor cursor(list);
  std::string_view item;
  bool isFirst = true;
  out += '[';
  while (cursor.next()) {
    if (!cursor.is(fields::array_value::kValues, WireType::Bytes)) {
      if (!cursor.skip()) break;
      continue;
    }
    if (!cursor.bytes(item)) break;
    if (!isFirst) out += ',';
    isFirst = false;
    appendJson(out, item, depth + 1);
  }
  if (cursor.failed()) (out += isFirst ? "" : ",") += kUnreadable;
  out += ']';
}

void appendMap(std::string& out, std::string_view list, int depth) {
  WireCursor cursor(list);
  std::string_view member;
  bool isFirst = true;
  out += '{';
  while (cursor.next()) {
    if (!cursor.is(fields::key_value_list::kValues, WireType::Bytes)) {
      if (!cursor.skip()) break;
      continue;
    }
    if (!cursor.bytes(member)) break;
    std::string_view key, value;
    WireCursor parts(member);
    while (parts.next()) {
      if (parts.is(fields::key_value::kKey, WireType::Bytes)) {
        if (!parts.bytes(key)) break;
      } else if (parts.is(fields::key_value::kValue, WireType::Bytes)) {
        if (!parts.bytes(value)) break;
      } else if (!parts.skip()) {
        break;
      }
    }
    if (!isFirst) out += ',';
    isFirst = false;
    appendJsonString(out, key);
    out += ':';
    if (parts.failed()) {
      out += kUnreadable;
    } else {
      appendJson(out, value, depth + 1);
    }
  }
  if (cursor.failed()) ((out += isFirst ? "" : ",") += "\"\":") += kUnreadable;
  out += '}';
}

// Bounded recursion: kMaxReadDepth levels.
void appendJson(std::string& out, std::string_view encoded, int depth) {
  if (depth > trace::kMaxReadDepth) {
    out += kTooDeep;
    return;
  }
  WireCursor cursor(encoded);
  std::string_view text;
  uint64_t bits = 0;
  if (!cursor.next()) {
    out += cursor.failed() ? kUnreadable : std::string_view("null");
  } else if (cursor.is(fields::any_value::kStringValue, WireType::Bytes) && cursor.bytes(text)) {
    appendJsonString(out, text);
  } else if (cursor.is(fields::any_value::kBoolValue, WireType::Varint) && cursor.varint(bits)) {
    out += bits != 0 ? "true" : "false";
  } else if (cursor.is(fields::any_value::kIntValue, WireType::Varint) && cursor.varint(bits)) {
    out += std::to_string(static_cast<int64_t>(bits));
  } else if (cursor.is(fields::any_value::kDoubleValue, WireType::Fixed64) &&
             cursor.fixed64(bits)) {
    appendJsonDouble(out, doubleOf(bits));
  } else if (cursor.is(fields::any_value::kBytesValue, WireType::Bytes) && cursor.bytes(text)) {
    out += '"' + toBase64(bytesOf(text)) + '"';
  } else if (cursor.is(fields::any_value::kArrayValue, WireType::Bytes) && cursor.bytes(text)) {
    appendArray(out, text, depth);
  } else if (cursor.is(fields::any_value::kKvlistValue, WireType::Bytes) && cursor.bytes(text)) {
    appendMap(out, text, depth);
  } else {
    out += kUnreadable;
  }
}

}  // namespace

ValueText anyValueText(std::string_view encoded) {
  WireCursor cursor(encoded);
  std::string_view text;
  uint64_t bits = 0;
  if (!cursor.next()) return {"empty", cursor.failed() ? "[unreadable]" : ""};
  if (cursor.is(fields::any_value::kStringValue, WireType::Bytes) && cursor.bytes(text)) {
    return {"string", std::string(text)};
  }
  if (cursor.is(fields::any_value::kBytesValue, WireType::Bytes) && cursor.bytes(text)) {
    return {"bytes", toBase64(bytesOf(text))};
  }
  if (cursor.is(fields::any_value::kDoubleValue, WireType::Fixed64) && cursor.fixed64(bits)) {
    return {"double", doubleText(doubleOf(bits))};
  }
  ValueText out;
  switch (cursor.field()) {
    case fields::any_value::kBoolValue:
      out.type = "bool";
      break;
    case fields::any_value::kIntValue:
      out.type = "int";
      break;
    case fields::any_value::kArrayValue:
      out.type = "array";
      break;
    case fields::any_value::kKvlistValue:
      out.type = "map";
      break;
    default:
      break;
  }
  appendJson(out.text, encoded, 0);
  return out;
}

}  // namespace spandrel::view
