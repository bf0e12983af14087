#include "manager/operations.h"

#include <cmath>
#include <string>
#include <utility>

#include "base/json_members.h"
#include "base/number_text.h"
#include "base/text.h"
#include "record/portable.h"
#include "trace/ids.h"

namespace spandrel::manager {
namespace {

using trace::AnyValue;
using trace::Attribute;
using Kind = JsonMembers::Kind;

constexpr double kMaxSafeInteger = 9007199254740991.0;

Error refused(std::string message, size_t offset = 0) {
  return {ErrorCode::InvalidParameterValue, std::move(message), offset};
}

// --- values -------------------------------------------------------------------------------------

AnyValue numberValue(std::string_view text) {
  double number = 0;
  if (!parseDouble(text, number)) return AnyValue::empty();
  const bool isInteger =
      std::isfinite(number) && std::trunc(number) == number && std::fabs(number) <= kMaxSafeInteger;
  const bool isMinusZero = number == 0 && std::signbit(number);
  return isInteger && !isMinusZero ? AnyValue::of(static_cast<int64_t>(number))
                                   : AnyValue::of(number);
}

// What stands under a "$" key; false: this is an ordinary object.
bool taggedValue(std::string_view json, AnyValue& out) {
  JsonMembers members(json);
  if (!members.isObject() || !members.next() || members.key().empty() || members.key()[0] != '$')
    return false;
  const std::string tag = members.key();
  const std::string content = members.text();
  if (members.next()) return false;
  if (tag == "$int") {
    int64_t integer = 0;
    out = parseInt64(content, integer) ? AnyValue::of(integer) : AnyValue::string(content);
    return true;
  }
  if (tag == "$float") {
    double number = 0;
    out = parseDouble(content, number) ? AnyValue::of(number) : AnyValue::empty();
    return true;
  }
  if (tag != "$bytes") return false;
  const auto bytes = fromHex(content);
  if (!bytes.ok()) return false;
  out = AnyValue::bytes(std::string(bytes.value().begin(), bytes.value().end()));
  return true;
}

AnyValue scalarValue(Kind kind, std::string_view text) {
  switch (kind) {
    case Kind::String:
      return AnyValue::string(unquoteJson(text));
    case Kind::True:
    case Kind::False:
      return AnyValue::of(kind == Kind::True);
    case Kind::Null:
      return AnyValue::empty();
    default:
      return numberValue(text);
  }
}

AnyValue jsonTextValue(std::string_view json) {
  Result<std::string> text = minifyJson(json);
  return AnyValue::json(text.ok() ? text.take() : std::string(json));
}

// An array of primitives as such; of anything else as text.
AnyValue arrayValue(std::string_view json) {
  std::vector<AnyValue> items;
  JsonMembers members(json);
  while (members.next()) {
    const Kind kind = members.kind();
    AnyValue item;
    if (kind == Kind::BeginArray || kind == Kind::Null) return jsonTextValue(json);
    if (kind == Kind::BeginObject && !taggedValue(members.value(), item))
      return jsonTextValue(json);
    items.push_back(kind == Kind::BeginObject ? std::move(item)
                                              : scalarValue(kind, members.value()));
  }
  const AnyValue array = AnyValue::array(std::move(items));
  return isHomogeneous(array.items) ? array : jsonTextValue(json);
}

AnyValue valueOf(Kind kind, std::string_view json) {
  if (kind == Kind::BeginArray) return arrayValue(json);
  if (kind != Kind::BeginObject) return scalarValue(kind, json);
  AnyValue tagged;
  return taggedValue(json, tagged) ? tagged : jsonTextValue(json);
}

std::vector<Attribute> attributesOf(std::string_view json) {
  std::vector<Attribute> attributes;
  JsonMembers members(json);
  while (members.next()) {
    if (members.isObject())
      attributes.push_back({members.key(), valueOf(members.kind(), members.value())});
  }
  return attributes;
}

// --- operations ---------------------------------------------------------------------------------

// The members of one operation, each as its JSON text; empty: not given.
struct Operation {
  std::string op, key, text, name, description, statusCode, traceId, spanId, traceState, type,
      message, stacktrace;
  std::string_view value, attributes, outputs, status;
  Kind valueKind = Kind::Null;
  uint64_t timeNs = 0;
  bool hasTime = false;
  bool hasValue = false;
  uint32_t flags = 0;
};

bool readTime(const JsonMembers& members, Operation& out) {
  if (members.isNull()) return true;
  out.hasTime = parseUint64(members.text(), out.timeNs);
  return out.hasTime;
}

Result<Operation> readOperation(std::string_view json) {
  Operation out;
  JsonMembers members(json);
  while (members.next()) {
    const std::string& key = members.key();
    if (key == "value") {
      out.hasValue = true;
      out.value = members.value();
      out.valueKind = members.kind();
      out.text = members.text();
      continue;
    }
    if (key == "timestamp" || key == "end_time_ns") {
      if (!readTime(members, out))
        return refused("'" + key + "' is no time in nanoseconds", members.offset());
      continue;
    }
    if (members.isNull()) continue;
    if (key == "attributes") out.attributes = members.value();
    if (key == "outputs") out.outputs = members.value();
    if (key == "trace_flags")
      out.flags = static_cast<uint32_t>(scalarValue(members.kind(), members.value()).integer);
    if (!members.isString()) continue;
    if (key == "status") out.status = members.value();
    for (const auto& [name, place] : {std::pair<const char*, std::string*>{"op", &out.op},
                                      {"key", &out.key},
                                      {"name", &out.name},
                                      {"description", &out.description},
                                      {"status_code", &out.statusCode},
                                      {"trace_id", &out.traceId},
                                      {"span_id", &out.spanId},
                                      {"trace_state", &out.traceState},
                                      {"type", &out.type},
                                      {"message", &out.message},
                                      {"stacktrace", &out.stacktrace}}) {
      if (key == name) *place = members.text();
    }
  }
  if (!members.ok()) return members.error();
  if (!members.isObject()) return refused("an operation is an object");
  return out;
}

Result<Done> setLevel(LiveSpan& span, const Operation& in) {
  const Result<int> named = parseLogLevel(in.text);
  if (named.ok()) {
    span.setLogLevel(named.value());
    return Done{};
  }
  for (const int level : {10, 20, 30, 40, 50}) {
    if (in.valueKind != Kind::Integer || in.text != std::to_string(level)) continue;
    span.setLogLevel(level);
    return Done{};
  }
  return named.error();
}

Result<Done> endSpan(LiveSpan& span, const Operation& in, uint64_t nowNs) {
  EndOptions options;
  if (in.hasTime) options.endTimeNs = in.timeNs;
  options.attributes = attributesOf(in.attributes);
  if (!in.outputs.empty()) options.outputsJson = jsonTextValue(in.outputs).text;
  if (!in.status.empty()) options.status = unquoteJson(in.status);
  span.end(std::move(options), nowNs);
  return Done{};
}

}  // namespace

Result<Done> applyOperation(LiveSpan& span, std::string_view json, uint64_t nowNs) {
  const Result<Operation> read = readOperation(json);
  if (!read.ok()) return read.error();
  const Operation& in = read.value();
  const uint64_t timeNs = in.hasTime ? in.timeNs : nowNs;

  if (in.op == "set_attribute") return span.setAttribute(in.key, valueOf(in.valueKind, in.value));
  if (in.op == "set_attributes") {
    if (in.valueKind != Kind::BeginObject) return refused("attributes are an object");
    return span.setAttributes(attributesOf(in.value));
  }
  if (in.op == "set_inputs")
    return span.setInputs(in.hasValue ? jsonTextValue(in.value).text : "null");
  if (in.op == "set_outputs")
    return span.setOutputs(in.hasValue ? jsonTextValue(in.value).text : "null");
  if (in.op == "set_span_type" || in.op == "set_description") {
    if (in.valueKind != Kind::String) return refused("'" + in.op + "' takes text");
    in.op == "set_span_type" ? span.setSpanType(in.text) : span.setDescription(in.text);
    return Done{};
  }
  if (in.op == "set_log_level") return setLevel(span, in);
  if (in.op == "set_status") return span.setStatus(std::string_view(in.statusCode), in.description);
  if (in.op == "add_event") {
    span.addEvent({in.name, timeNs, attributesOf(in.attributes), 0});
    return Done{};
  }
  if (in.op == "add_link")
    return span.addLink(
        {in.traceId, in.spanId, attributesOf(in.attributes), in.traceState, in.flags});
  if (in.op == "record_exception") {
    span.recordException(in.type, in.message, in.stacktrace, timeNs);
    return Done{};
  }
  if (in.op == "end") return endSpan(span, in, nowNs);
  return refused("unknown operation '" + in.op + "'");
}

Result<LiveSpanOptions> parseLiveSpanOptions(std::string_view json, uint64_t nowNs) {
  LiveSpanOptions out;
  out.startTimeNs = nowNs;
  JsonMembers members(json);
  while (members.next()) {
    const std::string& key = members.key();
    if (members.isNull()) continue;
    const std::string text = members.text();
    if (key == "trace_id_hex") {
      const auto id = trace::parseTraceIdHex(text);
      if (!id.ok()) return id.error();
      out.traceId = id.value();
    } else if (key == "span_id_hex" || key == "parent_span_id_hex") {
      const auto id = trace::parseSpanIdHex(text);
      if (!id.ok()) return id.error();
      (key == "span_id_hex" ? out.spanId : out.parentSpanId) = id.value();
    } else if (key == "start_time_ns") {
      if (!parseUint64(text, out.startTimeNs))
        return refused("'start_time_ns' is no time in nanoseconds", members.offset());
    } else if (key == "name") {
      out.name = text;
    } else if (key == "span_type") {
      out.spanType = text;
    } else if (key == "trace_id") {
      out.traceIdText = text;
    } else if (key == "experiment_id") {
      out.experimentId = text;
    } else if (key == "trace_state") {
      out.traceState = text;
    } else if (key == "has_remote_parent") {
      out.hasRemoteParent = members.kind() == Kind::True;
    } else if (key == "start_time_was_given") {
      out.startTimeWasGiven = members.kind() == Kind::True;
    } else if (key == "kind" || key == "ordinal" || key == "trace_flags") {
      uint64_t number = 0;
      if (!parseUint64(text, number) || number > 0xFFFFFF)
        return refused("'" + key + "' is no number that fits", members.offset());
      if (key == "kind") out.kind = static_cast<trace::SpanKind>(number > 5 ? 0 : number);
      if (key == "ordinal") out.ordinal = static_cast<uint32_t>(number);
      if (key == "trace_flags") out.traceFlags = static_cast<uint8_t>(number);
    }
  }
  if (!members.ok()) return members.error();
  if (!members.isObject()) return refused("the options of a span are an object");
  if (out.traceId.isZero() || out.spanId.isZero())
    return refused("a span needs 'trace_id_hex' and 'span_id_hex' that are not zero");
  return out;
}

namespace {

SpanLimits limitsOf(std::string_view json) {
  SpanLimits limits;
  JsonMembers members(json);
  while (members.next()) {
    uint64_t number = 0;
    if (!parseUint64(members.text(), number)) continue;
    const uint32_t limit = number > kNoLimit ? kNoLimit : static_cast<uint32_t>(number);
    for (const auto& [name, place] :
         {std::pair<const char*, uint32_t*>{"attributeCountLimit", &limits.attributes},
          {"attributeValueLengthLimit", &limits.valueLength},
          {"eventCountLimit", &limits.events},
          {"linkCountLimit", &limits.links},
          {"attributePerEventCountLimit", &limits.attributesPerEvent},
          {"attributePerLinkCountLimit", &limits.attributesPerLink}}) {
      if (members.key() == name) *place = limit;
    }
  }
  return limits;
}

}  // namespace

Result<std::vector<uint8_t>> replayOperations(std::string_view json) {
  std::string_view options;
  std::string_view operations;
  auto runtime = std::make_shared<SpanRuntime>();
  JsonMembers members(json);
  while (members.next()) {
    if (members.key() == "span") options = members.value();
    if (members.key() == "ops") operations = members.value();
    if (members.key() == "limits") runtime->limits = limitsOf(members.value());
  }
  if (!members.ok()) return members.error();
  Result<LiveSpanOptions> parsed = parseLiveSpanOptions(options, 0);
  if (!parsed.ok()) return parsed.error();
  const std::shared_ptr<LiveSpan> span = LiveSpan::start(parsed.take(), runtime);
  JsonMembers each(operations);
  while (each.next()) applyOperation(*span, each.value(), 0);
  if (!each.ok()) return each.error();
  const record::RecordRef record = span->snapshot();
  if (!record) return Error{ErrorCode::TooLarge, "no memory for the record"};
  static const record::TextTable noTexts;
  return record::encodePortable(record::decodeRecord(record.words(), noTexts));
}

}  // namespace spandrel::manager
