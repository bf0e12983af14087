#include "view/mlflow_span.h"

#include <cstring>
#include <utility>

#include "base/json_members.h"
#include "base/number_text.h"
#include "base/text.h"
#include "otlp/fields.h"
#include "trace/constants.h"

namespace spandrel::view {
namespace {

namespace fields = otlp::fields;
using Kind = JsonScanner::Kind;

constexpr double kTwoTo64 = 18446744073709551616.0;

std::string textOf(const JsonMembers& member) {
  if (member.isNull()) return {};
  std::string text = member.text();
  return isUtf8(text) ? text : sanitizeUtf8(text);  // objects and lists stand as they came
}

int hexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// Digits of any number, perhaps after 0x; missing ones are zeros, too many refuse.
bool readHex(std::string_view digits, uint8_t* id, size_t size) {
  if (digits.starts_with("0x")) digits.remove_prefix(2);
  if (digits.empty() || digits.size() > 2 * size) return false;
  std::memset(id, 0, size);
  for (size_t i = 0; i < digits.size(); ++i) {
    const int digit = hexDigit(digits[digits.size() - 1 - i]);
    if (digit < 0) return false;
    id[size - 1 - i / 2] |= static_cast<uint8_t>(i % 2 == 0 ? digit : digit << 4);
  }
  return true;
}

// Base64 of version 3, or hex: bare, after 0x, after "tr-", after "trace:/<location>/".
bool readId(std::string_view text, bool isHex, uint8_t* id, size_t size) {
  std::string_view rest = text;
  if (rest.starts_with(trace::kTraceIdV4Prefix)) rest = rest.substr(rest.rfind('/') + 1);
  if (rest.starts_with(trace::kTraceIdPrefix)) rest.remove_prefix(trace::kTraceIdPrefix.size());
  isHex |= rest.size() != text.size();
  if (rest.size() == 2 * size && readHex(rest, id, size)) return true;
  const bool isBase64 = rest.size() % 4 == 0 && rest.find_first_of("-_") == rest.npos;
  if (!isHex && isBase64) {
    const auto bytes = fromBase64(rest);
    if (bytes.ok() && bytes.value().size() <= size) {
      std::memset(id, 0, size);
      if (!rest.empty()) {
        const size_t length = bytes.value().size();
        std::memcpy(id + size - length, bytes.value().data(), length);
      }
      return true;
    }
  }
  return readHex(rest, id, size);
}

class SpanWriter {
 public:
  SpanWriter(std::string_view json, otlp::WireWriter& out) : json_(json), out_(out) {}

  Result<trace::TraceId> write() {
    out_.varintField(fields::span::kKind, 1);  // MLflow knows no others
    JsonMembers span(json_);
    isV2_ = JsonMembers::Kind::End != kindOf(span, "context");
    JsonMembers members(json_);
    while (isSound_ && members.next()) readMember(members);
    const char* const* wanted = isV2_ ? kNeededV2 : kNeededV3;
    for (uint32_t bit = 1; isSound_ && *wanted; ++wanted, bit <<= 1) {
      if (!(seen_ & bit)) fail(std::string("the key '") + *wanted + "' is missing", 0);
    }
    if (isSound_ && requestId_.empty()) {
      fail("the attribute mlflow.traceRequestId is empty or missing", 0);
    }
    // Old files have ids that are none; MLflow goes by this attribute.
    if (isSound_ && traceId_.isZero()) readId(requestId_, true, traceId_.bytes.data(), 16);
    if (!isSound_) return error_;
    out_.bytesField(fields::span::kTraceId, traceId_.bytes.data(), 16);
    return traceId_;
  }

 private:
  // In the order of the bits of `seen_`.
  static constexpr const char* kNeededV3[] = {
      "trace_id", "span_id", "parent_span_id", "name", "status", "start_time_unix_nano", nullptr};
  static constexpr const char* kNeededV2[] = {
      "context.trace_id", "context.span_id", "parent_id", "name",           "status_code",
      "start_time",       "end_time",        "events",    "status_message", nullptr};

  static Kind kindOf(JsonMembers& members, std::string_view key) {
    Kind kind = Kind::End;
    while (members.next()) {
      if (members.key() == key) kind = members.kind();
    }
    return kind;
  }

  void readMember(const JsonMembers& member) {
    const std::string& key = member.key();
    if (key == "name") {
      seen_ |= 8;
      out_.stringField(fields::span::kName, textOf(member));
    } else if (key == "attributes") {
      readAttributes(member, fields::span::kAttributes, true);
    } else if (key == "events") {
      seen_ |= 128;
      readList(member, fields::span::kEvents, &SpanWriter::readEvent);
    } else if (key == "links") {
      readList(member, fields::span::kLinks, &SpanWriter::readLink);
    } else if (isV2_ ? key == "parent_id" : key == "parent_span_id") {
      seen_ |= 4;
      uint8_t id[8];
      if (member.isNull() || member.value() == "\"\"" || !id8(member, id)) return;
      out_.bytesField(fields::span::kParentSpanId, id, 8);
    } else if (isV2_ ? key == "start_time" : key == "start_time_unix_nano") {
      seen_ |= 32;
      writeTime(member, fields::span::kStartTimeUnixNano);
    } else if (isV2_ ? key == "end_time" : key == "end_time_unix_nano") {
      seen_ |= 64;
      if (!member.isNull()) writeTime(member, fields::span::kEndTimeUnixNano);
    } else if (key == "status" && !isV2_) {
      seen_ |= 16;
      std::string_view code, message;
      readTwo(member, "code", code, "message", message);
      writeStatus(code, message, member.offset());
    } else if (key == "context") {
      readContext(member);
    } else if (isV2_) {
      if (key == "status_code") statusCode_ = member.value();
      if (key == "status_message") statusMessage_ = member.value();
      if (key != "status_code" && key != "status_message") return;
      seen_ |= key == "status_code" ? 16 : 256;
      if ((seen_ & 272) == 272) writeStatus(statusCode_, statusMessage_, member.offset());
    } else {
      readV3Id(member);
    }
  }

  void readV3Id(const JsonMembers& member) {
    if (member.key() == "trace_id") {
      seen_ |= 1;
      if (!member.isString() || !readId(textOf(member), isV2_, traceId_.bytes.data(), 16)) {
        badId(member);
      }
    } else if (member.key() == "span_id") {
      seen_ |= 2;
      writeSpanId(member);
    }
  }

  void readContext(const JsonMembers& member) {
    JsonMembers context(member.value());
    const size_t outer = std::exchange(base_, base_ + member.offset());
    while (isSound_ && context.next()) readV3Id(context);
    base_ = outer;
  }

  void writeSpanId(const JsonMembers& member) {
    uint8_t id[8];
    if (id8(member, id)) out_.bytesField(fields::span::kSpanId, id, 8);
  }
  bool id8(const JsonMembers& member, uint8_t* id) {
    if (member.isString() && readId(textOf(member), isV2_, id, 8)) return true;
    badId(member);
    return false;
  }
  void badId(const JsonMembers& member) { fail(member.key() + " is no id", member.offset()); }

  // Cut to whole nanoseconds where there is a fraction.
  void writeTime(const JsonMembers& member, uint32_t field) {
    uint64_t time = 0;
    double number = 0;
    const std::string text = textOf(member);
    if (member.kind() == Kind::Number && parseDouble(text, number) && number >= 0 &&
        number < kTwoTo64) {
      time = static_cast<uint64_t>(number);
    } else if (!parseUint64(text, time)) {
      return fail(member.key() + " is no valid integer", member.offset());
    }
    out_.fixed64Field(field, time);
  }

  static void readTwo(const JsonMembers& object, std::string_view first, std::string_view& firstOut,
                      std::string_view second, std::string_view& secondOut) {
    JsonMembers members(object.value());
    while (members.isObject() && members.next()) {
      if (members.key() == first) firstOut = members.value();
      if (members.key() == second) secondOut = members.value();
    }
  }

  // Both as JSON text. Only errors have a description.
  void writeStatus(std::string_view code, std::string_view message, size_t offset) {
    const bool isText = code.size() >= 2 && code[0] == '"';
    std::string_view name = isText ? code.substr(1, code.size() - 2) : std::string_view();
    if (!isV2_ && name.starts_with("STATUS_CODE_")) name.remove_prefix(12);
    const bool isError = name == "ERROR";
    if (!isError && name != "OK" && name != "UNSET") {
      return fail("no status; valid are UNSET, OK, ERROR", offset);
    }
    const auto status = out_.open(fields::span::kStatus);
    if (isError && message.size() > 2 && message[0] == '"') {
      out_.stringField(fields::status::kMessage, unquoteJson(message));
    }
    if (name != "UNSET") out_.varintField(fields::status::kCode, isError ? 2 : 1);
    out_.close(status);
  }

  // --- attributes ---

  void readAttributes(const JsonMembers& list, uint32_t field, bool areStored) {
    JsonMembers members(list.value());
    if (!members.isObject()) return fail("attributes are no dictionary", list.offset());
    while (members.next()) {
      const bool isText = members.isString() || members.kind() == Kind::BeginObject ||
                          members.kind() == Kind::BeginArray;
      const std::string text = textOf(members);
      const auto attribute = out_.open(field);
      const std::string& key = members.key();
      out_.stringField(fields::key_value::kKey, key);
      const auto value = out_.open(fields::key_value::kValue);
      const bool isOwnText =
          key == trace::attribute_key::kInputs || key == trace::attribute_key::kOutputs;
      if (isText && (!areStored || !members.isString() || isOwnText)) {
        out_.stringField(fields::any_value::kStringValue, text);
      } else {
        writeValue(isText ? text : std::string(members.value()));
      }
      out_.close(value);
      out_.close(attribute);
      if (areStored && key == trace::attribute_key::kTraceId && members.isString()) {
        requestId_ = text.starts_with('"') ? unquoteJson(text) : text;
      }
    }
  }

  // A JSON text as the value to show; what is no JSON, an object or a list stays text.
  void writeValue(const std::string& json) {
    JsonScanner scanner(json);
    const JsonScanner::Token token = scanner.next();
    const bool isOne = scanner.depth() == 0 && scanner.next().kind == Kind::End;
    int64_t integer = 0;
    double number = 0;
    if (isOne && token.kind == Kind::Null) return;
    if (isOne && token.kind == Kind::String) {
      out_.stringField(fields::any_value::kStringValue, unquoteJson(token.text));
    } else if (isOne && (token.kind == Kind::True || token.kind == Kind::False)) {
      out_.varintField(fields::any_value::kBoolValue, token.kind == Kind::True);
    } else if (isOne && token.kind == Kind::Integer && parseInt64(token.text, integer)) {
      out_.varintField(fields::any_value::kIntValue, static_cast<uint64_t>(integer));
    } else if (isOne && token.kind != Kind::Integer && parseDouble(token.text, number)) {
      out_.doubleField(fields::any_value::kDoubleValue, number);
    } else {
      out_.stringField(fields::any_value::kStringValue, json);
    }
  }

  // --- events and links ---

  void readList(const JsonMembers& list, uint32_t field,
                void (SpanWriter::*readItem)(const JsonMembers&)) {
    if (list.isNull() && !isV2_) return;
    JsonMembers items(list.value());
    if (!items.isArray()) return fail(list.key() + " is no list", list.offset());
    const size_t outer = std::exchange(base_, base_ + list.offset());
    while (isSound_ && items.next()) {
      const auto message = out_.open(field);
      (this->*readItem)(items);
      out_.close(message);
    }
    base_ = outer;
  }

  void readEvent(const JsonMembers& item) {
    JsonMembers members(item.value());
    const char* timeKey = isV2_ ? "timestamp" : "time_unix_nano";
    bool hasName = false, hasTime = false;
    bool hasAttributes = !isV2_;
    const size_t outer = std::exchange(base_, base_ + item.offset());
    while (isSound_ && members.isObject() && members.next()) {
      if (members.key() == "name") {
        hasName = true;
        out_.stringField(fields::event::kName, textOf(members));
      } else if (members.key() == timeKey) {
        hasTime = true;
        writeTime(members, fields::event::kTimeUnixNano);
      } else if (members.key() == "attributes") {
        hasAttributes = true;
        if (!members.isNull()) readAttributes(members, fields::event::kAttributes, false);
      }
    }
    base_ = outer;
    if (!hasName || !hasTime || !hasAttributes) {
      fail("an event needs a name, a time and attributes", item.offset());
    }
  }

  // Ids that are none leave as zeros.
  void readLink(const JsonMembers& item) {
    JsonMembers members(item.value());
    bool hasTrace = false, hasSpan = false;
    uint8_t id[16];
    while (isSound_ && members.isObject() && members.next()) {
      const bool isTrace = members.key() == "trace_id" && members.isString();
      const bool isSpan = members.key() == "span_id" && members.isString();
      const size_t size = isTrace ? 16 : 8;
      hasTrace |= isTrace;
      hasSpan |= isSpan;
      if ((isTrace || isSpan) && readId(textOf(members), true, id, size)) {
        out_.bytesField(isTrace ? fields::link::kTraceId : fields::link::kSpanId, id, size);
      } else if (members.key() == "attributes" && !members.isNull()) {
        readAttributes(members, fields::link::kAttributes, false);
      }
    }
    if (!hasTrace || !hasSpan) fail("a link needs a trace_id and a span_id", item.offset());
  }

  // The first one counts.
  void fail(const std::string& message, size_t offset) {
    if (!isSound_) return;
    isSound_ = false;
    error_ = Error{ErrorCode::InvalidParameterValue,
                   "no span can be made from this dictionary: " + message, base_ + offset};
  }

  std::string_view json_;
  otlp::WireWriter& out_;
  trace::TraceId traceId_;
  std::string requestId_;
  std::string_view statusCode_, statusMessage_;
  Error error_;
  size_t base_ = 0;    // where the object that is read begins
  uint32_t seen_ = 0;  // bits of the keys that must be there
  bool isV2_ = false;
  bool isSound_ = true;
};

}  // namespace

Result<trace::TraceId> writeMlflowSpan(std::string_view json, otlp::WireWriter& out) {
  return SpanWriter(json, out).write();
}

}  // namespace spandrel::view
