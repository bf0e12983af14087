#include "otlp/json_cursor.h"

#include "base/number_text.h"
#include "base/text.h"

namespace spandrel::otlp {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

std::string_view withoutQuotes(std::string_view quoted) {
  return quoted.substr(1, quoted.size() - 2);
}

bool hasEscapes(std::string_view quoted) {
  return quoted.find('\\') != std::string_view::npos;
}

// trace_id → traceId
std::string camelCase(std::string_view snake) {
  std::string out;
  bool raises = false;
  for (char c : snake) {
    const bool isLower = c >= 'a' && c <= 'z';
    if (c != '_') out += raises && isLower ? static_cast<char>(c - 'a' + 'A') : c;
    raises = c == '_' && !out.empty();
  }
  return out;
}

}  // namespace

void JsonCursor::advance() {
  if (stopped_) return;
  token_ = scanner_.next();
  switch (token_.kind) {
    case Kind::Error:
      stopped_ = true;
      error_ = scanner_.error();
      error_.offset += base_;
      return;
    case Kind::NaN:
    case Kind::Infinity:
    case Kind::MinusInfinity:  // the scanner takes Python's words, JSON has none
      fail(ErrorCode::Malformed, "expected a JSON value");
      return;
    default:
      return;
  }
}

bool JsonCursor::nextMember(std::string_view& key) {
  advance();
  if (token_.kind != Kind::Key) return false;
  key = withoutQuotes(token_.text);
  if (hasEscapes(token_.text)) key = buffer_ = unquoteJson(token_.text);
  keyIsSnakeCase_ = key.find('_') != std::string_view::npos;
  if (keyIsSnakeCase_) {
    key = buffer_ = camelCase(key);
    ++report_.snakeCaseKeys;
  }
  advance();
  return !failed();
}

bool JsonCursor::nextItem() {
  advance();
  return token_.kind != Kind::EndArray && !failed();
}

void JsonCursor::skipValue() {
  if (token_.kind != Kind::BeginObject && token_.kind != Kind::BeginArray) return;
  const int outside = scanner_.depth() - 1;
  while (!failed() && scanner_.depth() > outside) advance();
}

void JsonCursor::skipUnknown() {
  if (keyIsSnakeCase_) --report_.snakeCaseKeys;
  keyIsSnakeCase_ = false;
  skipValue();
}

void JsonCursor::skipUnreadable() {
  if (!isNull() && !failed()) ++report_.unreadableValues;
  skipValue();
}

bool JsonCursor::readText(std::string& out) {
  if (token_.kind != Kind::String) {
    skipUnreadable();
    return false;
  }
  out = unescaped(token_.text);
  return true;
}

bool JsonCursor::readUint64(uint64_t& out) {
  std::string_view text;
  if (scalarText(text) && parseUint64(text, out)) return true;
  skipUnreadable();
  return false;
}

bool JsonCursor::readUint32(uint32_t& out) {
  uint64_t value = 0;
  if (!readUint64(value)) return false;
  if (value <= UINT32_MAX) {
    out = static_cast<uint32_t>(value);
    return true;
  }
  ++report_.unreadableValues;
  return false;
}

bool JsonCursor::scalarText(std::string_view& out) {
  if (token_.kind == Kind::Integer || token_.kind == Kind::Number) {
    out = token_.text;
    return true;
  }
  if (token_.kind != Kind::String) return false;
  out = hasEscapes(token_.text) ? buffer_ = unquoteJson(token_.text) : withoutQuotes(token_.text);
  return true;
}

void JsonCursor::fail(ErrorCode code, const char* message) {
  if (stopped_) return;
  stopped_ = true;
  const size_t tokenLength = token_.text.size();
  error_ = {code, message, base_ + scanner_.offset() - tokenLength};
  token_ = {Kind::Error, {}};
}

Error JsonCursor::error() const {
  return error_;
}

bool JsonCursor::begin(Kind kind) {
  if (token_.kind == kind) return true;
  skipUnreadable();
  return false;
}

std::string JsonCursor::unescaped(std::string_view quoted) {
  if (!hasEscapes(quoted)) {
    const std::string_view content = withoutQuotes(quoted);
    if (isUtf8(content)) return std::string(content);
    ++report_.repairedTexts;
    return sanitizeUtf8(content);
  }
  std::string text = unquoteJson(quoted);
  const bool wasWellFormed = isUtf8(text);
  if (!wasWellFormed) text = sanitizeUtf8(text);
  // An unpaired surrogate shows as a replacement character that the input does not have.
  const bool isMended = text.find(kReplacement) != std::string::npos &&
                        quoted.find(kReplacement) == std::string_view::npos &&
                        quoted.find("\\ufffd") == std::string_view::npos &&
                        quoted.find("\\uFFFD") == std::string_view::npos;
  if (!wasWellFormed || isMended) ++report_.repairedTexts;
  return text;
}

}  // namespace spandrel::otlp
