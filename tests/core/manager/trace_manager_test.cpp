#include "manager/trace_manager.h"

#include <gtest/gtest.h>

#include "manager/manager_json.h"
#include "manager/operations.h"
#include "record/portable.h"
#include "span_builder.h"
#include "trace/constants.h"

namespace spandrel::manager {
namespace {

constexpr uint64_t kSecond = 1'000'000'000;

// A record as the recorder makes it.
record::RecordRef recordOf(const trace::TraceId& trace, uint64_t id, uint64_t parent,
                           uint32_t ordinal, bool isOpen = false, const char* name = "span") {
  LiveSpanOptions options;
  options.traceId = trace;
  options.spanId = spanId(id);
  options.parentSpanId = spanId(parent);
  options.name = name;
  options.startTimeNs = kSecond;
  options.ordinal = ordinal;
  const auto span = LiveSpan::start(options);
  if (!isOpen) span->end({}, 2 * kSecond);
  return span->snapshot();
}

std::vector<std::string> namesOf(const trace::Trace& trace) {
  std::vector<std::string> names;
  for (const trace::SpanData& span : trace.spans) names.push_back(span.name);
  return names;
}

using Names = std::vector<std::string>;

class Manager : public testing::Test {
 protected:
  void begin(uint64_t number = 1, uint64_t now = 0) {
    ASSERT_TRUE(manager.registerTrace(traceId(number), infoOf(traceId(number)), now).ok());
  }

  TraceManager manager;
  const trace::TraceId id = traceId(1);
  const std::string text = trace::generateTraceIdV3(traceId(1));
};

TEST_F(Manager, ListsRecordsInStartOrderThoughTheyArriveInEndOrder) {
  begin();
  manager.keep(recordOf(id, 3, 2, 2, false, "grandchild"));
  manager.keep(recordOf(id, 2, 1, 1, false, "child"));
  manager.keep(recordOf(id, 1, 0, 0, false, "root"));

  EXPECT_EQ(namesOf(manager.popTrace(id, 0)->trace), (Names{"root", "child", "grandchild"}));
}

TEST_F(Manager, ASnapshotIsReplacedByALaterOneAndByTheRecordButNeverTheOtherWayRound) {
  begin();
  EXPECT_EQ(manager.keep(recordOf(id, 1, 0, 0, true, "first")), KeepOutcome::Kept);
  EXPECT_TRUE(manager.hasOpenSpans(id));
  manager.keep(recordOf(id, 1, 0, 0, true, "second"));
  EXPECT_EQ(namesOf(*manager.getTrace(text)), Names{"second"});
  manager.keep(recordOf(id, 1, 0, 0, false, "ended"));
  manager.keep(recordOf(id, 1, 0, 0, true, "late snapshot"));

  EXPECT_FALSE(manager.hasOpenSpans(id));
  EXPECT_EQ(namesOf(*manager.getTrace(text)), Names{"ended"});
}

TEST_F(Manager, RecordsOfAPoppedTraceAreLate) {
  begin();
  manager.popTrace(id, 0);
  EXPECT_EQ(manager.keep(recordOf(id, 1, 0, 0)), KeepOutcome::Late);
}

TEST_F(Manager, ATraceSetAsideIsPoppedWhateverCameAfterIt) {
  ManagerSettings settings;
  settings.maxTraces = 1;
  TraceManager small(settings);
  ASSERT_TRUE(small.registerTrace(id, infoOf(id), 0).ok());
  small.keep(recordOf(id, 1, 0, 0));
  EXPECT_TRUE(small.setAside(id, 0));
  EXPECT_FALSE(small.setAside(traceId(9), 0));

  const auto dropped = small.registerTrace(traceId(2), infoOf(traceId(2)), 1'000);
  ASSERT_TRUE(dropped.ok());
  EXPECT_TRUE(dropped.value().empty());
  EXPECT_TRUE(small.tick(4'000'000).expired.size() == 1);  // the second alone is too old
  EXPECT_EQ(small.stats().traces, 1u);
  EXPECT_EQ(small.stats().spans, 1u);
  EXPECT_EQ(namesOf(*small.getTrace(text)), Names{"span"});

  EXPECT_EQ(namesOf(small.popTrace(id, 5'000'000)->trace), Names{"span"});
  EXPECT_EQ(small.popTrace(id, 5'000'000), std::nullopt);
  EXPECT_EQ(small.stats().recordBytes, 0u);
}

TEST_F(Manager, ClearDropsTracesSetAside) {
  begin();
  manager.keep(recordOf(id, 1, 0, 0));
  manager.setAside(id, 0);
  EXPECT_EQ(manager.clear().size(), 1u);
  EXPECT_EQ(manager.getTrace(text), std::nullopt);
}

TEST_F(Manager, RecordsBeyondTheBudgetAreRefusedAndAPopMakesRoom) {
  ManagerSettings settings;
  settings.maxRecordBytes = recordOf(id, 1, 0, 0).byteLength();
  manager.configure(settings);
  begin();

  EXPECT_EQ(manager.keep(recordOf(id, 1, 0, 0)), KeepOutcome::Kept);
  EXPECT_EQ(manager.keep(recordOf(id, 1, 0, 0)), KeepOutcome::Kept);  // takes its own place
  EXPECT_EQ(manager.keep(recordOf(id, 2, 1, 1)), KeepOutcome::NoRoom);
  manager.popTrace(id, 0);
  begin(2);
  EXPECT_EQ(manager.keep(recordOf(traceId(2), 2, 0, 1)), KeepOutcome::Kept);
}

TEST_F(Manager, ASpanWhoseParentIsElsewhereIsTheLocalRootOnly) {
  begin();
  manager.keep(recordOf(id, 2, 99, 0, false, "server"));
  manager.keep(recordOf(id, 3, 2, 1, false, "inner"));

  EXPECT_EQ(manager.getRootSpanId(text), std::nullopt);
  EXPECT_EQ(manager.getLocalRootSpanId(text), spanId(2).hex());
  EXPECT_EQ(manager.popTrace(id, 0)->trace.info.executionDurationMillis, 1000);
}

TEST_F(Manager, TheRecordOfALiveSpanTakesItsPlace) {
  begin();
  auto runtime = std::make_shared<SpanRuntime>();
  runtime->spanHasEnded = [this](const LiveSpan&, record::RecordRef record, EndOutcome) {
    manager.keep(std::move(record));
  };
  const auto root = makeSpan(id, 1, 0, "root", runtime);
  const auto child = makeSpan(id, 2, 1, "child", runtime);
  ASSERT_TRUE(manager.registerSpan(root).ok());
  ASSERT_TRUE(manager.registerSpan(child).ok());
  EXPECT_EQ(manager.getSpanFromId(text, spanId(1).hex()), root);
  root->end({}, 3 * kSecond);

  EXPECT_EQ(manager.getSpanFromId(text, spanId(1).hex()), nullptr);
  EXPECT_TRUE(manager.hasOpenSpans(id));
  EXPECT_EQ(root.use_count(), 1);
  child->end({}, 2 * kSecond);
  EXPECT_EQ(namesOf(manager.popTrace(id, 0)->trace), (Names{"root", "child"}));
}

TEST_F(Manager, PopSetsTimesStateAndPreviewsFromTheRoot) {
  begin();
  const auto root = makeSpan(id, 1, 0, "root");
  ASSERT_TRUE(manager.registerSpan(root).ok());
  ASSERT_TRUE(root->setInputs(R"({"text":"hello"})").ok());
  root->setStatus(trace::StatusCode::Error, "broke");
  root->end({}, kSecond + 5'900'000);

  const trace::TraceInfo info = manager.popTrace(id, 0)->trace.info;
  EXPECT_EQ(info.requestPreview, R"({"text": "hello"})");
  EXPECT_EQ(info.responsePreview, "");
  EXPECT_EQ(info.requestTimeMillis, 1000);
  EXPECT_EQ(info.executionDurationMillis, 5);
  EXPECT_EQ(info.state, trace::TraceState::Error);
  EXPECT_EQ(info.traceMetadata.at("mlflow.traceInputs"), R"({"text": "hello"})");
}

TEST_F(Manager, AStateThatTheUserSetSurvives) {
  trace::TraceInfo info = infoOf(id);
  info.state = trace::TraceState::Error;
  ASSERT_TRUE(manager.registerTrace(id, info, 0).ok());
  manager.keep(recordOf(id, 1, 0, 0));
  EXPECT_EQ(manager.popTrace(id, 0)->trace.info.state, trace::TraceState::Error);
}

TEST_F(Manager, GetTraceIsASnapshotAndLeavesTheTraceWhereItIs) {
  begin();
  manager.keep(recordOf(id, 1, 0, 0, true));
  trace::Trace first = *manager.getTrace(text);
  first.info.tags["changed"] = "here only";

  EXPECT_TRUE(manager.getTrace(text)->info.tags.empty());
  EXPECT_EQ(first.info.state, trace::TraceState::InProgress);
  EXPECT_TRUE(first.spans[0].isOpen);
}

TEST_F(Manager, ExpiredTracesAreReportedWithTheirSpansAndLeaveNoMapping) {
  begin(1, 1000);
  manager.keep(recordOf(id, 1, 0, 0));
  manager.keep(recordOf(id, 2, 1, 1));

  EXPECT_TRUE(manager.tick(1000 + 3'599'999).expired.empty());
  const TickReport report = manager.tick(1000 + 3'600'000);

  ASSERT_EQ(report.expired.size(), 1u);
  EXPECT_EQ(report.expired[0].traceId, text);
  EXPECT_EQ(report.expired[0].spans, 2u);
  EXPECT_EQ(report.expired[0].reason, DroppedTrace::Reason::Expired);
  EXPECT_EQ(manager.getMlflowTraceIdFromOtelId(id), std::nullopt);
  EXPECT_EQ(manager.popTrace(id, 5'000'000), std::nullopt);
  EXPECT_EQ(manager.stats().recordBytes, 0u);
}

TEST_F(Manager, PoppingWhatExpiredUnnoticedGivesNothingAndCleansTheMapping) {
  begin(1, 0);
  EXPECT_EQ(manager.popTrace(id, 3'600'000), std::nullopt);
  EXPECT_EQ(manager.getMlflowTraceIdFromOtelId(id), std::nullopt);
}

TEST_F(Manager, EvictionIsReportedToWhoeverStartsTheNextTrace) {
  ManagerSettings settings;
  settings.maxTraces = 1;
  TraceManager small(settings);
  ASSERT_TRUE(small.registerTrace(traceId(1), infoOf(traceId(1)), 0).ok());
  small.keep(recordOf(traceId(1), 1, 0, 0));

  const auto dropped = small.registerTrace(traceId(2), infoOf(traceId(2)), 0);

  ASSERT_EQ(dropped.value().size(), 1u);
  EXPECT_EQ(dropped.value()[0].spans, 1u);
  EXPECT_EQ(dropped.value()[0].otelIds, std::vector<trace::TraceId>{traceId(1)});
  EXPECT_EQ(small.stats().evicted, 1u);
}

TEST_F(Manager, AnEmptyCacheIsRecreatedInSilence) {
  int messages = 0;
  manager.setLogger([&](LogSeverity, const std::string&) { ++messages; });
  ManagerSettings settings;
  settings.timeoutSeconds = 5;
  manager.configure(settings);
  begin();
  EXPECT_EQ(messages, 0);
  EXPECT_EQ(manager.cacheTimeoutSeconds(), 5u);
}

TEST_F(Manager, SizeAndTimeToLiveCountUntilTheFirstTrace) {
  ManagerSettings settings;
  settings.maxTraces = 2;
  settings.ttlSeconds = 60;
  manager.configure(settings);
  begin(1);
  settings.maxTraces = 100;
  settings.ttlSeconds = 3600;
  manager.configure(settings);
  begin(2);
  begin(3);
  EXPECT_EQ(manager.stats().evicted, 1u);
  EXPECT_EQ(manager.tick(61'000).expired.size(), 2u);
}

TEST_F(Manager, ALoggerMayStartTracesWhileTheCacheChanges) {
  begin(1);
  int messages = 0;
  manager.setLogger([&](LogSeverity, const std::string&) {
    ++messages;
    begin(7);
  });
  ManagerSettings settings;
  settings.timeoutSeconds = 5;
  manager.configure(settings);
  begin(2);
  EXPECT_EQ(messages, 1);
  EXPECT_EQ(manager.stats().traces, 2u);
}

TEST_F(Manager, ATraceWithoutAnIdIsRefused) {
  EXPECT_EQ(manager.registerTrace(id, {}, 0).error().code, ErrorCode::InvalidParameterValue);
}

TEST_F(Manager, ThousandsOfTracesLeaveNothingBehind) {
  for (uint64_t i = 1; i <= 10'000; ++i) {
    begin(i, i);
    manager.keep(recordOf(traceId(i), 1, 0, 0));
    ASSERT_TRUE(manager.popTrace(traceId(i), i));
  }
  const ManagerStats stats = manager.stats();
  EXPECT_EQ(stats.traces, 0u);
  EXPECT_EQ(stats.spans, 0u);
  EXPECT_EQ(stats.recordBytes, 0u);
  EXPECT_EQ(stats.registered, 10'000u);
  EXPECT_EQ(stats.popped, 10'000u);
}

TEST(ManagerJson, ATraceComesOutAsTextAndRecords) {
  TraceManager manager;
  ASSERT_TRUE(manager.registerTrace(traceId(1), infoOf(traceId(1)), 0).ok());
  manager.keep(recordOf(traceId(1), 1, 0, 0, false, "root"));
  const std::string hex = traceId(1).hex();

  const auto bytes = popTraceBytes(manager, R"({"otelTraceId":")" + hex + R"(","nowMillis":1})");

  ASSERT_TRUE(bytes.ok());
  const std::vector<uint8_t>& all = bytes.value();
  ASSERT_GT(all.size(), 8u);
  const size_t length = all[0] | all[1] << 8 | all[2] << 16;
  EXPECT_EQ(length % 4, 0u);
  const std::string text(all.begin() + 4, all.begin() + 4 + static_cast<long>(length));
  EXPECT_EQ(text.find(R"({"info":{"trace_id": "tr-)"), 0u) << text;
  EXPECT_NE(text.find(R"("prompts":[]})"), std::string::npos) << text;
  const auto span = record::decodePortable(Bytes(all).subspan(4 + length));
  ASSERT_TRUE(span.ok());
  EXPECT_EQ(span.value().name, "root");
  EXPECT_TRUE(popTraceBytes(manager, R"({"otelTraceId":")" + hex + R"("})").value().empty());
}

TEST(ManagerJson, BrokenRequestsAreRefused) {
  TraceManager manager;
  for (const char* json : {"", "5", "[]", "{", R"({"otelTraceId":"zz"})", R"({"info":{}})", "{}",
                           R"({"otelTraceId":5})"}) {
    EXPECT_FALSE(registerTraceJson(manager, json).ok()) << json;
    EXPECT_FALSE(popTraceBytes(manager, json).ok()) << json;
    EXPECT_FALSE(registerPromptJson(manager, json).ok()) << json;
  }
  EXPECT_FALSE(configureJson(manager, R"({"maxTraces":"many"})").ok());
}

TEST(Operations, UnknownOrBrokenOnesAreRefusedAndChangeNothing) {
  const auto span = makeSpan(traceId(1), 1);
  const trace::SpanData before = span->data();
  for (const char* json :
       {"", "[]", "{}", "5", R"({"op":"fly"})", R"({"op":"set_attribute"})",
        R"({"op":"set_attributes","value":[1]})", R"({"op":"set_span_type","value":5})",
        R"({"op":"set_log_level","value":true})", R"({"op":"set_log_level","value":15})",
        R"({"op":"set_status","status_code":"ok"})", R"({"op":"add_link"})",
        R"({"op":"add_event","name":"e","timestamp":-1})",
        R"({"op":"end","end_time_ns":"soon"})"}) {
    EXPECT_FALSE(applyOperation(*span, json, 1).ok()) << json;
  }
  EXPECT_EQ(span->data(), before);
}

TEST(Operations, ATextCutAnywhereIsRefused) {
  const std::string whole = R"({"op":"set_attribute","key":"k","value":{"$bytes":"00ff"}})";
  for (size_t length = 0; length < whole.size(); ++length) {
    const auto span = makeSpan(traceId(1), 1);
    EXPECT_FALSE(applyOperation(*span, std::string_view(whole).substr(0, length), 1).ok())
        << length;
  }
}

TEST(Operations, ReadValuesAsJavaScriptDoes) {
  const auto span = makeSpan(traceId(1), 1);
  const auto set = [&](const std::string& value) {
    EXPECT_TRUE(
        applyOperation(*span, R"({"op":"set_attribute","key":"k","value":)" + value + "}", 1).ok())
        << value;
    return *span->attribute("k");
  };
  using trace::AnyValue;
  EXPECT_EQ(set("1"), AnyValue::of(int64_t{1}));
  EXPECT_EQ(set("1.0"), AnyValue::of(int64_t{1}));
  EXPECT_EQ(set("1e2"), AnyValue::of(int64_t{100}));
  EXPECT_EQ(set("9007199254740993"), AnyValue::of(9007199254740992.0));
  EXPECT_EQ(set(R"({"$int":"9007199254740993"})"), AnyValue::of(int64_t{9007199254740993}));
  EXPECT_EQ(set("0.5"), AnyValue::of(0.5));
  EXPECT_EQ(set("null"), AnyValue::empty());
  EXPECT_EQ(set(R"("é")"), AnyValue::string("é"));
  EXPECT_EQ(set("[1, 2.5]"), AnyValue::array({AnyValue::of(int64_t{1}), AnyValue::of(2.5)}));
  EXPECT_EQ(set(R"([1, "a"])"), AnyValue::json(R"([1,"a"])"));
  EXPECT_EQ(set(R"({"a": [1, 2]})"), AnyValue::json(R"({"a":[1,2]})"));
}

TEST(Prompts, NeedNameAndVersion) {
  EXPECT_TRUE(parsePrompt(R"({"name":"p","version":1})").ok());
  EXPECT_EQ(parsePrompt(R"({"name":"p","version":"1"})").value().version, "1");
  for (const char* json :
       {"", "5", "[]", "{}", R"({"name":"p"})", R"({"version":1})", R"({"name":5,"version":1})",
        R"({"name":"p","version":true})", R"({"name":"p","version":1)"}) {
    EXPECT_FALSE(parsePrompt(json).ok()) << json;
  }
}

}  // namespace
}  // namespace spandrel::manager
