#include "otlp/json_value.h"

#include <algorithm>
#include <cmath>

#include "base/json_text.h"
#include "base/number_text.h"
#include "base/text.h"

namespace spandrel::otlp {
namespace {

using trace::AnyValue;

void append(std::string& out, const AnyValue& value, int levelsLeft) {
  switch (value.kind) {
    case AnyValue::Kind::Empty:
      out += "null";
      return;
    case AnyValue::Kind::Bool:
      out += value.boolean ? "true" : "false";
      return;
    case AnyValue::Kind::Int:
      out += std::to_string(value.integer);
      return;
    case AnyValue::Kind::Double:
      if (std::isfinite(value.number)) {
        out += doubleText(value.number);
      } else {
        appendJsonString(out, doubleText(value.number));
      }
      return;
    case AnyValue::Kind::String:
      appendJsonString(out, value.text);
      return;
    case AnyValue::Kind::Bytes:
      appendJsonString(
          out, toBase64({reinterpret_cast<const uint8_t*>(value.text.data()), value.text.size()}));
      return;
    case AnyValue::Kind::Json:
      out += value.text;
      return;
    case AnyValue::Kind::Array:
    case AnyValue::Kind::Map:
      break;
  }
  if (levelsLeft == 0) {
    out += "null";
    return;
  }
  const bool isArray = value.kind == AnyValue::Kind::Array;
  out += isArray ? '[' : '{';
  const size_t start = out.size();
  for (const AnyValue& item : value.items) {
    if (out.size() > start) out += ',';
    append(out, item, levelsLeft - 1);
  }
  for (const auto& [key, member] : value.members) {
    if (out.size() > start) out += ',';
    appendJsonString(out, key);
    out += ':';
    append(out, member, levelsLeft - 1);
  }
  out += isArray ? ']' : '}';
}

}  // namespace

void appendJsonText(std::string& out, const AnyValue& value) {
  append(out, value, kMaxJsonTextDepth);
}

std::string jsonTextOf(const AnyValue& value) {
  std::string out;
  appendJsonText(out, value);
  return out;
}

int depthOf(const AnyValue& value, int limit) {
  if (limit <= 0 || (value.kind != AnyValue::Kind::Array && value.kind != AnyValue::Kind::Map))
    return 0;
  int inner = 0;
  for (const AnyValue& item : value.items) inner = std::max(inner, depthOf(item, limit - 1));
  for (const auto& [key, member] : value.members)
    inner = std::max(inner, depthOf(member, limit - 1));
  return inner + 1;
}

}  // namespace spandrel::otlp
