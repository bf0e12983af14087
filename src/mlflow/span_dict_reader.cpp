#include <algorithm>
#include <array>
#include <unordered_map>

#include "base/text.h"
#include "mlflow/dict_fields.h"
#include "mlflow/span_dict.h"
#include "trace/attribute_text.h"
#include "trace/constants.h"
#include "trace/json_value.h"

namespace spandrel::mlflow {
namespace {

using trace::AnyValue;
using trace::Attribute;
using trace::Event;
using trace::Link;
using trace::SpanData;
using trace::SpanId;
using trace::StatusCode;
using trace::TraceId;

enum class Schema : uint8_t { V2, V3 };

Error invalid(std::string message, size_t offset = 0) {
  return Error{ErrorCode::InvalidParameterValue, std::move(message), offset};
}

Error missing(const char* key) {
  return invalid(std::string("the key '") + key + "' is missing");
}

// --- ids ---

Result<TraceId> hexId(std::string_view digits, TraceId*) {
  return trace::traceIdOfHexDigits(digits);
}
Result<SpanId> hexId(std::string_view digits, SpanId*) {
  return trace::spanIdOfHexDigits(digits);
}

// Standard base64 with padding; fewer bytes than the id has are its last ones.
template <size_t size>
bool readBase64Id(std::string_view text, std::array<uint8_t, size>& bytes) {
  const bool isStandard = text.size() % 4 == 0 && text.find_first_of("-_") == text.npos;
  if (!isStandard) return false;
  const auto read = fromBase64(text);
  if (!read.ok() || read.value().size() > size) return false;
  bytes.fill(0);
  std::copy(read.value().rbegin(), read.value().rend(), bytes.rbegin());
  return true;
}

bool isHexOf(std::string_view text, size_t digits) {
  return text.size() == digits &&
         text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

// Version 3 writes base64. 3.5.0 wrote hex, "tr-" + hex or "trace:/location/" + hex; as many hex
// digits as an id has are never base64 of so few bytes.
template <typename Id>
Result<Id> readId(const Field& field, Schema schema, const char* key) {
  Id id;
  if (field.isMissing()) return missing(key);
  if (!field.isString()) return invalid(std::string(key) + " is no text", field.offset);
  const std::string text = field.text();
  std::string_view hex = text;
  if (hex.starts_with(trace::kTraceIdV4Prefix)) hex = hex.substr(hex.rfind('/') + 1);
  if (hex.starts_with(trace::kTraceIdPrefix)) hex.remove_prefix(trace::kTraceIdPrefix.size());
  const bool isHex =
      schema == Schema::V2 || hex.size() != text.size() || isHexOf(hex, 2 * id.bytes.size());
  if (!isHex && readBase64Id(hex, id.bytes)) return id;
  Result<Id> read = hexId(hex, &id);
  if (read.ok()) return read;
  return invalid(std::string(key) + " '" + text.substr(0, 64) + "' is no id", field.offset);
}

Result<SpanId> readParentId(const Field& field, Schema schema, const char* key) {
  if (field.isMissing()) return missing(key);
  if (field.isNull() || field.json == "\"\"") return SpanId{};
  return readId<SpanId>(field, schema, key);
}

// --- attributes ---

// The value of an attribute that is no stored text. Structures stay text: exact, and no larger.
AnyValue nativeValue(const JsonMembers& member) {
  using Kind = JsonMembers::Kind;
  const bool isStructure = member.kind() == Kind::BeginObject || member.kind() == Kind::BeginArray;
  if (isStructure) return AnyValue::json(std::string(member.value()));
  Result<AnyValue> value = trace::parseJsonValue(member.value());
  return value.ok() ? value.take() : AnyValue::empty();
}

AnyValue spanAttribute(const JsonMembers& member) {
  if (member.isString()) return trace::storedAttribute(member.text());
  Result<AnyValue> parsed = trace::parseJsonValue(member.value());
  AnyValue value = parsed.ok() ? parsed.take() : AnyValue::json(std::string(member.value()));
  value.isNative = value.kind != AnyValue::Kind::Json;
  return value;
}

// Of equal keys the last value counts, in the first one's place.
class AttributeList {
 public:
  void add(const std::string& key, AnyValue value) {
    const auto [place, isNew] = places_.emplace(key, list_.size());
    if (isNew) {
      list_.push_back({key, std::move(value)});
    } else {
      list_[place->second].value = std::move(value);
    }
  }
  std::vector<Attribute> take() { return std::move(list_); }

 private:
  std::vector<Attribute> list_;
  std::unordered_map<std::string, size_t> places_;
};

Result<std::vector<Attribute>> readAttributes(const Field& field,
                                              AnyValue (*valueOf)(const JsonMembers&)) {
  AttributeList attributes;
  JsonMembers members(field.json);
  if (!members.isObject()) return invalid("attributes are no dictionary", field.offset);
  while (members.next()) attributes.add(members.key(), valueOf(members));
  if (!members.ok()) return inside("attributes", members.error(), field.offset);
  return attributes.take();
}

// --- events and links ---

Result<Event> readEvent(std::string_view json, Schema schema) {
  Field name, time, attributes;
  const char* timeKey = schema == Schema::V2 ? "timestamp" : "time_unix_nano";
  const auto read =
      readFields(json, {{"name", &name}, {timeKey, &time}, {"attributes", &attributes}});
  if (!read.ok()) return read.error();
  if (name.isMissing()) return missing("name");
  if (schema == Schema::V2 && attributes.isMissing()) return missing("attributes");
  Event event;
  event.name = name.text();
  const Result<uint64_t> timeNs = readUint64(time, timeKey);
  if (!timeNs.ok()) return timeNs.error();
  event.timeNs = timeNs.value();
  if (attributes.isGiven()) {
    auto list = readAttributes(attributes, nativeValue);
    if (!list.ok()) return list.error();
    event.attributes = list.take();
  }
  return event;
}

Result<Link> readLink(std::string_view json, Schema) {
  Field traceId, spanId, attributes;
  const auto read =
      readFields(json, {{"trace_id", &traceId}, {"span_id", &spanId}, {"attributes", &attributes}});
  if (!read.ok()) return read.error();
  if (!traceId.isString()) return missing("trace_id");
  if (!spanId.isString()) return missing("span_id");
  Link link;
  // Ids are kept as written; those that are no hex have no bytes and leave as zero ids.
  const auto traceBytes = readId<TraceId>(traceId, Schema::V2, "trace_id");
  if (traceBytes.ok()) link.traceId = traceBytes.value();
  const auto spanBytes = readId<SpanId>(spanId, Schema::V2, "span_id");
  if (spanBytes.ok()) link.spanId = spanBytes.value();
  link.mlflowTraceId = traceId.text();
  if (link.mlflowTraceId == trace::generateTraceIdV3(link.traceId)) link.mlflowTraceId.clear();
  link.mlflowSpanId = spanId.text();
  if (link.mlflowSpanId == link.spanId.hex()) link.mlflowSpanId.clear();
  if (attributes.isGiven()) {
    auto list = readAttributes(attributes, nativeValue);
    if (!list.ok()) return list.error();
    link.attributes = list.take();
  }
  return link;
}

// Version 2 wants its lists; version 3 takes null and nothing for none.
template <typename Item>
Result<Done> readList(const Field& field, Schema schema, const char* key,
                      Result<Item> (*readItem)(std::string_view, Schema), std::vector<Item>& out) {
  if (field.isMissing() || (field.isNull() && schema == Schema::V3)) return Done{};
  JsonMembers elements(field.json);
  if (!elements.isArray()) return invalid(std::string(key) + " is no list", field.offset);
  while (elements.next()) {
    Result<Item> item = readItem(elements.value(), schema);
    if (!item.ok()) return inside(key, item.error(), field.offset + elements.offset());
    out.push_back(item.take());
  }
  if (!elements.ok()) return inside(key, elements.error(), field.offset);
  return Done{};
}

// --- the span ---

struct SpanFields {
  Field traceId, spanId, parentId, name, start, end, statusCode, statusMessage;
  Field attributes, events, links, context, status;
};

Result<StatusCode> readStatusCode(const Field& field, Schema schema) {
  if (field.isMissing()) return missing("status");
  const std::string text = field.text();
  std::string_view name = text;
  if (schema == Schema::V3 && name.starts_with("STATUS_CODE_")) name.remove_prefix(12);
  if (field.isString() && name == "OK") return StatusCode::Ok;
  if (field.isString() && name == "ERROR") return StatusCode::Error;
  if (field.isString() && name == "UNSET") return StatusCode::Unset;
  return invalid("'" + text.substr(0, 64) + "' is no status; valid are UNSET, OK, ERROR",
                 field.offset);
}

Result<Done> readSpanFields(std::string_view json, SpanFields& f, Schema& schema) {
  Field end3, start3, parent3;
  auto read = readFields(json, {{"trace_id", &f.traceId},
                                {"span_id", &f.spanId},
                                {"parent_span_id", &parent3},
                                {"start_time_unix_nano", &start3},
                                {"end_time_unix_nano", &end3},
                                {"status", &f.status},
                                {"name", &f.name},
                                {"attributes", &f.attributes},
                                {"events", &f.events},
                                {"links", &f.links},
                                {"context", &f.context},
                                {"parent_id", &f.parentId},
                                {"start_time", &f.start},
                                {"end_time", &f.end},
                                {"status_code", &f.statusCode},
                                {"status_message", &f.statusMessage}});
  if (!read.ok()) return read;
  schema = f.context.isMissing() ? Schema::V3 : Schema::V2;
  if (schema == Schema::V2) {
    f.traceId = f.spanId = Field{};
    if (f.end.isMissing()) return missing("end_time");
    if (f.statusMessage.isMissing()) return missing("status_message");
    if (f.events.isMissing()) return missing("events");
    return readFields(f.context.json, {{"trace_id", &f.traceId}, {"span_id", &f.spanId}});
  }
  f.parentId = parent3;
  f.start = start3;
  f.end = end3;
  f.statusCode = f.statusMessage = Field{};
  if (f.status.isMissing()) return missing("status");
  return readFields(f.status.json, {{"code", &f.statusCode}, {"message", &f.statusMessage}});
}

Result<Done> readTimes(const SpanFields& f, SpanData& span) {
  const Result<uint64_t> start = readUint64(f.start, "the start time");
  if (!start.ok()) return start.error();
  span.startTimeNs = start.value();
  span.isOpen = true;
  if (!f.end.isGiven()) return Done{};
  const Result<uint64_t> end = readUint64(f.end, "the end time");
  if (!end.ok()) return end.error();
  span.endTimeNs = end.value();
  span.isOpen = span.endTimeNs == 0;
  return Done{};
}

Result<Done> readIds(const SpanFields& f, Schema schema, SpanData& span) {
  const auto traceId = readId<TraceId>(f.traceId, schema, "trace_id");
  if (!traceId.ok()) return traceId.error();
  const auto spanId = readId<SpanId>(f.spanId, schema, "span_id");
  if (!spanId.ok()) return spanId.error();
  const auto parentId = readParentId(f.parentId, schema, "parent_span_id");
  if (!parentId.ok()) return parentId.error();
  span.traceId = traceId.value();
  span.spanId = spanId.value();
  span.parentSpanId = parentId.value();
  return Done{};
}

Result<Done> readStatus(const SpanFields& f, Schema schema, SpanData& span) {
  const auto code = readStatusCode(f.statusCode, schema);
  if (!code.ok()) return code.error();
  span.status.code = code.value();
  // Only errors have a description.
  if (span.status.code == StatusCode::Error) span.status.description = f.statusMessage.text();
  return Done{};
}

Result<Done> readSpanAttributes(const SpanFields& f, SpanData& span) {
  const Error noRequestId =
      invalid("the attribute mlflow.traceRequestId is empty or missing", f.attributes.offset);
  if (f.attributes.isMissing()) return noRequestId;
  auto attributes = readAttributes(f.attributes, spanAttribute);
  if (!attributes.ok()) return attributes.error();
  span.attributes = attributes.take();
  const AnyValue* requestId = span.find(trace::attribute_key::kTraceId);
  const bool isText = requestId && (requestId->kind == AnyValue::Kind::String ||
                                    requestId->kind == AnyValue::Kind::Json);
  if (!isText || requestId->text.empty()) return noRequestId;
  return Done{};
}

Result<SpanData> readSpan(std::string_view json) {
  SpanFields f;
  Schema schema = Schema::V3;
  Result<Done> step = readSpanFields(json, f, schema);
  if (!step.ok()) return step.error();
  if (f.name.isMissing()) return missing("name");

  SpanData span;
  span.name = f.name.text();
  if (step = readSpanAttributes(f, span); !step.ok()) return step.error();
  if (step = readIds(f, schema, span); !step.ok()) return step.error();
  if (step = readTimes(f, span); !step.ok()) return step.error();
  if (step = readStatus(f, schema, span); !step.ok()) return step.error();
  step = readList(f.events, schema, "events", readEvent, span.events);
  if (!step.ok()) return step.error();
  step = readList(f.links, schema, "links", readLink, span.links);
  if (!step.ok()) return step.error();
  return span;
}

}  // namespace

Result<SpanData> fromDictText(std::string_view json) {
  Result<SpanData> span = readSpan(json);
  if (span.ok()) return span;
  return Error{ErrorCode::InvalidParameterValue,
               "no span can be made from this dictionary: " + span.error().message,
               span.error().offset};
}

}  // namespace spandrel::mlflow
