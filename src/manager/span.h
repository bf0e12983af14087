// A span that does not change any more, a span that never was, and the way to either.
//
// Span shares its data between copies and parses each attribute once (see the cached registry).
// NoOpSpan stands where a span could not or must not be made: it answers everything with nothing.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "manager/live_span.h"
#include "trace/attribute_registry.h"
#include "trace/ids.h"
#include "trace/span_data.h"

namespace spandrel::manager {

class Span {
 public:
  explicit Span(trace::SpanData data);

  const trace::SpanData& data() const { return *data_; }
  std::string traceId() const;  // MLflow's id
  std::string requestId() const { return traceId(); }
  std::string spanId() const { return data_->spanId.hex(); }
  std::optional<std::string> parentId() const;
  const std::string& name() const { return data_->name; }
  uint64_t startTimeNs() const { return data_->startTimeNs; }
  std::optional<uint64_t> endTimeNs() const;
  const trace::Status& status() const { return data_->status; }
  std::optional<std::string> spanType() const;
  trace::ValuePointer inputs() const { return getAttribute(trace::attribute_key::kInputs); }
  trace::ValuePointer outputs() const { return getAttribute(trace::attribute_key::kOutputs); }
  trace::ValuePointer getAttribute(std::string_view key) const { return attributes_->get(key); }
  const trace::CachedSpanAttributesRegistry& attributes() const { return *attributes_; }
  const std::vector<trace::Event>& events() const { return data_->events; }
  const std::vector<trace::Link>& links() const { return data_->links; }
  // InvalidParameterValue, always.
  Result<Done> setAttribute(std::string_view key, trace::AnyValue value) const {
    return attributes_->set(key, std::move(value));
  }

 private:
  std::shared_ptr<const trace::SpanData> data_;
  std::shared_ptr<trace::CachedSpanAttributesRegistry> attributes_;
};

// Every read gives nothing, every call does nothing.
class NoOpSpan {
 public:
  std::string_view traceId() const { return trace::kNoOpSpanTraceId; }
  std::string_view requestId() const { return traceId(); }
  std::nullptr_t spanId() const { return nullptr; }
  std::nullptr_t otelTraceId() const { return nullptr; }
  std::nullptr_t parentId() const { return nullptr; }
  std::nullptr_t name() const { return nullptr; }
  std::nullptr_t startTimeNs() const { return nullptr; }
  std::nullptr_t endTimeNs() const { return nullptr; }
  std::nullptr_t status() const { return nullptr; }
  std::nullptr_t spanType() const { return nullptr; }
  std::nullptr_t inputs() const { return nullptr; }
  std::nullptr_t outputs() const { return nullptr; }
  std::nullptr_t getAttribute(std::string_view) const { return nullptr; }
  std::vector<trace::Attribute> attributes() const { return {}; }
  std::vector<trace::Event> events() const { return {}; }
  std::vector<trace::Link> links() const { return {}; }

  template <typename... Any>
  void setInputs(const Any&...) const {}
  template <typename... Any>
  void setOutputs(const Any&...) const {}
  template <typename... Any>
  void setAttribute(const Any&...) const {}
  template <typename... Any>
  void setAttributes(const Any&...) const {}
  template <typename... Any>
  void setStatus(const Any&...) const {}
  template <typename... Any>
  void setSpanType(const Any&...) const {}
  template <typename... Any>
  void setDescription(const Any&...) const {}
  template <typename... Any>
  void setLogLevel(const Any&...) const {}
  template <typename... Any>
  void addEvent(const Any&...) const {}
  template <typename... Any>
  void addLink(const Any&...) const {}
  template <typename... Any>
  void recordException(const Any&...) const {}
  template <typename... Any>
  void end(const Any&...) const {}
};

// A span of another OpenTelemetry implementation, as far as the factory must know it.
struct ForeignSpan {
  enum class Kind : uint8_t {
    None,          // nothing was given
    NonRecording,  // sampled out
    Live,          // can still be written to, unless it has ended
    Finished,
    Unknown,  // not a span at all
  };
  Kind kind = Kind::None;
  bool hasEnded = false;
  std::string typeName;  // of an Unknown, for the message
  trace::SpanData data;
};

using AnySpan = std::variant<NoOpSpan, std::shared_ptr<LiveSpan>, Span>;

// The only way from a foreign span to ours. No span and a non-recording one give a NoOpSpan, a live
// one a LiveSpan with its state, an ended one a Span. Anything else is InvalidParameterValue.
Result<AnySpan> createSpan(ForeignSpan span, std::string_view traceId,
                           std::string_view spanType = {},
                           std::shared_ptr<const SpanRuntime> runtime = nullptr);

// LiveSpans are not made from dictionaries: NotImplemented, always.
Result<std::shared_ptr<LiveSpan>> liveSpanFromDict(std::string_view json);

}  // namespace spandrel::manager
