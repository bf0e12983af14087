// The recorded scripts of the trace manager, step by step (tests/golden/manager.json).
//
// What differs on purpose is named in `deviation()`; everything else must be equal. Python's type
// errors ("an id that is a number") have no counterpart in C++: an id that is no text is no id.

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "golden.h"
#include "manager/span.h"
#include "manager/trace_manager.h"

namespace spandrel::manager {
namespace {

using golden::Json;

struct Log {
  LogSeverity severity;
  std::string message;
};

std::string textOr(const Json& value, const char* otherwise) {
  return value.is_string() ? value.get<std::string>() : otherwise;
}

Json orNull(const std::optional<std::string>& text) {
  return text ? Json(*text) : Json(nullptr);
}

trace::TraceId otelIdOf(const Json& step) {
  const auto id = trace::parseTraceIdHex(step.at("otel_trace_id_hex").get<std::string>());
  EXPECT_TRUE(id.ok());
  return id.value();
}

// One script with one manager.
class Script {
 public:
  explicit Script(const std::string& name) : name_(name) {
    if (name.find("MAX_SIZE=2") != std::string::npos) settings_.maxTraces = 2;
    // The script about reset is about the instance of the process.
    manager_ =
        name == "reset" ? TraceManager::getInstance() : std::make_shared<TraceManager>(settings_);
    listen();
  }

  // The value our manager gives in the form of the recording; {"error": code} for a refusal.
  Json run(const Json& step);
  std::vector<Log> logs;

 private:
  void listen() {
    manager_->setLogger([this](LogSeverity severity, const std::string& message) {
      logs.push_back({severity, message});
    });
  }
  Json registerTrace(const Json& step);
  Json registerSpan(const Json& step);
  Json pop(const Json& step);
  Json create(const Json& step);
  Json noOp(const Json& step);
  Json live(const Json& step);

  std::string name_;
  ManagerSettings settings_;
  std::shared_ptr<TraceManager> manager_;
  std::shared_ptr<TraceManager> old_;
  std::map<std::string, std::shared_ptr<LiveSpan>> spans_;
  int tracesOfTimeoutScript_ = 0;
};

Json refusal(const Error& error) {
  return {{"error", errorCodeName(error.code)}};
}

Json Script::run(const Json& step) {
  logs.clear();
  const std::string op = step.at("op");
  const std::string traceId = step.contains("trace_id") ? textOr(step["trace_id"], "") : "";
  if (op == "register_trace") return registerTrace(step);
  if (op == "register_span") return registerSpan(step);
  if (op == "pop_trace") return pop(step);
  if (op == "get_root_span_id") return orNull(manager_->getRootSpanId(traceId));
  if (op == "get_mlflow_trace_id_from_otel_id")
    return orNull(manager_->getMlflowTraceIdFromOtelId(otelIdOf(step)));
  if (op == "get_span_from_id") {
    const auto found = manager_->getSpanFromId(traceId, textOr(step["span_id"], ""));
    if (!found) return nullptr;
    for (const auto& [ref, span] : spans_) {
      if (span == found) return {{"ref", ref}, {"same_object", true}};
    }
    return "another object";
  }
  if (op == "register_prompt") {
    const auto prompt = parsePrompt(step["prompt"].dump());
    const auto done = manager_->registerPrompt(traceId, prompt.value());
    return done.ok() ? Json(nullptr) : refusal(done.error());
  }
  if (op == "get_instance is the same object")
    return TraceManager::getInstance() == (old_ ? old_ : manager_);
  if (op == "reset") {
    TraceManager::reset();
    old_ = std::exchange(manager_, TraceManager::getInstance());
    return nullptr;
  }
  if (op == "old handle: get_root_span_id") return orNull(old_->getRootSpanId(traceId));
  if (op == "old handle: get_mlflow_trace_id_from_otel_id")
    return orNull(old_->getMlflowTraceIdFromOtelId(otelIdOf(step)));
  if (op == "cache") {
    const uint64_t timeout = manager_->cacheTimeoutSeconds();
    return {{"type", timeout > 0 ? "MlflowTraceTimeoutCache" : "TTLCache"},
            {"timeout", timeout > 0 ? Json(timeout) : Json(nullptr)}};
  }
  if (op == "ttl stays") {
    settings_.ttlSeconds = 7;
    manager_->configure(settings_);
    return manager_->cacheTtlSeconds();
  }
  if (op == "create_mlflow_span") return create(step);
  if (op == "LiveSpan.from_dict") return refusal(liveSpanFromDict("{}").error());
  if (op == "immutable registry set") {
    return refusal(Span(trace::SpanData()).setAttribute("k", trace::AnyValue::of(true)).error());
  }
  if (op.rfind("NoOpSpan", 0) == 0) return noOp(step);
  return live(step);
}

Json Script::registerTrace(const Json& step) {
  if (name_.rfind("changing the timeout", 0) == 0) {
    // The variable is 100 from the second trace on, 200 from the third, unset from the fifth.
    static constexpr uint64_t kTimeouts[] = {0, 100, 200, 200, 0, 0};
    settings_.timeoutSeconds = kTimeouts[tracesOfTimeoutScript_++];
    manager_->configure(settings_);
  }
  trace::TraceInfo info;
  info.traceId = step["trace_id"];
  const auto registered = manager_->registerTrace(otelIdOf(step), info, 0);
  return registered.ok() ? Json(nullptr) : refusal(registered.error());
}

Json Script::registerSpan(const Json& step) {
  if (!step.contains("span_id")) {
    const auto ignored = manager_->registerSpan(nullptr);
    return ignored.ok() ? Json(nullptr) : refusal(ignored.error());
  }
  LiveSpanOptions options;
  options.traceIdText = step["trace_id"];
  options.traceId = trace::otelTraceIdOf(options.traceIdText).value();
  options.spanId = trace::parseSpanIdHex(step["span_id"].get<std::string>()).value();
  if (step["parent_id"].is_string())
    options.parentSpanId = trace::parseSpanIdHex(step["parent_id"].get<std::string>()).value();
  options.name = step["name"];
  auto span = LiveSpan::start(options);
  spans_[step["ref"]] = span;
  const auto registered = manager_->registerSpan(std::move(span));
  return registered.ok() ? Json(nullptr) : refusal(registered.error());
}

Json Script::pop(const Json& step) {
  const auto popped = manager_->popTrace(otelIdOf(step), 0);
  if (!popped) return nullptr;
  Json spans = Json::array();
  for (const trace::SpanData& data : popped->trace.spans) {
    const Span span(data);
    spans.push_back({{"name", span.name()},
                     {"span_id", span.spanId()},
                     {"parent_id", orNull(span.parentId())},
                     {"end_time_ns", span.endTimeNs() ? Json(*span.endTimeNs()) : Json(nullptr)}});
  }
  Json prompts = Json::array();
  for (const Prompt& prompt : popped->prompts) {
    prompts.push_back({{"name", prompt.name}, {"version", std::stoi(prompt.version)}});
  }
  const trace::TraceInfo& info = popped->trace.info;
  Json tags = Json::object();
  for (const auto& [key, value] : info.tags) tags[key] = value;
  const std::string preview = info.requestPreview.value_or("");
  return {
      {"type", "ManagerTrace"},
      {"trace_id", info.traceId},
      {"span_types", spans.empty() ? Json::array() : Json::array({"Span"})},
      {"spans", spans},
      {"prompts", prompts},
      {"tags", tags},
      {"state", trace::traceStateName(info.state)},
      {"request_preview", preview.empty() ? Json(nullptr) : Json(preview)}};  // "" is their null
}

Json Script::create(const Json& step) {
  static const std::map<std::string, ForeignSpan::Kind> kKinds = {
      {"null", ForeignSpan::Kind::None},
      {"false", ForeignSpan::Kind::None},
      {"empty string", ForeignSpan::Kind::None},
      {"NonRecordingSpan", ForeignSpan::Kind::NonRecording},
      {"live span", ForeignSpan::Kind::Live},
      {"live span that has ended", ForeignSpan::Kind::Live},
      {"ReadableSpan", ForeignSpan::Kind::Finished}};
  const std::string what = step["otel_span"];
  ForeignSpan foreign;
  const auto kind = kKinds.find(what);
  foreign.kind = kind == kKinds.end() ? ForeignSpan::Kind::Unknown : kind->second;
  foreign.hasEnded = what == "live span that has ended";
  foreign.typeName = what;
  const bool isReadable = foreign.kind == ForeignSpan::Kind::Finished;
  const auto made = createSpan(foreign, isReadable ? "tr-1" : "tr-made");
  if (!made.ok()) return refusal(made.error());
  if (std::holds_alternative<NoOpSpan>(made.value())) {
    return {{"class", "NoOpSpan"},
            {"trace_id", std::get<NoOpSpan>(made.value()).traceId()},
            {"span_type", nullptr}};
  }
  if (const auto* live = std::get_if<std::shared_ptr<LiveSpan>>(&made.value())) {
    return {{"class", "LiveSpan"},
            {"trace_id", (*live)->traceId()},
            {"span_type", (*live)->spanType()}};
  }
  const Span& span = std::get<Span>(made.value());
  return {{"class", "Span"}, {"trace_id", span.traceId()}, {"span_type", orNull(span.spanType())}};
}

// A value for what is nothing: the compiler has said that the member exists.
Json noOp(const NoOpSpan& span, const std::string& member) {
  if (member == "trace_id" || member == "request_id")
    return member == "trace_id" ? span.traceId() : span.requestId();
  if (member == "attributes" || member == "to_dict") return Json::object();
  if (member == "events") return Json(span.events().size() == 0 ? Json::array() : Json(1));
  if (member == "links") return Json(span.links().size() == 0 ? Json::array() : Json(1));
  span.setInputs(1);
  span.setOutputs(1, "too many");
  span.setAttribute("k", 1);
  span.setAttributes();
  span.setStatus("nonsense");
  span.setSpanType("LLM");
  span.setDescription("d");
  span.setLogLevel(99);
  span.addEvent("e");
  span.addLink("l");
  span.recordException("x");
  span.end();
  span.end();
  EXPECT_EQ(span.getAttribute("k"), nullptr);
  EXPECT_EQ(span.spanId(), nullptr);
  EXPECT_EQ(span.status(), nullptr);
  return nullptr;
}

Json Script::noOp(const Json& step) {
  return manager::noOp(NoOpSpan(), step.contains("getter") ? step["getter"] : step["method"]);
}

Json Script::live(const Json& step) {
  const std::string op = step["op"];
  LiveSpanOptions options;
  options.traceId = trace::parseTraceIdHex("0123456789abcdef0123456789abcdef").value();
  options.spanId = trace::parseSpanIdHex("0123456789abcdef").value();
  const auto span = LiveSpan::start(options);
  if (op == "LiveSpan.set_status") {
    // What is no text is no name of a status either.
    const auto set = span->setStatus(textOr(step["status"], ""));
    if (!set.ok()) return refusal(set.error());
    return span->status().code == trace::StatusCode::Ok ? "OK" : "other";
  }
  if (op == "LiveSpan.add_link") {
    static const std::map<std::string, LinkInput> kLinks = {
        {"no link", {}},
        {"bad trace id", {"zz", "1", {}, "", 0}},
        {"bad span id", {"tr-1", "zz", {}, "", 0}},
        {"too wide", {"100000000000000000000000000000000", "1", {}, "", 0}},
        {"empty", {"", "", {}, "", 0}},
        {"other location",
         {"trace:/other.place/0123456789abcdef0123456789abcdef", "1", {}, "", 0}}};
    const auto added = span->addLink(kLinks.at(step["link"]));
    // A link to another location is left out; the recording shows the links after it.
    if (step["link"] == "other location")
      return span->data().links.empty() ? Json::array() : Json("kept");
    return added.ok() ? Json("accepted") : refusal(added.error());
  }
  if (step["exception"] != "string")
    return {{"error", "INVALID_PARAMETER_VALUE"}};  // the parameters are texts
  span->recordException("Exception", "went wrong", "Exception: went wrong", 1);
  const trace::SpanData data = span->data();
  Json attributes = Json::object();  // a map: in the order of the recording
  for (const auto& [key, value] : step["value"]["attributes"].items()) {
    for (const trace::Attribute& a : data.events[0].attributes) {
      if (a.key == key) attributes[key] = a.value.text;
    }
  }
  return {{"status", data.status.description},
          {"event", data.events[0].name},
          {"attributes", attributes},
          {"log_level", span->attribute(trace::attribute_key::kLogLevel)->integer}};
}

// What differs on purpose, by the table of the recorded cases; empty: nothing may.
std::string deviation(const Json& step, const std::string& script) {
  const std::string op = step["op"];
  if (op == "create_mlflow_span" && step["otel_span"] == "live span")
    return "a type that nobody gave is UNKNOWN";
  if (op == "create_mlflow_span" && step["otel_span"] == "live span that has ended")
    return "an ended live span is a Span";
  if (op.rfind("NoOpSpan", 0) == 0 && step.contains("error")) return "a no-op span never raises";
  if (op == "get_mlflow_trace_id_from_otel_id" && script.find("MAX_SIZE=2") != std::string::npos &&
      step["otel_trace_id_hex"].get<std::string>().rfind("717d", 0) == 0) {
    return "an evicted trace leaves no mapping";
  }
  if (op == "old handle: get_mlflow_trace_id_from_otel_id")
    return "after a reset the old handle knows nothing more";
  return "";
}

// Python's classes of errors in our codes.
std::string expectedCode(const Json& error) {
  if (error.contains("error_code")) return error["error_code"];
  if (error["type"] == "KeyError") return "RESOURCE_DOES_NOT_EXIST";
  if (error["type"] == "NotImplementedError") return "NOT_IMPLEMENTED";
  return "INVALID_PARAMETER_VALUE";
}

bool logsAgree(const Json& step, const std::vector<Log>& logs) {
  const size_t expected = step.contains("logs") ? step["logs"].size() : 0;
  if (logs.size() != expected) return false;
  for (size_t i = 0; i < expected; ++i) {
    const bool isWarning = step["logs"][i]["level"] == "WARNING";
    if (isWarning != (logs[i].severity == LogSeverity::Warning)) return false;
    if (!isWarning) continue;
    if (logs[i].message.find("timeout") == std::string::npos ||
        logs[i].message.find("discard") == std::string::npos)
      return false;
  }
  return true;
}

TEST(GoldenManager, EveryStepOfEveryScriptAgreesOrDeviatesByARuling) {
  const Json file = golden::load("manager.json");
  int passed = 0;
  int total = 0;
  std::map<std::string, int> deviations;
  for (const Json& script : file["cases"]) {
    TraceManager::reset();
    Script run(script["name"]);
    for (const Json& step : script["steps"]) {
      ++total;
      const Json actual = run.run(step);
      const Json expected =
          step.contains("error") ? Json{{"error", expectedCode(step["error"])}} : step["value"];
      if (actual == expected && logsAgree(step, run.logs)) {
        ++passed;
        continue;
      }
      const std::string ruling = deviation(step, script["name"]);
      if (!ruling.empty()) ++deviations[ruling];
      EXPECT_FALSE(ruling.empty()) << script["name"] << "\n"
                                   << step.dump() << "\ngave " << actual.dump();
    }
  }
  TraceManager::reset();

  int deviating = 0;
  for (const auto& [ruling, count] : deviations) {
    deviating += count;
    std::printf("golden manager: %d deviation(s): %s\n", count, ruling.c_str());
  }
  std::printf("golden manager: passed %d of %d, deviations %d\n", passed, total, deviating);
  EXPECT_EQ(passed + deviating, total);
  EXPECT_EQ(total, 150);
}

}  // namespace
}  // namespace spandrel::manager
