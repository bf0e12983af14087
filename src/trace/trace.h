// A trace: its info and its spans in start order.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "trace/span_data.h"
#include "trace/trace_info.h"

namespace spandrel::trace {

struct Trace {
  TraceInfo info;
  std::vector<SpanData> spans;

  // The first span without a parent; null where all have one (a remote parent).
  const SpanData* root() const;

  bool operator==(const Trace&) const = default;
};

// What a span must fulfil; what is absent matches all. `nameMatches` serves patterns: the core has
// no regular expressions of its own.
struct SpanFilter {
  std::optional<std::string> spanType;
  std::optional<std::string> name;
  std::optional<std::string> spanId;  // 16 hex digits
  std::function<bool(std::string_view)> nameMatches;
};

// Spans that fulfil all conditions, in trace order. They live as long as the trace.
std::vector<const SpanData*> searchSpans(const Trace& trace, const SpanFilter& filter);

// The type as a getter gives it: absent where none was set.
std::optional<std::string> spanTypeOf(const SpanData& span);
// MLflow's trace id from the attribute, else "tr-<hex>".
std::string mlflowTraceIdOf(const SpanData& span);

}  // namespace spandrel::trace
