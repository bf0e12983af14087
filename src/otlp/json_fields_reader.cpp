#include "otlp/json_fields_reader.h"

#include <algorithm>
#include <array>

#include "base/number_text.h"
#include "base/text.h"

namespace spandrel::otlp {

using trace::AnyValue;
using trace::Attribute;

namespace {

template <size_t N>
bool indexOfName(const std::array<std::string_view, N>& names, std::string_view prefix,
                 std::string_view name, size_t& index) {
  if (name.starts_with(prefix)) name.remove_prefix(prefix.size());
  const auto found = std::find(names.begin(), names.end(), name);
  index = static_cast<size_t>(found - names.begin());
  return found != names.end();
}

}  // namespace

void JsonFieldsReader::readSpan(trace::SpanData& out) {
  out = {};
  out.kind = trace::SpanKind::Unspecified;  // the default on the wire
  if (!cursor_.beginObject()) return;
  std::string_view key;
  uint32_t dropped[3] = {};
  while (cursor_.nextMember(key)) {
    if (key == "attributes") {
      readAttributes(out.attributes, dropped[0]);
    } else if (key == "events") {
      readEvents(out);
    } else if (key == "links") {
      readLinks(out);
    } else if (key == "status") {
      readStatus(out.status);
    } else if (!readSpanScalar(key, out)) {
      cursor_.skipUnknown();
    }
  }
  out.droppedAttributes += dropped[0];
}

bool JsonFieldsReader::readSpanScalar(std::string_view key, trace::SpanData& out) {
  if (key == "traceId") return readId(out.traceId), true;
  if (key == "spanId") return readId(out.spanId), true;
  if (key == "parentSpanId") return readId(out.parentSpanId), true;
  if (key == "traceState") return readText(out.traceState), true;
  if (key == "name") return readText(out.name), true;
  if (key == "kind") return readKind(out.kind), true;
  if (key == "startTimeUnixNano") return cursor_.readUint64(out.startTimeNs), true;
  if (key == "endTimeUnixNano") return cursor_.readUint64(out.endTimeNs), true;
  if (key == "droppedAttributesCount") return cursor_.readUint32(out.droppedAttributes), true;
  if (key == "droppedEventsCount") return cursor_.readUint32(out.droppedEvents), true;
  if (key == "droppedLinksCount") return cursor_.readUint32(out.droppedLinks), true;
  if (key == "flags") return cursor_.readUint32(out.flags), true;
  return false;
}

void JsonFieldsReader::readEvents(trace::SpanData& span) {
  span.events.clear();
  if (!cursor_.beginArray()) return;
  while (cursor_.nextItem()) {
    if (cursor_.isNull()) continue;
    if (hasRoomIn(span.events)) {
      readEvent(span.events.emplace_back());
    } else {
      ++span.droppedEvents;
      cursor_.skipValue();
    }
  }
}

void JsonFieldsReader::readEvent(trace::Event& out) {
  if (!cursor_.beginObject()) return;
  std::string_view key;
  uint32_t dropped = 0;
  while (cursor_.nextMember(key)) {
    if (key == "timeUnixNano") {
      cursor_.readUint64(out.timeNs);
    } else if (key == "name") {
      readText(out.name);
    } else if (key == "attributes") {
      readAttributes(out.attributes, dropped);
    } else if (key == "droppedAttributesCount") {
      cursor_.readUint32(out.droppedAttributes);
    } else {
      cursor_.skipUnknown();
    }
  }
  out.droppedAttributes += dropped;
}

void JsonFieldsReader::readLinks(trace::SpanData& span) {
  span.links.clear();
  if (!cursor_.beginArray()) return;
  while (cursor_.nextItem()) {
    if (cursor_.isNull()) continue;
    if (hasRoomIn(span.links)) {
      readLink(span.links.emplace_back());
    } else {
      ++span.droppedLinks;
      cursor_.skipValue();
    }
  }
}

void JsonFieldsReader::readLink(trace::Link& out) {
  if (!cursor_.beginObject()) return;
  std::string_view key;
  uint32_t dropped = 0;
  while (cursor_.nextMember(key)) {
    if (key == "traceId") {
      readId(out.traceId);
    } else if (key == "spanId") {
      readId(out.spanId);
    } else if (key == "traceState") {
      readText(out.traceState);
    } else if (key == "attributes") {
      readAttributes(out.attributes, dropped);
    } else if (key == "droppedAttributesCount") {
      cursor_.readUint32(out.droppedAttributes);
    } else if (key == "flags") {
      cursor_.readUint32(out.flags);
    } else {
      cursor_.skipUnknown();
    }
  }
  out.droppedAttributes += dropped;
}

void JsonFieldsReader::readStatus(trace::Status& out) {
  out = {};
  if (!cursor_.beginObject()) return;
  std::string_view key;
  while (cursor_.nextMember(key)) {
    if (key == "message") {
      readText(out.description);
    } else if (key == "code") {
      readStatusCode(out.code);
    } else {
      cursor_.skipUnknown();
    }
  }
}

void JsonFieldsReader::readKind(trace::SpanKind& out) {
  constexpr std::array<std::string_view, 6> kNames = {"UNSPECIFIED", "INTERNAL", "SERVER",
                                                      "CLIENT",      "PRODUCER", "CONSUMER"};
  std::string_view text;
  uint64_t number = 0;
  size_t index = 0;
  if (cursor_.scalarText(text) && parseUint64(text, number)) {
    out = number <= UINT8_MAX ? static_cast<trace::SpanKind>(number) : trace::SpanKind::Unspecified;
  } else if (cursor_.kind() == JsonCursor::Kind::String &&
             indexOfName(kNames, "SPAN_KIND_", text, index)) {
    out = static_cast<trace::SpanKind>(index);
    ++report_.enumNames;
  } else {
    cursor_.skipUnreadable();
  }
}

void JsonFieldsReader::readStatusCode(trace::StatusCode& out) {
  constexpr std::array<std::string_view, 3> kNames = {"UNSET", "OK", "ERROR"};
  std::string_view text;
  uint64_t number = 0;
  size_t index = 0;
  if (cursor_.scalarText(text) && parseUint64(text, number)) {
    out = number <= 2 ? static_cast<trace::StatusCode>(number) : trace::StatusCode::Unset;
  } else if (cursor_.kind() == JsonCursor::Kind::String &&
             indexOfName(kNames, "STATUS_CODE_", text, index)) {
    out = static_cast<trace::StatusCode>(index);
    ++report_.enumNames;
  } else {
    cursor_.skipUnreadable();
  }
}

void JsonFieldsReader::readResource(trace::Resource& out) {
  out.attributes.clear();
  out.droppedAttributes = 0;
  if (!cursor_.beginObject()) return;
  std::string_view key;
  uint32_t dropped = 0;
  while (cursor_.nextMember(key)) {
    if (key == "attributes") {
      readAttributes(out.attributes, dropped);
    } else if (key == "droppedAttributesCount") {
      cursor_.readUint32(out.droppedAttributes);
    } else {
      cursor_.skipUnknown();
    }
  }
  out.droppedAttributes += dropped;
}

void JsonFieldsReader::readScope(trace::Scope& out) {
  out = {{}, {}, {}, 0, std::move(out.schemaUrl)};
  if (!cursor_.beginObject()) return;
  std::string_view key;
  uint32_t dropped = 0;
  while (cursor_.nextMember(key)) {
    if (key == "name") {
      readText(out.name);
    } else if (key == "version") {
      readText(out.version);
    } else if (key == "attributes") {
      readAttributes(out.attributes, dropped);
    } else if (key == "droppedAttributesCount") {
      cursor_.readUint32(out.droppedAttributes);
    } else {
      cursor_.skipUnknown();
    }
  }
  out.droppedAttributes += dropped;
}

void JsonFieldsReader::readText(std::string& out) {
  if (hasRoom(cursor_.tokenText().size())) {
    cursor_.readText(out);
  } else {
    cursor_.skipValue();
  }
}

void JsonFieldsReader::readAttributes(std::vector<Attribute>& out, uint32_t& dropped) {
  out.clear();
  dropped = 0;
  if (!cursor_.beginArray()) return;
  while (cursor_.nextItem()) {
    if (cursor_.isNull()) continue;
    if (hasRoomIn(out)) {
      Attribute& attribute = out.emplace_back();
      readKeyValue(attribute.key, attribute.value, 0);
    } else {
      ++dropped;
      cursor_.skipValue();
    }
  }
}

void JsonFieldsReader::readKeyValue(std::string& key, AnyValue& value, int level) {
  if (!cursor_.beginObject()) return;
  std::string_view name;
  while (cursor_.nextMember(name)) {
    if (name == "key") {
      readText(key);
    } else if (name == "value") {
      readAnyValue(value, level);
    } else {
      cursor_.skipUnknown();
    }
  }
}

void JsonFieldsReader::readAnyValue(AnyValue& out, int level) {
  out = AnyValue::empty();
  if (!cursor_.beginObject()) return;
  std::string_view key;
  while (cursor_.nextMember(key)) {
    if (!cursor_.isNull()) readValueMember(key, out, level);
  }
}

void JsonFieldsReader::readValueMember(std::string_view key, AnyValue& out, int level) {
  if (key == "stringValue") return readStringValue(out);
  if (key == "boolValue") return readBoolValue(out);
  if (key == "intValue") return readIntValue(out);
  if (key == "doubleValue") return readDoubleValue(out);
  if (key == "bytesValue") return readBytesValue(out);
  const bool isArray = key == "arrayValue";
  if (!isArray && key != "kvlistValue") return cursor_.skipUnknown();
  if (level >= trace::kMaxReadDepth)
    return cursor_.fail(ErrorCode::TooDeep, "a value is nested more than 64 deep");
  if (isArray) return readArrayValue(out, level + 1);
  readMapValue(out, level + 1);
}

void JsonFieldsReader::readStringValue(AnyValue& out) {
  if (cursor_.kind() != JsonCursor::Kind::String) return keepAsText(out);
  out = AnyValue::string({});
  readText(out.text);
}

void JsonFieldsReader::readBoolValue(AnyValue& out) {
  std::string_view text;
  if (cursor_.kind() == JsonCursor::Kind::True || cursor_.kind() == JsonCursor::Kind::False) {
    out = AnyValue::of(cursor_.kind() == JsonCursor::Kind::True);
  } else if (cursor_.scalarText(text) && (text == "true" || text == "false")) {
    out = AnyValue::of(text == "true");
    ++report_.unreadableValues;
  } else {
    keepAsText(out);
  }
}

void JsonFieldsReader::readIntValue(AnyValue& out) {
  std::string_view text;
  int64_t integer = 0;
  if (!cursor_.scalarText(text) || !parseInt64(text, integer)) return keepAsText(out);
  out = AnyValue::of(integer);
}

void JsonFieldsReader::readDoubleValue(AnyValue& out) {
  std::string_view text;
  double number = 0;
  if (!cursor_.scalarText(text) || !parseDouble(text, number)) return keepAsText(out);
  out = AnyValue::of(number);
}

void JsonFieldsReader::readBytesValue(AnyValue& out) {
  std::string_view text;
  if (cursor_.kind() != JsonCursor::Kind::String || !cursor_.scalarText(text))
    return keepAsText(out);
  if (!hasRoom(2 * text.size())) return;
  const auto bytes = fromBase64(text);
  if (!bytes.ok()) return keepAsText(out);
  out = AnyValue::bytes(std::string(bytes.value().begin(), bytes.value().end()));
}

void JsonFieldsReader::readArrayValue(AnyValue& out, int level) {
  out = AnyValue::array({});
  if (!cursor_.beginObject()) return;
  std::string_view key;
  while (cursor_.nextMember(key)) {
    if (key != "values") {
      cursor_.skipUnknown();
      continue;
    }
    out.items.clear();
    if (!cursor_.beginArray()) continue;
    while (cursor_.nextItem()) {
      if (hasRoomIn(out.items)) {
        readAnyValue(out.items.emplace_back(), level);
      } else {
        cursor_.skipValue();
      }
    }
  }
}

void JsonFieldsReader::readMapValue(AnyValue& out, int level) {
  out = AnyValue::map({});
  if (!cursor_.beginObject()) return;
  std::string_view key;
  while (cursor_.nextMember(key)) {
    if (key != "values") {
      cursor_.skipUnknown();
      continue;
    }
    out.members.clear();
    if (!cursor_.beginArray()) continue;
    while (cursor_.nextItem()) {
      if (cursor_.isNull()) continue;
      if (hasRoomIn(out.members)) {
        AnyValue::Member& member = out.members.emplace_back();
        readKeyValue(member.first, member.second, level);
      } else {
        cursor_.skipValue();
      }
    }
  }
}

// A scalar that is not what its member's name says: its text is kept, containers are not.
void JsonFieldsReader::keepAsText(AnyValue& out) {
  ++report_.unreadableValues;
  switch (cursor_.kind()) {
    case JsonCursor::Kind::BeginObject:
    case JsonCursor::Kind::BeginArray:
      out = AnyValue::empty();
      return cursor_.skipValue();
    case JsonCursor::Kind::String:
      out = AnyValue::string({});
      return readText(out.text);
    default:
      out = AnyValue::string(std::string(cursor_.tokenText()));
  }
}

// Hex by the specification; base64 as protobuf's own JSON has it, when hex fails.
template <typename Id>
void JsonFieldsReader::readId(Id& out) {
  out = Id{};
  std::string_view text;
  if (cursor_.kind() != JsonCursor::Kind::String || !cursor_.scalarText(text))
    return cursor_.skipUnreadable();
  if (text.empty()) return;
  const size_t size = out.bytes.size();
  if (text.size() == size * 2) {
    const auto hex = fromHex(text);
    if (hex.ok()) {
      std::copy(hex.value().begin(), hex.value().end(), out.bytes.begin());
      return;
    }
  }
  if (text.size() <= size * 2) {
    const auto base64 = fromBase64(text);
    if (base64.ok() && base64.value().size() == size) {
      std::copy(base64.value().begin(), base64.value().end(), out.bytes.begin());
      return;
    }
  }
  ++report_.invalidIds;
}

template <typename T>
bool JsonFieldsReader::hasRoomIn(std::vector<T>& list) {
  if (budget_.growForOne(list)) return true;
  ++report_.droppedForMemory;
  return false;
}

bool JsonFieldsReader::hasRoom(size_t bytes) {
  if (budget_.spend(bytes)) return true;
  ++report_.droppedForMemory;
  return false;
}

}  // namespace spandrel::otlp
