// Recorded programs: spans that start and end, traces that are updated and exported.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "mlflow/from_otlp.h"
#include "recorded_value.h"
#include "span_builder.h"
#include "trace/finish_trace.h"

namespace spandrel::golden {

// What Python's str() gives: the host turns values of tags into text before the core sees them.
inline std::string pythonText(const AnyValue& value) {
  if (value.kind == AnyValue::Kind::String) return value.text;
  if (value.kind == AnyValue::Kind::Bool) return value.boolean ? "True" : "False";
  if (value.kind == AnyValue::Kind::Empty) return "None";
  std::string text = trace::dumpJson(value);
  for (char& c : text) c = c == '"' ? '\'' : c;
  return text;
}

class TraceProgram {
 public:
  TraceProgram(const Json& ids, std::string experimentId)
      : ids_(ids), experimentId_(std::move(experimentId)) {}

  void run(const Json& step) {
    const std::string op = step["op"].get<std::string>();
    const std::string ref = step["ref"].get<std::string>();
    if (op == "start") {
      start(step, ref);
    } else if (op == "update_current_trace") {
      update(step, running_[traceOf(ref)].info);
    } else {
      spans_.at(ref)->apply(step);
      exportWhenComplete(traceOf(ref));
    }
  }

  // In order of export.
  const std::vector<trace::Trace>& exported() const { return exported_; }

 private:
  struct Running {
    trace::TraceInfo info;
    std::vector<std::string> refs;  // in start order
  };

  std::string traceOf(const std::string& ref) const {
    return ids_[ref]["trace_id"].get<std::string>();
  }

  void start(const Json& step, const std::string& ref) {
    const auto text = [&](const char* key, const char* otherwise) {
      return step.contains(key) && step[key].is_string() ? step[key].get<std::string>() : otherwise;
    };
    const bool isRoot = step["parent"].is_null();
    trace::SpanData span;
    span.traceId = trace::otelTraceIdOf(traceOf(ref)).take();
    span.spanId = trace::parseSpanIdHex(ids_[ref]["span_id"].get<std::string>()).take();
    if (!isRoot) {
      const std::string parent = step["parent"].get<std::string>();
      span.parentSpanId = trace::parseSpanIdHex(ids_[parent]["span_id"].get<std::string>()).take();
    }
    span.name = step["name"].get<std::string>();
    span.startTimeNs = std::stoull(step["start_time_ns"].get<std::string>());
    const std::string experiment = text("experiment_id", "");
    Running& running = running_[traceOf(ref)];
    if (isRoot) running.info = newInfo(step, ref, experiment.empty() ? experimentId_ : experiment);
    running.refs.push_back(ref);

    auto builder = std::make_unique<SpanBuilder>(std::move(span), "", text("span_type", "UNKNOWN"),
                                                 true, experiment);
    if (step.contains("inputs") && !step["inputs"].is_null()) {
      builder->set(trace::attribute_key::kInputs, handedOver(step["inputs"]));
    }
    if (step.contains("attributes")) builder->setAll(step["attributes"]);
    if (const std::string description = text("description", ""); !description.empty()) {
      builder->set(trace::attribute_key::kDescription, AnyValue::string(description));
    }
    if (const std::string level = text("log_level", ""); !level.empty()) {
      const std::map<std::string, int64_t> levels = {
          {"DEBUG", 10}, {"INFO", 20}, {"WARNING", 30}, {"ERROR", 40}, {"CRITICAL", 50}};
      builder->set(trace::attribute_key::kLogLevel, AnyValue::of(levels.at(level)));
    }
    spans_[ref] = std::move(builder);
  }

  trace::TraceInfo newInfo(const Json& step, const std::string& ref,
                           const std::string& experiment) {
    trace::TraceInfo info;
    info.traceId = traceOf(ref);
    info.location = trace::TraceLocation::experiment(experiment);
    info.traceMetadata[std::string(trace::metadata_key::kSchemaVersion)] =
        trace::kTraceSchemaVersion;
    addTexts(step, "metadata", info.traceMetadata);
    addTexts(step, "tags", info.tags);
    info.tags.erase("mlflow.user");  // these two cannot be set by a user
    info.tags.erase("mlflow.artifactLocation");
    info.tags[std::string(trace::tag_key::kTraceName)] = step["name"].get<std::string>();
    return info;
  }

  static void addTexts(const Json& step, const char* key, std::map<std::string, std::string>& map) {
    if (!step.contains(key) || !step[key].is_object()) return;
    for (const auto& [name, value] : step[key].items()) map[name] = pythonText(recorded(value));
  }

  // A refused argument (no string, IN_PROGRESS) changes nothing.
  static void update(const Json& step, trace::TraceInfo& info) {
    const auto text = [&](const char* key) {
      return step.contains(key) && step[key].is_string() ? step[key].get<std::string>() : "";
    };
    addTexts(step, "tags", info.tags);
    addTexts(step, "metadata", info.traceMetadata);
    if (const auto id = text("session_id"); !id.empty()) {
      info.traceMetadata[std::string(trace::metadata_key::kSession)] = id;
    }
    if (const auto user = text("user"); !user.empty()) {
      info.traceMetadata[std::string(trace::metadata_key::kUser)] = user;
    }
    if (const auto id = text("client_request_id"); !id.empty()) info.clientRequestId = id;
    if (const auto preview = text("request_preview"); !preview.empty())
      info.requestPreview = preview;
    if (const auto preview = text("response_preview"); !preview.empty())
      info.responsePreview = preview;
    const auto state = text("state");
    if (state == "OK") info.state = trace::TraceState::Ok;
    if (state == "ERROR") info.state = trace::TraceState::Error;
  }

  void exportWhenComplete(const std::string& traceId) {
    const auto running = running_.find(traceId);
    trace::Trace trace;
    trace.info = running->second.info;
    for (const std::string& ref : running->second.refs) {
      if (spans_.at(ref)->isOpen()) return;
      trace.spans.push_back(spans_.at(ref)->span());
    }
    (void)trace::finishTrace(trace);  // malformed usage is left out; the trace goes on
    exported_.push_back(std::move(trace));
    running_.erase(running);
  }

  const Json& ids_;
  std::string experimentId_;
  std::map<std::string, std::unique_ptr<SpanBuilder>> spans_;
  std::map<std::string, Running> running_;
  std::vector<trace::Trace> exported_;
};

}  // namespace spandrel::golden
