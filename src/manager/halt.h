// Ending a trace that took too long, for spans that the core itself runs.
//
// tick() decides, this does it. (Spans that run in JavaScript are ended there in the same way.)
#pragma once

#include <cstdint>

#include "manager/trace_manager.h"

namespace spandrel::manager {

// Ends all open LiveSpans of the trace, children before their parents, with one end time, status
// ERROR and an `exception` event. A status that is OK already stays. How many were open.
size_t haltTrace(TraceManager& manager, const TimedOutTrace& trace, uint64_t nowNs);

}  // namespace spandrel::manager
