#include "manager/span.h"

#include <utility>

#include "trace/constants.h"
#include "trace/trace.h"

namespace spandrel::manager {
namespace {

using trace::AnyValue;

// A LiveSpan that goes on where the foreign span is.
std::shared_ptr<LiveSpan> adoptLive(trace::SpanData data, std::string_view traceId,
                                    std::string_view spanType,
                                    std::shared_ptr<const SpanRuntime> runtime) {
  LiveSpanOptions options;
  options.traceId = data.traceId;
  options.spanId = data.spanId;
  options.parentSpanId = data.parentSpanId;
  options.hasRemoteParent = (data.flags & trace::kIsRemote) != 0;
  options.traceIdText = std::string(traceId);
  options.traceState = data.traceState;
  options.traceFlags = static_cast<uint8_t>(data.flags & 0xFF);
  options.name = data.name;
  options.kind = data.kind;
  options.spanType = std::string(spanType);
  options.startTimeNs = data.startTimeNs;
  auto live = LiveSpan::start(std::move(options), std::move(runtime));
  live->setAttributes(std::move(data.attributes));
  for (trace::Event& event : data.events) live->addEvent(std::move(event));
  for (const trace::Link& link : data.links) {
    live->addLink(
        {link.traceId.hex(), link.spanId.hex(), link.attributes, link.traceState, link.flags});
  }
  live->setStatus(data.status.code, data.status.description);
  return live;
}

Span adoptFinished(trace::SpanData data, std::string_view traceId) {
  const bool hasTraceId = data.find(trace::attribute_key::kTraceId) != nullptr;
  if (!hasTraceId && !traceId.empty()) {
    data.attributes.push_back(
        {std::string(trace::attribute_key::kTraceId), AnyValue::string(std::string(traceId))});
  }
  return Span(std::move(data));
}

}  // namespace

Span::Span(trace::SpanData data)
    : data_(std::make_shared<const trace::SpanData>(std::move(data))),
      attributes_(std::make_shared<trace::CachedSpanAttributesRegistry>(data_->attributes)) {}

std::string Span::traceId() const {
  return trace::mlflowTraceIdOf(*data_);
}

std::optional<std::string> Span::parentId() const {
  return data_->parentSpanId.isZero() ? std::nullopt
                                      : std::optional<std::string>(data_->parentSpanId.hex());
}

std::optional<uint64_t> Span::endTimeNs() const {
  return data_->isOpen ? std::nullopt : std::optional<uint64_t>(data_->endTimeNs);
}

std::optional<std::string> Span::spanType() const {
  return trace::spanTypeOf(*data_);
}

Result<AnySpan> createSpan(ForeignSpan span, std::string_view traceId, std::string_view spanType,
                           std::shared_ptr<const SpanRuntime> runtime) {
  switch (span.kind) {
    case ForeignSpan::Kind::None:
    case ForeignSpan::Kind::NonRecording:
      return AnySpan(NoOpSpan());
    case ForeignSpan::Kind::Live:
      if (!span.hasEnded)
        return AnySpan(adoptLive(std::move(span.data), traceId, spanType, std::move(runtime)));
      return AnySpan(adoptFinished(std::move(span.data), traceId));
    case ForeignSpan::Kind::Finished:
      return AnySpan(adoptFinished(std::move(span.data), traceId));
    case ForeignSpan::Kind::Unknown:
      break;
  }
  return Error{ErrorCode::InvalidParameterValue, "not an OpenTelemetry span: " + span.typeName};
}

Result<std::shared_ptr<LiveSpan>> liveSpanFromDict(std::string_view) {
  return Error{ErrorCode::NotImplemented, "a LiveSpan cannot be made from a dictionary"};
}

}  // namespace spandrel::manager
