#include "otlp/span_fields_reader.h"

#include <algorithm>
#include <cstring>

#include "otlp/fields.h"

namespace spandrel::otlp {

using trace::AnyValue;
using trace::Attribute;

void SpanFieldsReader::readSpan(WireReader& reader, trace::SpanData& out) {
  reserveFor(reader, fields::span::kAttributes, out.attributes);
  reserveFor(reader, fields::span::kEvents, out.events);
  reserveFor(reader, fields::span::kLinks, out.links);
  while (reader.next()) {
    WireReader nested = reader;
    switch (reader.field()) {
      case fields::span::kTraceId:
        readId(reader, out.traceId);
        break;
      case fields::span::kSpanId:
        readId(reader, out.spanId);
        break;
      case fields::span::kTraceState:
        readText(reader, out.traceState);
        break;
      case fields::span::kParentSpanId:
        readId(reader, out.parentSpanId);
        break;
      case fields::span::kName:
        readText(reader, out.name);
        break;
      case fields::span::kKind:
        readKind(reader, out.kind);
        break;
      case fields::span::kStartTimeUnixNano:
        reader.readFixed64(out.startTimeNs);
        break;
      case fields::span::kEndTimeUnixNano:
        reader.readFixed64(out.endTimeNs);
        break;
      case fields::span::kAttributes:
        readAttribute(reader, out.attributes, out.droppedAttributes);
        break;
      case fields::span::kDroppedAttributesCount:
        reader.readUint32(out.droppedAttributes);
        break;
      case fields::span::kEvents:
        if (!reader.readMessage(nested)) break;
        if (hasRoomIn(out.events)) {
          readEvent(nested, out.events.emplace_back());
        } else {
          ++out.droppedEvents;
        }
        reader.adopt(nested);
        break;
      case fields::span::kDroppedEventsCount:
        reader.readUint32(out.droppedEvents);
        break;
      case fields::span::kLinks:
        if (!reader.readMessage(nested)) break;
        if (hasRoomIn(out.links)) {
          readLink(nested, out.links.emplace_back());
        } else {
          ++out.droppedLinks;
        }
        reader.adopt(nested);
        break;
      case fields::span::kDroppedLinksCount:
        reader.readUint32(out.droppedLinks);
        break;
      case fields::span::kStatus:
        if (!reader.readMessage(nested)) break;
        readStatus(nested, out.status);
        reader.adopt(nested);
        break;
      case fields::span::kFlags:
        reader.readFixed32(out.flags);
        break;
      default:
        reader.skip();
    }
  }
}

void SpanFieldsReader::readEvent(WireReader& reader, trace::Event& out) {
  reserveFor(reader, fields::event::kAttributes, out.attributes);
  while (reader.next()) {
    switch (reader.field()) {
      case fields::event::kTimeUnixNano:
        reader.readFixed64(out.timeNs);
        break;
      case fields::event::kName:
        readText(reader, out.name);
        break;
      case fields::event::kAttributes:
        readAttribute(reader, out.attributes, out.droppedAttributes);
        break;
      case fields::event::kDroppedAttributesCount:
        reader.readUint32(out.droppedAttributes);
        break;
      default:
        reader.skip();
    }
  }
}

void SpanFieldsReader::readLink(WireReader& reader, trace::Link& out) {
  reserveFor(reader, fields::link::kAttributes, out.attributes);
  while (reader.next()) {
    switch (reader.field()) {
      case fields::link::kTraceId:
        readId(reader, out.traceId);
        break;
      case fields::link::kSpanId:
        readId(reader, out.spanId);
        break;
      case fields::link::kTraceState:
        readText(reader, out.traceState);
        break;
      case fields::link::kAttributes:
        readAttribute(reader, out.attributes, out.droppedAttributes);
        break;
      case fields::link::kDroppedAttributesCount:
        reader.readUint32(out.droppedAttributes);
        break;
      case fields::link::kFlags:
        reader.readFixed32(out.flags);
        break;
      default:
        reader.skip();
    }
  }
}

void SpanFieldsReader::readStatus(WireReader& reader, trace::Status& out) {
  while (reader.next()) {
    uint32_t code = 0;
    switch (reader.field()) {
      case fields::status::kMessage:
        readText(reader, out.description);
        break;
      case fields::status::kCode:
        if (!reader.readUint32(code)) break;
        // A code of a later version reads as unset.
        out.code = code <= 2 ? static_cast<trace::StatusCode>(code) : trace::StatusCode::Unset;
        break;
      default:
        reader.skip();
    }
  }
}

void SpanFieldsReader::readResource(WireReader& reader, trace::Resource& out) {
  while (reader.next()) {
    switch (reader.field()) {
      case fields::resource::kAttributes:
        readAttribute(reader, out.attributes, out.droppedAttributes);
        break;
      case fields::resource::kDroppedAttributesCount:
        reader.readUint32(out.droppedAttributes);
        break;
      default:
        reader.skip();
    }
  }
}

void SpanFieldsReader::readScope(WireReader& reader, trace::Scope& out) {
  while (reader.next()) {
    switch (reader.field()) {
      case fields::scope::kName:
        readText(reader, out.name);
        break;
      case fields::scope::kVersion:
        readText(reader, out.version);
        break;
      case fields::scope::kAttributes:
        readAttribute(reader, out.attributes, out.droppedAttributes);
        break;
      case fields::scope::kDroppedAttributesCount:
        reader.readUint32(out.droppedAttributes);
        break;
      default:
        reader.skip();
    }
  }
}

void SpanFieldsReader::readAttribute(WireReader& reader, std::vector<Attribute>& out,
                                     uint32_t& dropped) {
  WireReader nested = reader;
  if (!reader.readMessage(nested)) return;
  if (hasRoomIn(out)) {
    Attribute& attribute = out.emplace_back();
    readKeyValue(nested, attribute.key, attribute.value);
  } else {
    ++dropped;
  }
  reader.adopt(nested);
}

void SpanFieldsReader::readKeyValue(WireReader& reader, std::string& key, AnyValue& value) {
  while (reader.next()) {
    WireReader nested = reader;
    switch (reader.field()) {
      case fields::key_value::kKey:
        readText(reader, key);
        break;
      case fields::key_value::kValue:
        if (!reader.readMessage(nested)) break;
        readAnyValue(nested, value);
        reader.adopt(nested);
        break;
      default:
        reader.skip();
    }
  }
}

// A oneof: another member replaces what was there, the same list again is continued.
void SpanFieldsReader::readAnyValue(WireReader& reader, AnyValue& out) {
  while (reader.next()) {
    WireReader nested = reader;
    switch (reader.field()) {
      case fields::any_value::kArrayValue:
        if (!reader.readMessage(nested)) break;
        if (out.kind != AnyValue::Kind::Array) out = AnyValue::array({});
        readArray(nested, out.items);
        reader.adopt(nested);
        break;
      case fields::any_value::kKvlistValue:
        if (!reader.readMessage(nested)) break;
        if (out.kind != AnyValue::Kind::Map) out = AnyValue::map({});
        readMap(nested, out.members);
        reader.adopt(nested);
        break;
      default:
        readPlainValue(reader, out);
    }
  }
}

void SpanFieldsReader::readPlainValue(WireReader& reader, AnyValue& out) {
  bool boolean = false;
  int64_t integer = 0;
  double number = 0;
  std::string_view bytes;
  switch (reader.field()) {
    case fields::any_value::kStringValue: {
      if (reader.type() != WireType::Bytes) {
        reader.skip();
        return;
      }
      AnyValue text = AnyValue::string({});
      readText(reader, text.text);
      out = std::move(text);
      return;
    }
    case fields::any_value::kBoolValue:
      if (reader.readBool(boolean)) out = AnyValue::of(boolean);
      return;
    case fields::any_value::kIntValue:
      if (reader.readInt64(integer)) out = AnyValue::of(integer);
      return;
    case fields::any_value::kDoubleValue:
      if (reader.readDouble(number)) out = AnyValue::of(number);
      return;
    case fields::any_value::kBytesValue:
      if (reader.readBytes(bytes))
        out = AnyValue::bytes(hasRoom(bytes.size()) ? std::string(bytes) : std::string());
      return;
    default:
      reader.skip();
  }
}

void SpanFieldsReader::readArray(WireReader& reader, std::vector<AnyValue>& out) {
  reserveFor(reader, fields::array_value::kValues, out);
  while (reader.next()) {
    WireReader nested = reader;
    if (reader.field() != fields::array_value::kValues) {
      reader.skip();
      continue;
    }
    if (!reader.readMessage(nested)) continue;
    if (hasRoomIn(out)) readAnyValue(nested, out.emplace_back());
    reader.adopt(nested);
  }
}

void SpanFieldsReader::readMap(WireReader& reader, std::vector<AnyValue::Member>& out) {
  reserveFor(reader, fields::key_value_list::kValues, out);
  while (reader.next()) {
    WireReader nested = reader;
    if (reader.field() != fields::key_value_list::kValues) {
      reader.skip();
      continue;
    }
    if (!reader.readMessage(nested)) continue;
    if (hasRoomIn(out)) {
      AnyValue::Member& member = out.emplace_back();
      readKeyValue(nested, member.first, member.second);
    }
    reader.adopt(nested);
  }
}

void SpanFieldsReader::readKind(WireReader& reader, trace::SpanKind& out) {
  uint32_t kind = 0;
  if (!reader.readUint32(kind)) return;
  // A kind of a later version is kept as its number where that fits.
  out = kind <= UINT8_MAX ? static_cast<trace::SpanKind>(kind) : trace::SpanKind::Unspecified;
}

void SpanFieldsReader::readText(WireReader& reader, std::string& out) {
  std::string_view bytes;
  if (!reader.readBytes(bytes)) return;
  // A byte that is no UTF-8 may become the three of U+FFFD.
  if (!hasRoom(bytes.size())) {
    out.clear();
    return;
  }
  if (isUtf8(bytes)) {
    out.assign(bytes);
    return;
  }
  out = sanitizeUtf8(bytes);
  ++report_.repairedTexts;
}

template <typename Id>
void SpanFieldsReader::readId(WireReader& reader, Id& out) {
  std::string_view bytes;
  if (!reader.readBytes(bytes)) return;
  out = Id{};
  if (bytes.size() == out.bytes.size()) {
    std::memcpy(out.bytes.data(), bytes.data(), bytes.size());
  } else if (!bytes.empty()) {
    ++report_.invalidIds;
  }
}

// Room for exactly the elements that follow, so that growing never doubles what a list takes.
template <typename T>
void SpanFieldsReader::reserveFor(const WireReader& reader, uint32_t field, std::vector<T>& list) {
  WireReader scout = reader;
  size_t count = 0;
  while (scout.next()) {
    if (scout.field() == field && scout.type() == WireType::Bytes) ++count;
    if (!scout.skip()) break;
  }
  if (count == 0) return;
  const size_t wanted = list.size() + count;
  if (wanted <= list.capacity() || !budget_.spend(wanted * sizeof(T))) return;
  list.reserve(wanted);
}

template <typename T>
bool SpanFieldsReader::hasRoomIn(std::vector<T>& list) {
  if (budget_.growForOne(list)) return true;
  ++report_.droppedForMemory;
  return false;
}

bool SpanFieldsReader::hasRoom(size_t bytes) {
  if (budget_.spend(bytes)) return true;
  ++report_.droppedForMemory;
  return false;
}

}  // namespace spandrel::otlp
