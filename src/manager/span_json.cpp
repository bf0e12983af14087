#include "manager/span_json.h"

#include <utility>

#include "base/json_text.h"
#include "manager/operations.h"
#include "record/portable.h"
#include "trace/attribute_text.h"
#include "trace/json_value.h"
#include "trace/trace.h"

namespace spandrel::manager {
namespace {

constexpr const char* kStatusNames[] = {"UNSET", "OK", "ERROR"};

std::string textOrNull(const std::optional<std::string>& text) {
  return text ? quoteJson(*text) : "null";
}
std::string digits(uint64_t number) {
  return "\"" + std::to_string(number) + "\"";
}

std::string attributesJson(const std::vector<trace::Attribute>& attributes) {
  std::string out = "{";
  for (const trace::Attribute& each : attributes) {
    if (out.size() > 1) out += ',';
    appendJsonString(out, each.key);
    out += ':';
    trace::appendJson(out, trace::attributeValue(each.value));
  }
  return out + "}";
}

std::string eventsJson(const std::vector<trace::Event>& events) {
  std::string out = "[";
  for (const trace::Event& event : events) {
    out += out.size() > 1 ? ",{" : "{";
    out += "\"name\":" + quoteJson(event.name) + ",\"timestamp\":" + digits(event.timeNs) +
           ",\"attributes\":" + attributesJson(event.attributes) + "}";
  }
  return out + "]";
}

std::string linksJson(const std::vector<trace::Link>& links) {
  std::string out = "[";
  for (const trace::Link& link : links) {
    const std::string traceId =
        link.mlflowTraceId.empty() ? trace::generateTraceIdV3(link.traceId) : link.mlflowTraceId;
    const std::string spanId = link.mlflowSpanId.empty() ? link.spanId.hex() : link.mlflowSpanId;
    out += out.size() > 1 ? ",{" : "{";
    out +=
        "\"traceId\":" + quoteJson(traceId) + ",\"spanId\":" + quoteJson(spanId) +
        ",\"attributes\":" + (link.attributes.empty() ? "null" : attributesJson(link.attributes)) +
        "}";
  }
  return out + "]";
}

}  // namespace

std::string spanViewJson(const trace::SpanData& span) {
  const bool isRoot = span.parentSpanId.isZero();
  return "{\"traceId\":" + quoteJson(trace::mlflowTraceIdOf(span)) +
         ",\"spanId\":" + quoteJson(span.spanId.hex()) +
         ",\"parentId\":" + (isRoot ? "null" : quoteJson(span.parentSpanId.hex())) +
         ",\"name\":" + quoteJson(span.name) + ",\"startTimeNs\":" + digits(span.startTimeNs) +
         ",\"endTimeNs\":" + (span.isOpen ? "null" : digits(span.endTimeNs)) +
         ",\"status\":{\"statusCode\":\"" + kStatusNames[static_cast<size_t>(span.status.code)] +
         "\",\"description\":" + quoteJson(span.status.description) +
         "},\"spanType\":" + textOrNull(trace::spanTypeOf(span)) +
         ",\"attributes\":" + attributesJson(span.attributes) +
         ",\"events\":" + eventsJson(span.events) + ",\"links\":" + linksJson(span.links) + "}";
}

std::string attributeJson(const Span& span, std::string_view key) {
  const trace::ValuePointer value = span.getAttribute(key);
  return value ? trace::dumpJson(*value) : std::string();
}

std::shared_ptr<Span> spanFromRecord(Bytes record) {
  Result<trace::SpanData> data = record::decodePortable(record);
  return data.ok() ? std::make_shared<Span>(data.take()) : nullptr;
}

Result<Done> checkLiveSpanOptions(std::string_view json) {
  const Result<LiveSpanOptions> options = parseLiveSpanOptions(json, 0);
  if (!options.ok()) return options.error();
  return Done{};
}

std::shared_ptr<LiveSpan> startLiveSpan(std::string_view json,
                                        std::shared_ptr<const SpanRuntime> runtime) {
  Result<LiveSpanOptions> options = parseLiveSpanOptions(json, 0);
  return options.ok() ? LiveSpan::start(options.take(), std::move(runtime)) : nullptr;
}

}  // namespace spandrel::manager
