#include <algorithm>

#include "record/portable.h"
#include "record/span_view.h"
#include "trace/constants.h"

namespace spandrel::record {
namespace {

using trace::AnyValue;
using trace::Attribute;
using trace::SpanData;

AnyValue readValue(uint32_t tagWord, Cursor& cursor) {
  AnyValue value;
  switch (static_cast<ValueType>(tagWord & tag::kTypeMask)) {
    case ValueType::Empty:
      break;
    case ValueType::False:
      value = AnyValue::of(false);
      break;
    case ValueType::True:
      value = AnyValue::of(true);
      break;
    case ValueType::Int32:
      value = AnyValue::of(int64_t{static_cast<int32_t>(cursor.word())});
      break;
    case ValueType::Int64:
      value = AnyValue::of(static_cast<int64_t>(cursor.doubleWord()));
      break;
    case ValueType::Double:
      value = AnyValue::of(cursor.number());
      break;
    case ValueType::String:
      value = AnyValue::string(std::string(cursor.content(tagWord)));
      break;
    case ValueType::Json:
      value = AnyValue::json(std::string(cursor.content(tagWord)));
      break;
    case ValueType::Bytes:
      value = AnyValue::bytes(std::string(cursor.content(tagWord | tag::kLong)));
      break;
    case ValueType::Array: {
      value.kind = AnyValue::Kind::Array;
      const uint32_t count = cursor.word();
      for (uint32_t i = 0; i < count; ++i) {
        const uint32_t member = cursor.word();
        value.items.push_back(readValue(member, cursor));
      }
      break;
    }
    case ValueType::Map: {
      value.kind = AnyValue::Kind::Map;
      const uint32_t count = cursor.word();
      for (uint32_t i = 0; i < count; ++i) {
        const uint32_t member = cursor.word();
        std::string key(cursor.key(member));
        value.members.emplace_back(std::move(key), readValue(member, cursor));
      }
      break;
    }
  }
  value.isNative = (tagWord & tag::kNative) != 0;
  return value;
}

void readAttributes(Cursor& cursor, uint32_t count, std::vector<Attribute>& out) {
  out.reserve(out.size() + count);
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t tagWord = cursor.word();
    std::string key(cursor.key(tagWord));
    out.push_back({std::move(key), readValue(tagWord, cursor)});
  }
}

template <typename Id>
Id readId(const void* bytes) {
  Id id;
  std::memcpy(id.bytes.data(), bytes, id.bytes.size());
  return id;
}

void setUnlessPresent(std::vector<Attribute>& attributes, std::string_view key, AnyValue value) {
  const bool isPresent = std::any_of(attributes.begin(), attributes.end(),
                                     [&](const Attribute& each) { return each.key == key; });
  if (!isPresent) attributes.push_back({std::string(key), std::move(value)});
}

}  // namespace

SpanData decodeRecord(const uint32_t* record, const TextTable& table, Form form) {
  using namespace trace::attribute_key;
  SpanData span;
  Cursor cursor(record, table);
  const uint32_t flagBits = record[header::kFlags];
  span.traceId = readId<trace::TraceId>(record + header::kTraceId);
  span.spanId = readId<trace::SpanId>(record + header::kSpanId);
  span.parentSpanId = readId<trace::SpanId>(record + header::kParentSpanId);
  span.kind = static_cast<trace::SpanKind>(flagBits >> flags::kKindShift & 7);
  span.status.code = static_cast<trace::StatusCode>(flagBits >> flags::kStatusShift & 3);
  span.isOpen = (flagBits & flags::kOpen) != 0;
  span.flags = (flagBits >> flags::kTraceFlagsShift & 0xFF) | trace::kHasIsRemote |
               (flagBits & flags::kRemoteParent ? trace::kIsRemote : 0);
  span.startTimeNs = timeAt(record, header::kStartTime);
  span.endTimeNs = span.isOpen ? 0 : timeAt(record, header::kEndTime);
  span.droppedAttributes = record[header::kDroppedAttributes];
  span.droppedEvents = record[header::kDroppedEvents];
  span.droppedLinks = record[header::kDroppedLinks];
  span.ordinal = record[header::kOrdinal];
  span.name = cursor.text(record[header::kName]);
  const std::string spanType(cursor.text(record[header::kSpanType]));
  std::string traceIdText;
  std::string experimentId;
  if (flagBits & flags::kHasDescription) span.status.description = cursor.text(cursor.word());
  if (flagBits & flags::kHasTraceState) span.traceState = cursor.text(cursor.word());
  if (flagBits & flags::kHasTraceIdText) traceIdText = cursor.text(cursor.word());
  if (flagBits & flags::kHasExperimentId) experimentId = cursor.text(cursor.word());

  const bool hasVirtual = !(flagBits & flags::kPlain);
  if (hasVirtual && form == Form::Mlflow) {
    if (flagBits & flags::kStartTimeWasGiven) {
      span.attributes.push_back(
          {std::string(kStartTimeNs), AnyValue::of(static_cast<int64_t>(span.startTimeNs))});
    }
    if (!experimentId.empty()) {
      span.attributes.push_back(
          {std::string(kExperimentId), AnyValue::string(std::move(experimentId))});
    }
    if (traceIdText.empty()) traceIdText = trace::generateTraceIdV3(span.traceId);
    span.attributes.push_back({std::string(kTraceId), AnyValue::string(std::move(traceIdText))});
    const bool hasType = record[header::kSpanType] != kNoText;
    span.attributes.push_back(
        {std::string(kSpanType),
         AnyValue::string(hasType ? spanType : std::string(trace::kUnknownSpanType))});
  } else if (hasVirtual && flagBits & flags::kTypeWasSet) {
    span.attributes.push_back({std::string(kSpanType), AnyValue::string(spanType)});
  }
  const uint32_t attributeCount = record[header::kAttributeCount];
  const uint32_t traceAttributes = std::min(record[header::kTraceAttributes], attributeCount);
  readAttributes(cursor, attributeCount - traceAttributes, span.attributes);
  std::vector<Attribute> ofTrace;
  readAttributes(cursor, traceAttributes, ofTrace);
  if (form == Form::Wire) {
    std::move(ofTrace.begin(), ofTrace.end(), std::back_inserter(span.attributes));
    if (span.isOpen)
      span.attributes.push_back({std::string(kUnfinishedAttribute), AnyValue::of(true)});
  } else if (const uint32_t level = record[header::kRouting] & 0xFF; hasVirtual && level > 0) {
    setUnlessPresent(span.attributes, kLogLevel, AnyValue::of(int64_t{level}));
  }

  for (uint32_t i = 0; i < record[header::kEventCount]; ++i) {
    trace::Event event;
    event.timeNs = cursor.doubleWord();
    event.name = cursor.text(cursor.word());
    const uint32_t count = cursor.word();
    event.droppedAttributes = cursor.word();
    readAttributes(cursor, count, event.attributes);
    span.events.push_back(std::move(event));
  }
  for (uint32_t i = 0; i < record[header::kLinkCount]; ++i) {
    trace::Link link;
    link.traceId = readId<trace::TraceId>(cursor.bytes(4));
    link.spanId = readId<trace::SpanId>(cursor.bytes(2));
    link.flags = cursor.word();
    link.traceState = cursor.text(cursor.word());
    link.mlflowTraceId = cursor.text(cursor.word());
    const uint32_t count = cursor.word();
    link.droppedAttributes = cursor.word();
    readAttributes(cursor, count, link.attributes);
    span.links.push_back(std::move(link));
  }
  return span;
}

}  // namespace spandrel::record
