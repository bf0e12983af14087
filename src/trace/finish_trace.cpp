#include "trace/finish_trace.h"

#include "trace/constants.h"
#include "trace/previews.h"
#include "trace/token_usage.h"

namespace spandrel::trace {

constexpr uint64_t kNanosPerMilli = 1000000;

int64_t millisOfNanos(uint64_t nanos) {
  return static_cast<int64_t>(nanos / kNanosPerMilli);
}

int64_t durationMillis(uint64_t startTimeNs, uint64_t endTimeNs) {
  if (endTimeNs >= startTimeNs) return millisOfNanos(endTimeNs - startTimeNs);
  return -millisOfNanos(startTimeNs - endTimeNs + (kNanosPerMilli - 1));
}

void finishTraceInfo(TraceInfo& info, const SpanData& root) {
  info.requestTimeMillis = millisOfNanos(root.startTimeNs);
  if (!root.isOpen) {
    info.executionDurationMillis = durationMillis(root.startTimeNs, root.endTimeNs);
    if (info.state == TraceState::InProgress) {
      info.state = root.status.code == StatusCode::Error ? TraceState::Error : TraceState::Ok;
    }
  }
  setInputsOutputsMetadata(info, root);
}

Result<Done> finishTrace(Trace& trace) {
  const SpanData* root = trace.root();
  if (root) finishTraceInfo(trace.info, *root);
  Result<Done> usage = setTokenUsageMetadata(trace.info, trace.spans);
  setRequestResponsePreview(trace.info, root);
  return usage;
}

}  // namespace spandrel::trace
