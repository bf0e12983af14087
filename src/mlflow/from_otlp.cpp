#include "mlflow/from_otlp.h"

#include "trace/attribute_text.h"
#include "trace/constants.h"
#include "trace/json_value.h"

namespace spandrel::mlflow {
namespace {

using trace::AnyValue;
using trace::Attribute;
using trace::SpanData;

// JSON text that is written in MLflow's spacing already.
AnyValue storedJson(std::string text) {
  AnyValue value = AnyValue::json(std::move(text));
  value.isNative = true;
  return value;
}

void setTraceId(SpanData& span, std::string_view mlflowTraceId) {
  const AnyValue value = storedJson(quoteJson(mlflowTraceId));
  for (Attribute& attribute : span.attributes) {
    if (attribute.key != trace::attribute_key::kTraceId) continue;
    attribute.value = value;
    return;
  }
  span.attributes.push_back({std::string(trace::attribute_key::kTraceId), value});
}

// Json values that parsing leaves inside a value are integers without a home in OTLP. Depth is
// bounded by the reader's limit.
void jsonToStrings(AnyValue& value) {
  if (value.kind == AnyValue::Kind::Json) value = AnyValue::string(std::move(value.text));
  for (AnyValue& item : value.items) jsonToStrings(item);
  for (auto& [key, member] : value.members) jsonToStrings(member);
}

std::vector<Attribute> decoded(const std::vector<Attribute>& attributes) {
  std::vector<Attribute> values;
  values.reserve(attributes.size());
  for (const Attribute& attribute : attributes) {
    AnyValue value = trace::attributeValue(attribute.value);
    jsonToStrings(value);
    values.push_back({attribute.key, std::move(value)});
  }
  return values;
}

}  // namespace

Result<SpanData> spanFromOtlp(SpanData span, std::string_view location) {
  if (span.traceId.isZero() || span.spanId.isZero()) {
    return Error{ErrorCode::InvalidParameterValue, "a span needs a trace id and a span id"};
  }
  for (Attribute& attribute : span.attributes) {
    attribute.value = storedJson(trace::dumpJson(attribute.value));
  }
  setTraceId(span, location.empty() ? trace::generateTraceIdV3(span.traceId)
                                    : trace::generateTraceIdV4(span.traceId, location));
  for (trace::Link& link : span.links) {
    link.mlflowSpanId.clear();
    link.mlflowTraceId.clear();
    if (location.empty()) continue;
    link.mlflowTraceId = std::string(trace::kTraceIdV4Prefix).append(location).append("/") +
                         trace::generateTraceIdV3(link.traceId);
  }
  if (span.status.code != trace::StatusCode::Error) span.status.description.clear();
  span.isOpen = false;
  return span;
}

SpanData spanOfOtherSdk(SpanData span) {
  for (Attribute& attribute : span.attributes) attribute.value.isNative = true;
  if (span.status.code != trace::StatusCode::Error) span.status.description.clear();
  span.isOpen = false;
  return span;
}

void undoDoubleEncoding(SpanData& span) {
  for (Attribute& attribute : span.attributes) {
    AnyValue outer = trace::attributeValue(attribute.value);
    if (outer.kind != AnyValue::Kind::String) continue;
    outer.isNative = true;  // by the rule for text of another SDK
    const AnyValue inner = trace::attributeValue(outer);
    const bool isStored = inner.kind != AnyValue::Kind::String || inner.text != outer.text;
    if (isStored) attribute.value = storedJson(std::move(outer.text));
  }
}

SpanData toOtlpForm(const SpanData& span) {
  SpanData sent = span;
  sent.attributes = decoded(span.attributes);
  for (trace::Event& event : sent.events) event.attributes = decoded(event.attributes);
  for (trace::Link& link : sent.links) link.attributes = decoded(link.attributes);
  return sent;
}

}  // namespace spandrel::mlflow
