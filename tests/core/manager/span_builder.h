// Short ways to make ids, infos and spans in tests of the manager.
#pragma once

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "manager/live_span.h"
#include "manager/trace_manager.h"
#include "trace/ids.h"

namespace spandrel::manager {

inline trace::TraceId traceId(uint64_t number) {
  trace::TraceId id;
  for (int i = 0; i < 8; ++i) id.bytes[15 - i] = static_cast<uint8_t>(number >> (8 * i));
  return id;
}

inline trace::SpanId spanId(uint64_t number) {
  trace::SpanId id;
  for (int i = 0; i < 8; ++i) id.bytes[7 - i] = static_cast<uint8_t>(number >> (8 * i));
  return id;
}

inline trace::TraceInfo infoOf(const trace::TraceId& id) {
  trace::TraceInfo info;
  info.traceId = trace::generateTraceIdV3(id);
  return info;
}

inline std::shared_ptr<LiveSpan> makeSpan(const trace::TraceId& trace, uint64_t id,
                                          uint64_t parent = 0, std::string name = "span",
                                          std::shared_ptr<const SpanRuntime> runtime = nullptr) {
  LiveSpanOptions options;
  options.traceId = trace;
  options.spanId = spanId(id);
  options.parentSpanId = spanId(parent);
  options.name = std::move(name);
  options.startTimeNs = 1'000'000'000;
  return LiveSpan::start(std::move(options), std::move(runtime));
}

}  // namespace spandrel::manager
