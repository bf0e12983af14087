#include <gtest/gtest.h>

#include "base/json_text.h"
#include "view/request_builder.h"
#include "view/trace_summary.h"
#include "view/viewer.h"

namespace spandrel::view {
namespace {

constexpr const char* kUsage = "mlflow.chat.tokenUsage";

TestSpan spanOf(uint32_t id, uint32_t parent, uint64_t start, uint64_t end) {
  TestSpan span;
  span.id = id;
  span.parent = parent;
  span.start = start;
  span.end = end;
  span.name = "span " + std::to_string(id);
  return span;
}

TraceSummary summaryOf(const TraceStore& store, uint8_t trace = 1) {
  return summarize(store, store.findTrace(traceIdOf(trace)));
}

TEST(TraceSummary, CountsSpansErrorsOrphansAndTimes) {
  TraceStore store;
  TestSpan failed = spanOf(2, 1, 20, 90);
  failed.status = 2;
  failed.service = "other";
  receive(store, {spanOf(1, 0, 10, 80), failed, spanOf(3, 77, 15, 0)});

  const TraceSummary summary = summaryOf(store);

  EXPECT_EQ(store.strings().text(summary.name), "span 1");
  EXPECT_EQ(summary.spanCount, 3u);
  EXPECT_EQ(summary.errorCount, 1u);
  EXPECT_EQ(summary.orphanCount, 1u);
  EXPECT_EQ(summary.openCount, 1u);
  EXPECT_EQ(summary.startTimeNs, 10u);
  EXPECT_EQ(summary.endTimeNs, 90u);
  EXPECT_EQ(summary.serviceCount, 2u);
}

TEST(TraceSummary, IsNamedAfterTheEarliestSpanUntilTheRootComes) {
  TraceStore store;
  receive(store, {spanOf(3, 1, 30, 31), spanOf(2, 1, 20, 21)});
  EXPECT_EQ(store.strings().text(summaryOf(store).name), "span 2");

  receive(store, {spanOf(1, 0, 50, 60)});
  EXPECT_EQ(store.strings().text(summaryOf(store).name), "span 1");
}

TEST(TraceSummary, SumsTokensButNotThoseBelowASpanThatCountsThem) {
  TraceStore store;
  TestSpan outer = spanOf(2, 1, 0, 9), inner = spanOf(3, 2, 1, 2), sibling = spanOf(4, 1, 3, 4);
  outer.attributes = {{kUsage, R"({"input_tokens": 10, "output_tokens": 5, "total_tokens": 15})"}};
  inner.attributes = {{kUsage, R"({"input_tokens": 10, "output_tokens": 5})"}};
  sibling.numbers = {{"gen_ai.usage.input_tokens", 7}, {"gen_ai.usage.output_tokens", 1}};
  receive(store, {spanOf(1, 0, 0, 10), outer, inner, sibling});

  const TokenUsage tokens = summaryOf(store).tokens;

  EXPECT_TRUE(tokens.isKnown);
  EXPECT_EQ(tokens.inputTokens, 17);
  EXPECT_EQ(tokens.outputTokens, 6);
  EXPECT_EQ(tokens.totalTokens, 23);
}

TEST(TraceSummary, TheTracesOwnSumWins) {
  TraceStore store;
  TestSpan root = spanOf(1, 0, 0, 9);
  root.attributes = {{"mlflow.traceMetadata.mlflow.trace.tokenUsage",
                      R"({"input_tokens": 100, "output_tokens": 20, "total_tokens": 120})"},
                     {kUsage, R"({"input_tokens": 1, "output_tokens": 2})"}};
  receive(store, {root});

  EXPECT_EQ(summaryOf(store).tokens.totalTokens, 120);
}

TEST(TraceSummary, TokenCountsOnACycleOfParentsAreFinite) {
  TraceStore store;
  TestSpan a = spanOf(1, 2, 0, 1), b = spanOf(2, 1, 0, 1);
  a.numbers = {{"gen_ai.usage.input_tokens", 3}};
  receive(store, {a, b});

  EXPECT_EQ(summaryOf(store).tokens.inputTokens, 3);
}

TEST(Viewer, ListsTracesNewestFirstAsJson) {
  Viewer viewer;
  for (uint8_t trace = 1; trace <= 3; ++trace) {
    TestSpan span = spanOf(1, 0, trace * 100, trace * 100 + 5);
    span.trace = trace;
    span.name = "\"trace\" " + std::to_string(trace);
    viewer.importProtobuf(requestOf({span}));
  }

  const std::string list = viewer.traceWindow(0, 2);

  EXPECT_EQ(viewer.traceCount(), 3u);
  EXPECT_TRUE(checkJson(list).ok()) << list;
  EXPECT_LT(list.find("trace\\\" 3"), list.find("trace\\\" 2"));
  EXPECT_EQ(list.find("trace\\\" 1"), std::string::npos);
  EXPECT_EQ(viewer.traceWindow(3, 10), "[]");
  EXPECT_EQ(viewer.traceIndex(traceIdOf(3).hex()), 0);
  EXPECT_EQ(viewer.traceIndex("nonsense"), -1);
}

TEST(Viewer, AnswersOfWhatIsNotThereAreErrors) {
  Viewer viewer;

  EXPECT_EQ(viewer.openTrace("00").error().code, ErrorCode::InvalidParameterValue);
  EXPECT_EQ(viewer.openTrace(traceIdOf(1).hex()).error().code, ErrorCode::ResourceDoesNotExist);
  EXPECT_FALSE(viewer.traceHead().ok());
  EXPECT_FALSE(viewer.spanDetail("0000000000000001", 10).ok());
  EXPECT_TRUE(viewer.rows(0, 10).empty());
  EXPECT_EQ(viewer.nextError("", true), "");
  EXPECT_EQ(viewer.setCollapsed("0000000000000001", true), -1);
}

TEST(Viewer, GoesRoundToTheFirstErrorAgain) {
  Viewer viewer;
  TestSpan failed = spanOf(2, 1, 5, 6);
  failed.status = 2;
  viewer.importProtobuf(requestOf({spanOf(1, 0, 0, 9), failed}));
  ASSERT_TRUE(viewer.openTrace(traceIdOf(1).hex()).ok());

  EXPECT_EQ(viewer.nextError("", true), "0000000000000002");
  EXPECT_EQ(viewer.nextError("0000000000000002", true), "0000000000000002");
  EXPECT_EQ(viewer.nextError("0000000000000001", false), "0000000000000002");
}

}  // namespace
}  // namespace spandrel::view
