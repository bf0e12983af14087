#include "manager/halt.h"

#include <utility>

namespace spandrel::manager {

size_t haltTrace(TraceManager& manager, const TimedOutTrace& trace, uint64_t nowNs) {
  const std::vector<std::shared_ptr<LiveSpan>> open = manager.openSpans(trace.traceId);
  for (const std::shared_ptr<LiveSpan>& span : open) {
    trace::Event event;
    event.name = "exception";
    event.timeNs = nowNs;
    event.attributes = {{"exception.type", trace::AnyValue::string("MlflowTracingException")},
                        {"exception.message", trace::AnyValue::string(trace.message)},
                        {"exception.stacktrace", trace::AnyValue::string("")}};
    span->addEvent(std::move(event));
    span->setStatus(trace::StatusCode::Error);
    span->end({}, nowNs);
  }
  return open.size();
}

}  // namespace spandrel::manager
