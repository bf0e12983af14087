#include "otlp/record_encoder.h"

#include "otlp/fields.h"
#include "otlp/outgoing_value.h"
#include "otlp/span_writer.h"
#include "record/portable.h"
#include "record/span_view.h"
#include "trace/constants.h"
#include "trace/span_data.h"

namespace spandrel::otlp {
namespace {

using Coded = google::protobuf::io::CodedOutputStream;
using record::Cursor;
using record::ValueType;
namespace header = record::header;
namespace flags = record::flags;
namespace tag = record::tag;

// All field numbers of these messages are below 16, so a tag is one byte; values are checked to.
constexpr uint8_t byteTag(uint32_t field, WireType type) {
  return static_cast<uint8_t>(makeTag(field, type));
}

inline uint8_t* putVarint(uint64_t value, uint8_t* at) {
  if (value < 0x80) {
    *at = static_cast<uint8_t>(value);
    return at + 1;
  }
  if (value < 0x4000) {
    at[0] = static_cast<uint8_t>(value | 0x80);
    at[1] = static_cast<uint8_t>(value >> 7);
    return at + 2;
  }
  return Coded::WriteVarint64ToArray(value, at);
}

inline size_t sizeOfVarint(uint64_t value) {
  return value < 0x80 ? 1 : varintSize(value);
}

// memcpy of a dozen bytes is a call in WebAssembly; two loads and two stores are not.
inline uint8_t* copyShort(const char* from, size_t length, uint8_t* at) {
  if (length > 64) {
    std::memcpy(at, from, length);
  } else if (length >= 8) {
    for (size_t i = 0; i + 8 < length; i += 8) std::memcpy(at + i, from + i, 8);
    std::memcpy(at + length - 8, from + length - 8, 8);
  } else if (length >= 4) {
    std::memcpy(at, from, 4);
    std::memcpy(at + length - 4, from + length - 4, 4);
  } else {
    for (size_t i = 0; i < length; ++i) at[i] = static_cast<uint8_t>(from[i]);
  }
  return at + length;
}

// For texts with padding behind them, into room that has as much to spare.
inline uint8_t* copyPadded(std::string_view text, uint8_t* at) {
  for (size_t i = 0; i < text.size(); i += 16) std::memcpy(at + i, text.data() + i, 16);
  return at + text.size();
}

inline uint8_t* putText(uint8_t tagByte, std::string_view text, uint8_t* at) {
  *at++ = tagByte;
  at = putVarint(text.size(), at);
  return copyShort(text.data(), text.size(), at);
}

class Encoder {
 public:
  Encoder(const uint32_t* record, const record::TextTable& table, WireWriter& out)
      : record_(record), cursor_(record, table), out_(out) {}

  void origin(WireWriter& scope) {
    const std::string_view name = cursor_.text(record_[header::kName]);
    const std::string_view version = cursor_.text(record_[header::kSpanType]);
    if (!name.empty()) scope.stringField(fields::scope::kName, name);
    if (!version.empty()) scope.stringField(fields::scope::kVersion, version);
    attributes(fields::resource::kAttributes, record_[header::kAttributeCount]);
  }

  void run() {
    const uint32_t flagBits = record_[header::kFlags];
    const std::string_view name = cursor_.text(record_[header::kName]);
    const std::string_view spanType = cursor_.text(record_[header::kSpanType]);
    const std::string_view description = optionalText(flagBits & flags::kHasDescription);
    const std::string_view traceState = optionalText(flagBits & flags::kHasTraceState);
    optionalText(flagBits & flags::kHasTraceIdText);
    optionalText(flagBits & flags::kHasExperimentId);

    identity(flagBits, name, traceState);
    if (flagBits & flags::kTypeWasSet && !(flagBits & flags::kPlain)) {
      textAttribute(trace::attribute_key::kSpanType, spanType);
    }
    attributes(fields::span::kAttributes, record_[header::kAttributeCount]);
    if (flagBits & flags::kOpen) unfinished();
    count(fields::span::kDroppedAttributesCount, record_[header::kDroppedAttributes]);
    for (uint32_t i = 0; i < record_[header::kEventCount]; ++i) event();
    count(fields::span::kDroppedEventsCount, record_[header::kDroppedEvents]);
    for (uint32_t i = 0; i < record_[header::kLinkCount]; ++i) link();
    count(fields::span::kDroppedLinksCount, record_[header::kDroppedLinks]);
    status(flagBits, description);
    out_.fixed32Field(fields::span::kFlags,
                      (flagBits >> flags::kTraceFlagsShift & 0xFF) | trace::kHasIsRemote |
                          (flagBits & flags::kRemoteParent ? trace::kIsRemote : 0));
  }

 private:
  std::string_view optionalText(bool isPresent) {
    return isPresent ? cursor_.text(cursor_.word()) : std::string_view();
  }

  void identity(uint32_t flagBits, std::string_view name, std::string_view traceState) {
    uint8_t* at = out_.reserve(96 + name.size() + traceState.size());
    if (!at) return;
    at = id(fields::span::kTraceId, header::kTraceId, 16, at);
    at = id(fields::span::kSpanId, header::kSpanId, 8, at);
    if (!traceState.empty())
      at = putText(byteTag(fields::span::kTraceState, WireType::Bytes), traceState, at);
    at = id(fields::span::kParentSpanId, header::kParentSpanId, 8, at);
    if (!name.empty()) at = putText(byteTag(fields::span::kName, WireType::Bytes), name, at);
    if (const uint32_t kind = flagBits >> flags::kKindShift & 7; kind != 0) {
      *at++ = byteTag(fields::span::kKind, WireType::Varint);
      *at++ = static_cast<uint8_t>(kind);
    }
    at = time(fields::span::kStartTimeUnixNano, header::kStartTime, at);
    at = time(fields::span::kEndTimeUnixNano, header::kEndTime, at);
    out_.advance(at);
  }

  // Nothing for a zero id.
  uint8_t* id(uint32_t field, uint32_t place, uint32_t length, uint8_t* at) {
    uint32_t any = 0;
    for (uint32_t i = 0; i < length / 4; ++i) any |= record_[place + i];
    if (any == 0) return at;
    *at++ = byteTag(field, WireType::Bytes);
    *at++ = static_cast<uint8_t>(length);
    std::memcpy(at, record_ + place, length);
    return at + length;
  }

  uint8_t* time(uint32_t field, uint32_t place, uint8_t* at) {
    if (record_[place] == 0 && record_[place + 1] == 0) return at;
    *at++ = byteTag(field, WireType::Fixed64);
    std::memcpy(at, record_ + place, 8);
    return at + 8;
  }

  void count(uint32_t field, uint32_t value) {
    if (value != 0) out_.varintField(field, value);
  }

  // Attributes are written behind one check for room: an interned key or text has at most
  // kMaxTextBytes, and every other text is part of the record.
  void attributes(uint32_t field, uint32_t howMany) {
    while (howMany > 0) {
      const uint32_t now = howMany < kAtOnce ? howMany : kAtOnce;
      howMany -= now;
      uint8_t* at = roomFor(now);
      for (uint32_t i = 0; i < now && at; ++i) {
        const uint32_t tagWord = cursor_.word();
        const auto type = static_cast<ValueType>(tagWord & tag::kTypeMask);
        if (type < ValueType::Array) {
          at = attribute(field, tagWord, type, at);
          continue;
        }
        out_.advance(at);
        nested(field, cursor_.key(tagWord), tagWord);
        at = roomFor(now);
      }
      if (!at) return;
      out_.advance(at);
    }
  }

  static constexpr uint32_t kAtOnce = 64;
  static constexpr size_t kOverhead =
      2 * record::TextTable::kMaxTextBytes + record::TextTable::kPadding + 64;

  uint8_t* roomFor(uint32_t howMany) {
    return out_.reserve(howMany * kOverhead + record_[header::kByteLength]);
  }

  uint8_t* attribute(uint32_t field, uint32_t tagWord, ValueType type, uint8_t* at) {
    const std::string_view keyField = cursor_.keyField(tagWord);
    const std::string_view key = keyField.empty() ? cursor_.key(tagWord) : std::string_view();
    switch (type) {
      case ValueType::String:
      case ValueType::Json:
        return content(field, keyField, key, fields::any_value::kStringValue,
                       cursor_.content(tagWord), at);
      case ValueType::Bytes:
        return content(field, keyField, key, fields::any_value::kBytesValue,
                       cursor_.content(tagWord | tag::kLong), at);
      default: {
        uint8_t value[kMaxVarintBytes + 1];
        const auto size = static_cast<size_t>(scalarValue(tagWord, value) - value);
        at = keyAndValueHead(field, keyField, key, size, at);
        for (size_t i = 0; i < size; ++i) at[i] = value[i];
        return at + size;
      }
    }
  }

  // KeyValue with a string or bytes: all lengths are known before the first byte.
  uint8_t* content(uint32_t field, std::string_view keyField, std::string_view key,
                   uint32_t valueField, std::string_view text, uint8_t* at) {
    at = keyAndValueHead(field, keyField, key, 1 + sizeOfVarint(text.size()) + text.size(), at);
    return putText(byteTag(valueField, WireType::Bytes), text, at);
  }

  // Everything of a KeyValue up to the content of its AnyValue. Defaults are left out: an empty
  // key, an empty value.
  uint8_t* keyAndValueHead(uint32_t field, std::string_view keyField, std::string_view key,
                           size_t valueSize, uint8_t* at) {
    const size_t keySize = !keyField.empty() ? keyField.size()
                           : key.empty()     ? 0
                                             : 1 + sizeOfVarint(key.size()) + key.size();
    const size_t size = keySize + (valueSize == 0 ? 0 : 1 + sizeOfVarint(valueSize) + valueSize);
    *at++ = byteTag(field, WireType::Bytes);
    at = putVarint(size, at);
    if (!keyField.empty()) {
      at = copyPadded(keyField, at);
    } else if (!key.empty()) {
      at = putText(byteTag(fields::key_value::kKey, WireType::Bytes), key, at);
    }
    if (valueSize == 0) return at;
    *at++ = byteTag(fields::key_value::kValue, WireType::Bytes);
    return putVarint(valueSize, at);
  }

  // The content of an AnyValue that is no text and no structure.
  uint8_t* scalarValue(uint32_t tagWord, uint8_t* at) {
    switch (static_cast<ValueType>(tagWord & tag::kTypeMask)) {
      case ValueType::False:
      case ValueType::True:
        *at++ = byteTag(fields::any_value::kBoolValue, WireType::Varint);
        *at++ = static_cast<ValueType>(tagWord & tag::kTypeMask) == ValueType::True;
        return at;
      case ValueType::Int32:
        *at++ = byteTag(fields::any_value::kIntValue, WireType::Varint);
        return putVarint(static_cast<uint64_t>(int64_t{static_cast<int32_t>(cursor_.word())}), at);
      case ValueType::Int64:
        *at++ = byteTag(fields::any_value::kIntValue, WireType::Varint);
        return putVarint(cursor_.doubleWord(), at);
      case ValueType::Double: {
        *at++ = byteTag(fields::any_value::kDoubleValue, WireType::Fixed64);
        const uint64_t bits = cursor_.doubleWord();
        std::memcpy(at, &bits, 8);
        return at + 8;
      }
      default:  // Empty
        return at;
    }
  }

  // Arrays and maps are short and rare: written in place, lengths filled in afterwards.
  void nested(uint32_t field, std::string_view key, uint32_t tagWord) {
    const auto pair = out_.open(field);
    if (!key.empty()) out_.stringField(fields::key_value::kKey, key);
    const auto value = out_.open(fields::key_value::kValue);
    structure(tagWord);
    out_.close(value);
    out_.close(pair);
  }

  void structure(uint32_t tagWord) {
    const uint32_t howMany = cursor_.word();
    if (static_cast<ValueType>(tagWord & tag::kTypeMask) == ValueType::Map) {
      const auto map = out_.open(fields::any_value::kKvlistValue);
      attributes(fields::key_value_list::kValues, howMany);
      out_.close(map);
      return;
    }
    const auto array = out_.open(fields::any_value::kArrayValue);
    for (uint32_t i = 0; i < howMany; ++i) member();
    out_.close(array);
  }

  void member() {
    const uint32_t tagWord = cursor_.word();
    const auto value = out_.open(fields::array_value::kValues);
    switch (static_cast<ValueType>(tagWord & tag::kTypeMask)) {
      case ValueType::String:
      case ValueType::Json:
        out_.stringField(fields::any_value::kStringValue, cursor_.content(tagWord));
        break;
      case ValueType::Bytes:
        out_.stringField(fields::any_value::kBytesValue, cursor_.content(tagWord | tag::kLong));
        break;
      case ValueType::Array:
      case ValueType::Map:
        structure(tagWord);
        break;
      default:
        if (uint8_t* at = out_.reserve(kMaxVarintBytes + 1)) out_.advance(scalarValue(tagWord, at));
    }
    out_.close(value);
  }

  void textAttribute(std::string_view key, std::string_view text) {
    if (uint8_t* at = roomFor(1)) {
      out_.advance(
          content(fields::span::kAttributes, {}, key, fields::any_value::kStringValue, text, at));
    }
  }

  void unfinished() {
    uint8_t* at = roomFor(1);
    if (!at) return;
    at = keyAndValueHead(fields::span::kAttributes, {}, record::kUnfinishedAttribute, 2, at);
    *at++ = byteTag(fields::any_value::kBoolValue, WireType::Varint);
    *at++ = 1;
    out_.advance(at);
  }

  void event() {
    const auto message = out_.open(fields::span::kEvents);
    if (const uint64_t timeNs = cursor_.doubleWord(); timeNs != 0) {
      out_.fixed64Field(fields::event::kTimeUnixNano, timeNs);
    }
    if (const std::string_view name = cursor_.text(cursor_.word()); !name.empty()) {
      out_.stringField(fields::event::kName, name);
    }
    const uint32_t howMany = cursor_.word();
    const uint32_t dropped = cursor_.word();
    attributes(fields::event::kAttributes, howMany);
    count(fields::event::kDroppedAttributesCount, dropped);
    out_.close(message);
  }

  void link() {
    const auto message = out_.open(fields::span::kLinks);
    bytesUnlessZero(fields::link::kTraceId, 4);
    bytesUnlessZero(fields::link::kSpanId, 2);
    const uint32_t linkFlags = cursor_.word();
    if (const std::string_view state = cursor_.text(cursor_.word()); !state.empty()) {
      out_.stringField(fields::link::kTraceState, state);
    }
    cursor_.text(cursor_.word());  // the caller's spelling of the trace id
    const uint32_t howMany = cursor_.word();
    const uint32_t dropped = cursor_.word();
    attributes(fields::link::kAttributes, howMany);
    count(fields::link::kDroppedAttributesCount, dropped);
    if (linkFlags != 0) out_.fixed32Field(fields::link::kFlags, linkFlags);
    out_.close(message);
  }

  void bytesUnlessZero(uint32_t field, uint32_t words) {
    const uint8_t* bytes = cursor_.bytes(words);
    uint8_t any = 0;
    for (uint32_t i = 0; i < words * 4; ++i) any |= bytes[i];
    if (any != 0) out_.bytesField(field, bytes, words * 4);
  }

  void status(uint32_t flagBits, std::string_view description) {
    const uint32_t code = flagBits >> flags::kStatusShift & 3;
    if (code == 0 && description.empty()) return;
    const auto message = out_.open(fields::span::kStatus);
    if (!description.empty()) out_.stringField(fields::status::kMessage, description);
    if (code != 0) out_.varintField(fields::status::kCode, code);
    out_.close(message);
  }

  const uint32_t* record_;
  Cursor cursor_;
  WireWriter& out_;
};

}  // namespace

void encodeRecord(const uint32_t* record, const record::TextTable& table, WireWriter& out) {
  Encoder(record, table, out).run();
}

void encodeOrigin(const uint32_t* record, const record::TextTable& table, EncodedOrigin& out) {
  out.resource.clear();
  out.scope.clear();
  Encoder(record, table, out.resource).origin(out.scope);
}

Bytes encodeBatch(std::span<const record::RecordRef> records, const record::TextTable& table,
                  const EncodedOrigin& origin, WireWriter& out) {
  out.clear();
  if (records.empty()) return {};
  // The lengths in front of the spans are known after them, so room is left and filled from its
  // end.
  const size_t room = origin.resource.size() + origin.scope.size() + 8 * kMaxVarintBytes;
  if (uint8_t* at = out.reserve(room)) out.advance(at + room);
  for (const record::RecordRef& each : records) {
    const auto span = out.open(fields::scope_spans::kSpans, each.byteLength());
    encodeRecord(each.words(), table, out);
    out.close(span);
  }
  const size_t spanBytes = out.size() - room;
  const size_t scopeSize = bytesFieldSize(fields::scope_spans::kScope, origin.scope.size());
  const size_t scopeSpansSize = scopeSize + spanBytes;
  const size_t resourceSize =
      bytesFieldSize(fields::resource_spans::kResource, origin.resource.size());
  WireWriter front;
  front.messageHeader(
      fields::traces_data::kResourceSpans,
      resourceSize + bytesFieldSize(fields::resource_spans::kScopeSpans, scopeSpansSize));
  front.bytesField(fields::resource_spans::kResource, origin.resource.bytes().data(),
                   origin.resource.size());
  front.messageHeader(fields::resource_spans::kScopeSpans, scopeSpansSize);
  front.bytesField(fields::scope_spans::kScope, origin.scope.bytes().data(), origin.scope.size());
  if (!out.ok() || !front.ok()) return {};
  return out.prepend(room, front.bytes());
}

}  // namespace spandrel::otlp
