#include "otlp/traces_data.h"

namespace spandrel::otlp {
namespace {

size_t memoryOf(const trace::AnyValue& value) {
  size_t bytes = value.text.size();
  for (const auto& item : value.items) bytes += sizeof item + memoryOf(item);
  for (const auto& [key, member] : value.members)
    bytes += sizeof(trace::AnyValue::Member) + key.size() + memoryOf(member);
  return bytes;
}

size_t memoryOf(const std::vector<trace::Attribute>& attributes) {
  size_t bytes = 0;
  for (const auto& attribute : attributes) {
    bytes += sizeof attribute + attribute.key.size() + memoryOf(attribute.value);
  }
  return bytes;
}

}  // namespace

bool CollectingSink::onSpan(trace::SpanData&& span) {
  size_t bytes =
      sizeof span + span.name.size() + span.traceState.size() + memoryOf(span.attributes);
  for (const auto& event : span.events)
    bytes += sizeof event + event.name.size() + memoryOf(event.attributes);
  for (const auto& link : span.links) bytes += sizeof link + memoryOf(link.attributes);
  if (bytes > left_) return false;
  left_ -= bytes;
  data_.back().scopes.back().spans.push_back(std::move(span));
  return true;
}

}  // namespace spandrel::otlp
