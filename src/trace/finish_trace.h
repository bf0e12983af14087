// What becomes known when the root of a trace ends.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "trace/trace.h"

namespace spandrel::trace {

int64_t millisOfNanos(uint64_t nanos);
// The floor of the difference, not the difference of the floors; negative where the end lies
// before the start.
int64_t durationMillis(uint64_t startTimeNs, uint64_t endTimeNs);

// Request time, duration, state and the short copies of inputs and outputs, from the root. Only an
// IN_PROGRESS state is replaced: OK for a root that is OK or UNSET, else ERROR. An open root leaves
// state and duration as they are.
void finishTraceInfo(TraceInfo& info, const SpanData& root);

// All of it for a trace that is complete: finishTraceInfo, sum of tokens, previews. The error (to
// be logged, nothing more) says that some usage was malformed; the trace is finished all the same.
Result<Done> finishTrace(Trace& trace);

}  // namespace spandrel::trace
