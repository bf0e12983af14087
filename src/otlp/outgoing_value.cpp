#include "otlp/outgoing_value.h"

#include "otlp/json_value.h"
#include "trace/constants.h"
#include "trace/json_value.h"

namespace spandrel::otlp {
namespace {

using trace::AnyValue;
using Kind = AnyValue::Kind;

bool isContainer(const AnyValue& value) {
  return value.kind == Kind::Array || value.kind == Kind::Map;
}

// The first character of the text, past white space; 0 if there is none.
char firstOf(std::string_view text) {
  const size_t at = text.find_first_not_of(" \t\r\n");
  return at == std::string_view::npos ? '\0' : text[at];
}

AnyValue decoded(const AnyValue& json) {
  auto parsed = trace::parseJsonValue(json.text, trace::LargeIntegers::String);
  return parsed.ok() ? parsed.take() : AnyValue::string(json.text);
}

const AnyValue& referenceValue(const AnyValue& value, AnyValue& scratch) {
  if (value.kind == Kind::Json) return scratch = decoded(value);
  if (value.kind != Kind::String || !value.isNative) return value;
  // A foreign string is taken as JSON only if it says so itself (the server's rule).
  const char first = firstOf(value.text);
  if (first != '{' && first != '[' && first != '"') return value;
  auto parsed = trace::parseJsonValue(value.text, trace::LargeIntegers::String);
  return parsed.ok() ? scratch = parsed.take() : value;
}

const AnyValue& wireValue(std::string_view key, const AnyValue& value, AnyValue& scratch) {
  if (key == trace::attribute_key::kInputs || key == trace::attribute_key::kOutputs) {
    // Another instrumentation has already made the text.
    if (value.kind == Kind::String && value.isNative) return value;
    return scratch = AnyValue::string(jsonTextOf(value));
  }
  if (value.kind == Kind::Json) return scratch = AnyValue::string(value.text);
  if (isContainer(value) && depthOf(value, trace::kMaxWireDepth + 1) > trace::kMaxWireDepth) {
    return scratch = AnyValue::string(jsonTextOf(value));
  }
  return value;
}

}  // namespace

const AnyValue& outgoingValue(std::string_view key, const AnyValue& value, ValueForm form,
                              AnyValue& scratch) {
  switch (form) {
    case ValueForm::Wire:
      return wireValue(key, value, scratch);
    case ValueForm::Reference:
      return referenceValue(value, scratch);
    case ValueForm::Typed:
      break;
  }
  return value.kind == Kind::Json ? scratch = AnyValue::string(value.text) : value;
}

}  // namespace spandrel::otlp
