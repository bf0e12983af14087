// A span made by recorded steps, with MLflow's rules for setters and for end().
//
// It is a small model of a live span: the span of the product has its own tests, and this one lets
// the dictionaries be tested without it.
#pragma once

#include <string>

#include "recorded_value.h"
#include "trace/attribute_registry.h"

namespace spandrel::golden {

class SpanBuilder {
 public:
  SpanBuilder(SpanData span, std::string location, const std::string& type,
              bool isStartGiven = false, const std::string& experimentId = "")
      : span_(std::move(span)), location_(std::move(location)) {
    span_.isOpen = true;
    if (isStartGiven) {
      set(trace::attribute_key::kStartTimeNs,
          AnyValue::of(static_cast<int64_t>(span_.startTimeNs)));
    }
    if (!experimentId.empty())
      set(trace::attribute_key::kExperimentId, AnyValue::string(experimentId));
    set(trace::attribute_key::kTraceId,
        AnyValue::string(location_.empty() ? trace::generateTraceIdV3(span_.traceId)
                                           : trace::generateTraceIdV4(span_.traceId, location_)));
    set(trace::attribute_key::kSpanType, AnyValue::string(type));
  }

  void apply(const Json& op) {
    if (!span_.isOpen) return;  // setters of an ended span change nothing
    const std::string name = op["op"].get<std::string>();
    if (name == "set_inputs") set(trace::attribute_key::kInputs, handedOver(op["value"]));
    if (name == "set_outputs") set(trace::attribute_key::kOutputs, handedOver(op["value"]));
    if (name == "set_span_type") set(trace::attribute_key::kSpanType, handedOver(op["value"]));
    if (name == "set_attribute" && op["key"].is_string()) {
      set(op["key"].get<std::string>(), handedOver(op["value"]));
    }
    if (name == "set_attributes") setAll(op["value"]);
    if (name == "set_status") setStatus(op["status_code"].get<std::string>(), op["description"]);
    if (name == "add_event") addEvent(op);
    if (name == "add_link") addLink(op);
    if (name == "end") end(op);
  }

  void set(std::string_view key, AnyValue value) {
    EXPECT_TRUE(attributes_.set(key, std::move(value)).ok());
  }
  void setAll(const Json& dictionary) {
    if (!dictionary.is_object()) return;
    for (const auto& [key, value] : dictionary.items()) set(key, handedOver(value));
  }

  SpanData span() const {
    SpanData span = span_;
    span.attributes = attributes_.attributes();
    return span;
  }
  bool isOpen() const { return span_.isOpen; }

 private:
  void setStatus(const std::string& code, const Json& description) {
    if (code == "UNSET" || span_.status.code == trace::StatusCode::Ok) return;
    const bool isError = code == "ERROR";
    span_.status.code = isError ? trace::StatusCode::Error : trace::StatusCode::Ok;
    span_.status.description =
        isError && description.is_string() ? description.get<std::string>() : "";
  }

  void addEvent(const Json& op) {
    trace::Event event;
    event.name = op["name"].get<std::string>();
    event.timeNs = std::stoull(op["timestamp"].get<std::string>());
    for (const auto& [key, value] : op["attributes"].items()) {
      event.attributes.push_back({key, handedOver(value)});
    }
    if (event.name == "exception") raiseLogLevel();
    span_.events.push_back(std::move(event));
  }

  void raiseLogLevel() {
    const auto level = attributes_.get(trace::attribute_key::kLogLevel);
    if (!level || level->integer < 40)
      set(trace::attribute_key::kLogLevel, AnyValue::of(int64_t{40}));
  }

  void addLink(const Json& op) {
    trace::Link link;
    const std::string traceId = op["trace_id"].get<std::string>();
    const std::string spanId = op["span_id"].get<std::string>();
    link.traceId = trace::otelTraceIdOf(traceId).take();
    link.spanId = trace::parseSpanIdHex(std::string(16 - spanId.size(), '0') + spanId).take();
    link.mlflowTraceId = location_.empty()
                             ? traceId
                             : std::string(trace::kTraceIdV4Prefix) + location_ + "/" + traceId;
    if (spanId != link.spanId.hex()) link.mlflowSpanId = spanId;
    if (op["attributes"].is_object()) {
      for (const auto& [key, value] : op["attributes"].items()) {
        link.attributes.push_back({key, handedOver(value)});
      }
    }
    span_.links.push_back(std::move(link));
  }

  void end(const Json& op) {
    if (op.contains("attributes")) setAll(op["attributes"]);
    if (op.contains("outputs") && !op["outputs"].is_null()) {
      set(trace::attribute_key::kOutputs, handedOver(op["outputs"]));
    }
    if (op.contains("status")) setStatus(op["status"].get<std::string>(), Json());
    if (span_.status.code == trace::StatusCode::Unset) span_.status.code = trace::StatusCode::Ok;
    if (!attributes_.has(trace::attribute_key::kLogLevel)) {
      set(trace::attribute_key::kLogLevel, AnyValue::of(defaultLogLevel()));
    }
    span_.endTimeNs = std::stoull(op["end_time_ns"].get<std::string>());
    span_.isOpen = false;
  }

  int64_t defaultLogLevel() const {
    const auto type = attributes_.get(trace::attribute_key::kSpanType);
    for (const char* each : {"LLM", "CHAT_MODEL", "TOOL", "RETRIEVER", "AGENT", "EMBEDDING"}) {
      if (type && type->text == each) return 20;
    }
    return 10;
  }

  SpanData span_;
  std::string location_;
  trace::SpanAttributesRegistry attributes_;
};

}  // namespace spandrel::golden
