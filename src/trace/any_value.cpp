#include "trace/any_value.h"

namespace spandrel::trace {
namespace {

AnyValue textual(AnyValue::Kind kind, std::string text) {
  AnyValue value;
  value.kind = kind;
  value.text = std::move(text);
  return value;
}

}  // namespace

AnyValue AnyValue::of(bool v) {
  AnyValue value;
  value.kind = Kind::Bool;
  value.boolean = v;
  return value;
}

AnyValue AnyValue::of(int64_t v) {
  AnyValue value;
  value.kind = Kind::Int;
  value.integer = v;
  return value;
}

AnyValue AnyValue::of(double v) {
  AnyValue value;
  value.kind = Kind::Double;
  value.number = v;
  return value;
}

AnyValue AnyValue::string(std::string v) {
  return textual(Kind::String, std::move(v));
}
AnyValue AnyValue::bytes(std::string v) {
  return textual(Kind::Bytes, std::move(v));
}
AnyValue AnyValue::json(std::string v) {
  return textual(Kind::Json, std::move(v));
}

AnyValue AnyValue::array(std::vector<AnyValue> v) {
  AnyValue value;
  value.kind = Kind::Array;
  value.items = std::move(v);
  return value;
}

AnyValue AnyValue::map(std::vector<Member> v) {
  AnyValue value;
  value.kind = Kind::Map;
  value.members = std::move(v);
  return value;
}

bool AnyValue::operator==(const AnyValue& other) const {
  if (kind != other.kind || isNative != other.isNative) return false;
  switch (kind) {
    case Kind::Empty:
      return true;
    case Kind::Bool:
      return boolean == other.boolean;
    case Kind::Int:
      return integer == other.integer;
    case Kind::Double:  // by bits: NaN equals NaN, and -0 is not 0
      return __builtin_memcmp(&number, &other.number, sizeof number) == 0;
    case Kind::String:
    case Kind::Bytes:
    case Kind::Json:
      return text == other.text;
    case Kind::Array:
      return items == other.items;
    case Kind::Map:
      return members == other.members;
  }
  return false;
}

}  // namespace spandrel::trace
