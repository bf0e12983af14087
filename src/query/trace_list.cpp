#include "query/trace_list.h"

#include "base/json_members.h"
#include "base/number_text.h"
#include "trace/attribute_text.h"
#include "trace/constants.h"

namespace spandrel::query {
namespace {

using trace::SpanData;
using trace::TraceInfo;

std::optional<std::string> found(const std::map<std::string, std::string>& map,
                                 const std::string& key) {
  const auto entry = map.find(key);
  if (entry == map.end()) return std::nullopt;
  return entry->second;
}

// The value of a member of one object; empty: it is not there.
std::string_view memberOf(std::string_view json, std::string_view key) {
  std::string_view value;
  JsonMembers members(json);
  while (members.isObject() && members.next()) {
    if (members.key() == key) value = members.value();
  }
  return members.ok() ? value : std::string_view();
}

std::string textOf(std::string_view json) {
  const bool isString = !json.empty() && json.front() == '"';
  return isString ? unquoteJson(json) : std::string(json);
}

const char* statusName(trace::StatusCode code) {
  switch (code) {
    case trace::StatusCode::Ok:
      return "OK";
    case trace::StatusCode::Error:
      return "ERROR";
    default:
      return "UNSET";
  }
}

// What people search in a span: its name, what went wrong, and all attributes as a dictionary.
std::string contentOf(const SpanData& span) {
  std::string out = "{\"name\": ";
  appendJsonString(out, span.name);
  out += ", \"events\": [";
  for (const trace::Event& event : span.events) {
    if (&event != &span.events.front()) out += ", ";
    appendJsonString(out, event.name);
    for (const trace::Attribute& attribute : event.attributes) {
      out += ", ";
      trace::appendAttributeInDict(out, attribute.value, JsonEscapes::Needed);
    }
  }
  out += "], \"status\": {\"code\": \"STATUS_CODE_";
  (out += statusName(span.status.code)) += "\", \"message\": ";
  appendJsonString(out, span.status.description);
  out += "}, \"attributes\": {";
  for (const trace::Attribute& attribute : span.attributes) {
    if (&attribute != &span.attributes.front()) out += ", ";
    appendJsonString(out, attribute.key);
    out += ": ";
    trace::appendAttributeInDict(out, attribute.value, JsonEscapes::Needed);
  }
  return out + "}}";
}

}  // namespace

std::optional<std::string> TraceList::text(size_t trace, Field field,
                                           const std::string& key) const {
  const TraceInfo& info = traces_[trace].info;
  switch (field) {
    case Field::Status:
      return trace::traceStateName(info.state);
    case Field::RequestId:
      return info.traceId;
    case Field::ClientRequestId:
      return info.clientRequestId;
    case Field::ExperimentId:
      return info.experimentId();
    case Field::Tag:
      return found(info.tags, key);
    case Field::Metadata:
      return found(info.traceMetadata, key);
    default:
      return std::nullopt;
  }
}

std::optional<int64_t> TraceList::number(size_t trace, Field field) const {
  const TraceInfo& info = traces_[trace].info;
  if (field == Field::TimestampMs) return info.requestTimeMillis;
  if (!info.executionDurationMillis) return std::nullopt;
  if (field == Field::ExecutionTimeMs) return info.executionDurationMillis;
  // Unsigned, so that hostile times wrap instead of overflowing.
  return static_cast<int64_t>(static_cast<uint64_t>(info.requestTimeMillis) +
                              static_cast<uint64_t>(*info.executionDurationMillis));
}

void TraceList::assessments(size_t trace, Field field, const std::string& name,
                            const AssessmentVisit& visit) const {
  for (const std::string& assessment : traces_[trace].info.assessments) {
    if (textOf(memberOf(assessment, "assessment_name")) != name) continue;
    const std::string_view content =
        memberOf(assessment, field == Field::Feedback ? "feedback" : "expectation");
    if (content.empty()) continue;
    std::string_view value = memberOf(content, "value");
    if (value.empty()) value = memberOf(memberOf(content, "serialized_value"), "value");
    std::optional<double> number;
    double read = 0;
    if (parseDouble(value, read)) number = read;
    // The server keeps every number as a double and compares its text: 3 is "3.0" there.
    visit(number ? pythonDoubleText(*number) : textOf(value), number);
  }
}

std::optional<std::string> TraceList::spanText(size_t trace, size_t index, Field field,
                                               const std::string& key) const {
  const SpanData& span = traces_[trace].spans[index];
  switch (field) {
    case Field::SpanName:
      return span.name;
    case Field::SpanType:
      return trace::spanTypeOf(span);
    case Field::SpanStatus:
      return statusName(span.status.code);
    case Field::SpanContent:
      return contentOf(span);
    case Field::SpanAttribute: {
      const trace::AnyValue* value = span.find(key);
      if (!value) return std::nullopt;
      return trace::attributeText(*value);
    }
    default:
      return std::nullopt;
  }
}

}  // namespace spandrel::query
