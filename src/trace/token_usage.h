// Token usage and cost of a trace: sums over its spans.
//
// A span counts if no ancestor of it in the trace has the same attribute: a parent that reports
// usage reports it for its children too, even where it reports less. An attribute that is null
// counts as absent, {} as present; missing keys are 0. Usage and cost are summed independently.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "trace/trace.h"

namespace spandrel::trace {

// A map of input_tokens, output_tokens, total_tokens and, where some counted span has them, the
// cache keys. Absent: no span reports usage. InvalidParameterValue: an attribute is no object of
// numbers; no sum is given then.
Result<std::optional<AnyValue>> aggregateTokenUsage(const std::vector<SpanData>& spans);

// A map of input_cost, output_cost, total_cost in USD, always doubles.
Result<std::optional<AnyValue>> aggregateCost(const std::vector<SpanData>& spans);

// Writes the sum of tokens into the metadata. The metadata stays as it is where there is none.
// An error (to be logged) leaves it as it is too; finishing the trace goes on.
Result<Done> setTokenUsageMetadata(TraceInfo& info, const std::vector<SpanData>& spans);
// The same for the cost, which only some destinations want from the client.
Result<Done> setCostMetadata(TraceInfo& info, const std::vector<SpanData>& spans);

}  // namespace spandrel::trace
