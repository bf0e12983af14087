#include "trace/attribute_text.h"

#include "trace/json_value.h"

namespace spandrel::trace {
namespace {

using Kind = AnyValue::Kind;

bool isText(const AnyValue& value) {
  return value.kind == Kind::String || value.kind == Kind::Json;
}

// The server's rule for strings that may hold JSON: "123" and "true" stay strings.
bool mayHoldJson(std::string_view text) {
  const size_t first = text.find_first_not_of(" \n\r\t");
  if (first == std::string_view::npos) return false;
  return text[first] == '{' || text[first] == '[' || text[first] == '"';
}

AnyValue parsedOrString(const std::string& text) {
  Result<AnyValue> parsed = parseJsonValue(text);
  return parsed.ok() ? parsed.take() : AnyValue::string(text);
}

}  // namespace

std::string attributeText(const AnyValue& value) {
  if (value.isNative && isText(value)) return value.text;
  return dumpJson(value);
}

void appendAttributeInDict(std::string& out, const AnyValue& value, JsonEscapes escapes) {
  if (!value.isNative) {
    appendJsonString(out, dumpJson(value), escapes);
  } else if (isText(value)) {
    appendJsonString(out, value.text, escapes);
  } else {
    appendJson(out, value, escapes);
  }
}

AnyValue attributeValue(const AnyValue& value) {
  if (value.kind == Kind::Json) return parsedOrString(value.text);
  if (value.kind == Kind::String && value.isNative && mayHoldJson(value.text)) {
    return parsedOrString(value.text);
  }
  AnyValue plain = value;
  plain.isNative = false;
  return plain;
}

AnyValue attributeValue(const SpanData& span, std::string_view key) {
  const AnyValue* value = span.find(key);
  return value ? attributeValue(*value) : AnyValue::empty();
}

AnyValue storedAttribute(std::string text) {
  const bool isJson = checkJson(text).ok();
  AnyValue value = isJson ? AnyValue::json(std::move(text)) : AnyValue::string(std::move(text));
  value.isNative = true;
  return value;
}

}  // namespace spandrel::trace
