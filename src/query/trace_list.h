// Decoded traces as a place to search.
#pragma once

#include <span>

#include "query/trace_source.h"
#include "trace/trace.h"

namespace spandrel::query {

class TraceList final : public TraceSource {
 public:
  // The traces must outlive this.
  explicit TraceList(std::span<const trace::Trace> traces) : traces_(traces) {}

  size_t traceCount() const override { return traces_.size(); }
  std::optional<std::string> text(size_t trace, Field field, const std::string& key) const override;
  std::optional<int64_t> number(size_t trace, Field field) const override;
  void assessments(size_t trace, Field field, const std::string& name,
                   const AssessmentVisit& visit) const override;
  size_t spanCount(size_t trace) const override { return traces_[trace].spans.size(); }
  std::optional<std::string> spanText(size_t trace, size_t span, Field field,
                                      const std::string& key) const override;

 private:
  std::span<const trace::Trace> traces_;
};

}  // namespace spandrel::query
