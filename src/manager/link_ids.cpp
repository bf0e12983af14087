#include "manager/link_ids.h"

#include <string>

#include "trace/ids.h"

namespace spandrel::manager {
namespace {

Error invalidLink(std::string_view traceId, std::string_view spanId, const char* reason) {
  return {ErrorCode::InvalidParameterValue, "link to trace '" + std::string(traceId) + "', span '" +
                                                std::string(spanId) + "': " + reason};
}

std::string padded(std::string_view hex, size_t digits) {
  if (hex.empty() || hex.size() > digits) return {};
  return std::string(digits - hex.size(), '0') + std::string(hex);
}

}  // namespace

Result<trace::Link> linkWithIds(std::string_view traceId, std::string_view spanId,
                                std::string_view ownTraceId) {
  const Result<trace::TraceIdV4Parts> parts = trace::parseTraceIdV4(traceId);
  const Result<trace::TraceIdV4Parts> own = trace::parseTraceIdV4(ownTraceId);
  if (!parts.ok()) return invalidLink(traceId, spanId, "the trace id is no MLflow id");
  const std::string ownLocation = own.ok() ? own.value().location : std::string();
  const std::string& location = parts.value().location;
  if (!location.empty() && location != ownLocation)
    return invalidLink(traceId, spanId, "the trace is kept at another location");

  std::string_view hex = parts.value().traceId;
  if (hex.starts_with(trace::kTraceIdPrefix)) hex.remove_prefix(trace::kTraceIdPrefix.size());
  const Result<trace::TraceId> trace = trace::parseTraceIdHex(padded(hex, 32));
  const Result<trace::SpanId> span = trace::parseSpanIdHex(padded(spanId, 16));
  if (!trace.ok()) return invalidLink(traceId, spanId, "the trace id has no 1 to 32 hex digits");
  if (!span.ok()) return invalidLink(traceId, spanId, "the span id has no 1 to 16 hex digits");
  if (trace.value().isZero() || span.value().isZero())
    return invalidLink(traceId, spanId, "an id is zero");

  trace::Link link;
  link.traceId = trace.value();
  link.spanId = span.value();
  const bool needsLocation = !ownLocation.empty() && location.empty();
  std::string text = needsLocation ? std::string(trace::kTraceIdV4Prefix) + ownLocation + "/" +
                                         std::string(traceId)
                                   : std::string(traceId);
  if (text != trace::generateTraceIdV3(link.traceId)) link.mlflowTraceId = std::move(text);
  if (spanId != link.spanId.hex()) link.mlflowSpanId = std::string(spanId);
  return link;
}

}  // namespace spandrel::manager
