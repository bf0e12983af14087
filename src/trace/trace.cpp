#include "trace/trace.h"

#include "trace/attribute_text.h"
#include "trace/constants.h"

namespace spandrel::trace {
namespace {

bool matches(const SpanData& span, const SpanFilter& filter) {
  if (filter.name && span.name != *filter.name) return false;
  if (filter.spanId && span.spanId.hex() != *filter.spanId) return false;
  if (filter.spanType && spanTypeOf(span) != filter.spanType) return false;
  return !filter.nameMatches || filter.nameMatches(span.name);
}

}  // namespace

const SpanData* Trace::root() const {
  for (const SpanData& span : spans) {
    if (span.parentSpanId.isZero()) return &span;
  }
  return nullptr;
}

std::vector<const SpanData*> searchSpans(const Trace& trace, const SpanFilter& filter) {
  std::vector<const SpanData*> found;
  for (const SpanData& span : trace.spans) {
    if (matches(span, filter)) found.push_back(&span);
  }
  return found;
}

std::optional<std::string> spanTypeOf(const SpanData& span) {
  AnyValue type = attributeValue(span, attribute_key::kSpanType);
  if (type.kind != AnyValue::Kind::String) return std::nullopt;
  return std::move(type.text);
}

std::string mlflowTraceIdOf(const SpanData& span) {
  AnyValue id = attributeValue(span, attribute_key::kTraceId);
  if (id.kind == AnyValue::Kind::String && !id.text.empty()) return std::move(id.text);
  return generateTraceIdV3(span.traceId);
}

}  // namespace spandrel::trace
