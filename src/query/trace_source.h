// What a search may ask of the traces it looks through, so that it can run over anything that holds
// traces: decoded ones (trace_list.h), the columns of a viewer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "query/filter.h"

namespace spandrel::query {

class TraceSource {
 public:
  // The text of an assessment's value, and the value itself where it is a number.
  using AssessmentVisit =
      std::function<void(std::string_view text, const std::optional<double>& number)>;

  virtual ~TraceSource() = default;
  virtual size_t traceCount() const = 0;
  // Status, RequestId, ClientRequestId, ExperimentId, Tag, Metadata. Absent: the trace has none.
  virtual std::optional<std::string> text(size_t trace, Field field,
                                          const std::string& key) const = 0;
  // TimestampMs, EndTimeMs, ExecutionTimeMs.
  virtual std::optional<int64_t> number(size_t trace, Field field) const = 0;
  // Every Feedback or Expectation of that name.
  virtual void assessments(size_t trace, Field field, const std::string& name,
                           const AssessmentVisit& visit) const = 0;
  virtual size_t spanCount(size_t trace) const = 0;
  // SpanName to SpanAttribute; status is "OK", "ERROR", "UNSET".
  virtual std::optional<std::string> spanText(size_t trace, size_t span, Field field,
                                              const std::string& key) const = 0;
};

}  // namespace spandrel::query
