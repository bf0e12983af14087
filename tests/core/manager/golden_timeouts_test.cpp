// Recorded traces that took too long (tests/golden/timeouts.json), with a clock that is handed in:
// the timeout is one second, and three seconds pass. The core names the trace, its spans are ended,
// the trace is popped as one that ended by itself.

#include <gtest/gtest.h>

#include <map>

#include "golden.h"
#include "manager/halt.h"
#include "manager/span.h"
#include "manager/trace_manager.h"
#include "span_builder.h"
#include "trace/constants.h"

namespace spandrel::manager {
namespace {

using golden::Json;

constexpr uint64_t kStartMillis = 1'700'000'000'000;
constexpr uint64_t kNanos = 1'000'000;

struct Outcome {
  std::optional<ManagerTrace> exported;
  std::map<std::string, Span> spans;  // by name
  std::string message;
};

std::shared_ptr<LiveSpan> startSpan(TraceManager& manager, const trace::TraceId& id,
                                    uint64_t number, uint64_t parent, const char* name) {
  LiveSpanOptions options;
  options.traceId = id;
  options.spanId = spanId(number);
  options.parentSpanId = spanId(parent);
  options.name = name;
  options.startTimeNs = kStartMillis * kNanos;
  auto span = LiveSpan::start(std::move(options));
  EXPECT_TRUE(manager.registerSpan(span).ok());
  return span;
}

Outcome play(const std::string& name) {
  ManagerSettings settings;
  settings.timeoutSeconds = 1;
  TraceManager manager(settings);
  const trace::TraceId id = traceId(7);
  trace::TraceInfo info = infoOf(id);
  info.tags[std::string(trace::tag_key::kTraceName)] = "root";
  if (name == "root only") info.tags["t"] = "v";
  EXPECT_TRUE(manager.registerTrace(id, info, kStartMillis).ok());
  const auto root = startSpan(manager, id, 1, 0, "root");
  if (name == "root only") {
    EXPECT_TRUE(root->setInputs(R"({"q":1})").ok());
  }
  if (name == "root whose status is already OK") root->setStatus(trace::StatusCode::Ok);
  if (name.rfind("child", 0) == 0) {
    const auto child = startSpan(manager, id, 2, 1, "child");
    if (name == "child ended, root open") child->end({}, (kStartMillis + 2) * kNanos);
  }
  Outcome outcome;
  if (name == "trace that ended in time") {
    root->end({}, (kStartMillis + 5) * kNanos);
    outcome.exported = manager.popTrace(id, kStartMillis + 5);
  }

  for (uint64_t now = kStartMillis; now <= kStartMillis + 3000; now += 250) {
    const TickReport report = manager.tick(now);
    for (const TimedOutTrace& timedOut : report.timedOut) {
      EXPECT_FALSE(outcome.exported) << "a trace is halted once";
      outcome.message = timedOut.message;
      haltTrace(manager, timedOut, now * kNanos);
      outcome.exported = manager.popTrace(timedOut.otelIds.front(), now);
    }
  }
  // Whoever still holds a span may go on.
  EXPECT_FALSE(root->end({}, (kStartMillis + 4000) * kNanos));
  EXPECT_TRUE(root->setOutputs("1").ok());
  EXPECT_EQ(manager.registerSpan(makeSpan(id, 9, 1)).error().code, ErrorCode::ResourceDoesNotExist);
  EXPECT_EQ(manager.stats().traces, 0u);
  if (outcome.exported) {
    for (const trace::SpanData& span : outcome.exported->trace.spans)
      outcome.spans.emplace(span.name, Span(span));
  }
  return outcome;
}

Json decoded(const trace::ValuePointer& value) {
  if (!value) return nullptr;
  if (value->kind == trace::AnyValue::Kind::Map)
    return {{value->members[0].first, value->members[0].second.integer}};
  return "something";
}

void compareSpan(const Json& expected, const Span& actual, const std::string& message) {
  const std::string status = expected["status"]["status_code"];
  EXPECT_EQ(actual.status().code, parseStatusCode(status).value());
  EXPECT_EQ(actual.status().description, "");
  EXPECT_EQ(actual.endTimeNs().has_value(), expected["ended"].get<bool>());
  EXPECT_EQ(actual.parentId().has_value(), expected["parent_id"].is_string());
  EXPECT_EQ(decoded(actual.inputs()), expected["inputs"]);
  EXPECT_EQ(decoded(actual.outputs()), expected["outputs"]);
  EXPECT_EQ(actual.getAttribute(trace::attribute_key::kLogLevel)->integer,
            expected["log_level"].get<int>());
  ASSERT_EQ(actual.events().size(), expected["events"].size());
  if (actual.events().empty()) return;
  const trace::Event& event = actual.events()[0];
  EXPECT_EQ(event.name, expected["events"][0]["name"]);
  EXPECT_EQ(event.attributes[0].key, "exception.type");
  EXPECT_EQ(event.attributes[0].value.text, expected["events"][0]["attributes"]["exception.type"]);
  EXPECT_EQ(event.attributes[1].value.text, message);
}

TEST(GoldenTimeouts, HaltedTracesAgreeOrDeviateByARuling) {
  const Json file = golden::load("timeouts.json");
  int passed = 0;
  int deviations = 0;
  for (const Json& recorded : file["cases"]) {
    const std::string name = recorded["name"];
    SCOPED_TRACE(name);
    const Outcome outcome = play(name);
    ASSERT_TRUE(outcome.exported);
    const trace::TraceInfo& info = outcome.exported->trace.info;

    if (recorded["exported_by_the_timeout"].empty()) {
      // MLflow loses this trace; ours ends the child first, then the root (ruling 7).
      ASSERT_EQ(outcome.spans.size(), 2u);
      for (const auto& [each, span] : outcome.spans)
        EXPECT_EQ(span.status().code, trace::StatusCode::Error) << each;
      EXPECT_EQ(outcome.spans.at("child").endTimeNs(), outcome.spans.at("root").endTimeNs());
      EXPECT_EQ(info.state, trace::TraceState::Error);
      ++deviations;
      continue;
    }
    const Json& expected = recorded["exported_by_the_timeout"][0];
    EXPECT_EQ(trace::traceStateName(info.state), expected["state"].get<std::string>());
    EXPECT_EQ(info.executionDurationMillis >= 1000,
              expected["duration_at_least_1000_ms"].get<bool>());
    EXPECT_EQ(info.requestPreview.value_or(""),
              expected["request_preview"].is_null()
                  ? ""
                  : expected["request_preview"].get<std::string>());
    for (const auto& [key, value] : expected["tags"].items()) EXPECT_EQ(info.tags.at(key), value);
    EXPECT_EQ(info.traceMetadata.at("mlflow.traceInputs"),
              expected["trace_metadata"]["mlflow.traceInputs"]);
    EXPECT_EQ(info.traceMetadata.at("mlflow.traceOutputs"),
              expected["trace_metadata"]["mlflow.traceOutputs"]);
    ASSERT_EQ(outcome.spans.size(), expected["spans"].size());
    for (const Json& span : expected["spans"])
      compareSpan(span, outcome.spans.at(span["name"]), outcome.message);
    // The message names the trace, the seconds and the variable.
    const bool wasHalted = !recorded["logs"].empty();
    EXPECT_EQ(!outcome.message.empty(), wasHalted);
    for (const std::string& fact :
         {info.traceId, std::string("1 seconds"), std::string("MLFLOW_TRACE_TIMEOUT_SECONDS")}) {
      EXPECT_TRUE(!wasHalted || outcome.message.find(fact) != std::string::npos) << fact;
    }
    passed += !HasFailure();
  }
  std::printf("golden timeouts: passed %d of %zu, deviations %d\n", passed, file["cases"].size(),
              deviations);
}

}  // namespace
}  // namespace spandrel::manager
