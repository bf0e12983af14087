#include <gtest/gtest.h>

#include "view/request_builder.h"
#include "view/span_detail.h"
#include "view/trace_store.h"

namespace spandrel::view {
namespace {

TestSpan named(const std::string& name, uint64_t end) {
  TestSpan span;
  span.name = name;
  span.start = 10;
  span.end = end;
  return span;
}

std::string nameOf(const TraceStore& store, uint32_t id = 1, uint8_t trace = 1) {
  const Row row = store.findSpan(store.findTrace(traceIdOf(trace)), spanIdWord(id));
  return row == kNoRow ? "" : std::string(store.strings().text(store.columns().name(row)));
}

TEST(TraceStore, AnEndedSpanReplacesTheSnapshotOfAnOpenOne) {
  TraceStore store;
  receive(store, {named("open", 0)});
  const ImportReport report = receive(store, {named("ended", 20)});

  EXPECT_EQ(report.replaced, 1u);
  EXPECT_EQ(report.duplicates, 0u);
  EXPECT_EQ(nameOf(store), "ended");
  EXPECT_EQ(store.stats().spans, 1u);
  EXPECT_EQ(store.columns().flags(0) & span_flag::kOpen, 0);
}

TEST(TraceStore, ASnapshotThatComesLateDoesNotReplaceTheEndedSpan) {
  TraceStore store;
  receive(store, {named("ended", 20)});
  receive(store, {named("open", 0)});

  EXPECT_EQ(nameOf(store), "ended");
  EXPECT_EQ(store.stats().duplicates, 0u);
}

TEST(TraceStore, OfTwoCompleteSpansWithOneIdTheLaterIsKeptAndCounted) {
  TraceStore store;
  receive(store, {named("first", 20)});
  const ImportReport report = receive(store, {named("second", 30)});

  EXPECT_EQ(report.duplicates, 1u);
  EXPECT_EQ(nameOf(store), "second");
  EXPECT_EQ(store.stats().duplicates, 1u);
  EXPECT_NE(store.columns().flags(0) & span_flag::kIsReplaced, 0);
}

TEST(TraceStore, ACompleteSpanThatComesAgainUnchangedIsNoDuplicate) {
  TraceStore store;
  TestSpan span = named("once", 20);
  span.attributes = {{"key", "value"}};
  receive(store, {span});
  const ImportReport again = receive(store, {span});

  EXPECT_EQ(again.duplicates, 0u);
  EXPECT_EQ(again.replaced, 1u);
  EXPECT_EQ(store.stats().spans, 1u);
  EXPECT_EQ(store.columns().flags(0) & span_flag::kIsReplaced, 0);

  span.attributes = {{"key", "other"}};
  EXPECT_EQ(receive(store, {span}).duplicates, 1u);
}

TEST(TraceStore, AnUnfinishedSpanCountsAsOpenThoughItHasAnEnd) {
  TraceStore store;
  TestSpan span = named("cut off", 20);
  span.attributes = {{"spandrel.unfinished", "true"}};
  receive(store, {span});

  EXPECT_NE(store.columns().flags(0) & span_flag::kOpen, 0);
}

TEST(TraceStore, TheSameSpanIdInTwoTracesIsTwoSpans) {
  TraceStore store;
  TestSpan other = named("other", 20);
  other.trace = 2;
  receive(store, {named("one", 20), other});

  EXPECT_EQ(nameOf(store, 1, 1), "one");
  EXPECT_EQ(nameOf(store, 1, 2), "other");
}

std::vector<TestSpan> largeTrace(uint8_t trace, uint32_t spans) {
  std::vector<TestSpan> out;
  for (uint32_t id = 1; id <= spans; ++id) {
    TestSpan span;
    span.trace = trace;
    span.id = id;
    span.parent = id / 2;
    span.start = id;
    span.end = id + 5;
    span.name = "trace " + std::to_string(trace) + " span " + std::to_string(id);
    span.service = "service " + std::to_string(trace);
    span.attributes = {{"text", std::string(200, 'x') + std::to_string(trace * 1000 + id)}};
    out.push_back(span);
  }
  return out;
}

TEST(TraceStore, EvictsTheTraceSeenFirstAndCountsIt) {
  TraceStore store(3u << 20);
  for (uint8_t trace = 1; trace <= 20; ++trace) receive(store, largeTrace(trace, 1500));

  const StoreStats stats = store.stats();

  EXPECT_LE(stats.bytes, 3u << 20);
  EXPECT_GT(stats.evictedTraces, 10u);
  EXPECT_EQ(stats.traces + stats.evictedTraces, 20u);
  EXPECT_EQ(stats.spans + stats.evictedSpans, 20u * 1500u);
  EXPECT_EQ(nameOf(store, 1, 1), "");
  EXPECT_EQ(nameOf(store, 1500, 20), "trace 20 span 1500");
}

TEST(TraceStore, WhatIsLeftAfterEvictionIsWhole) {
  TraceStore store(3u << 20);
  for (uint8_t trace = 1; trace <= 20; ++trace) receive(store, largeTrace(trace, 1500));
  const uint32_t slot = store.findTrace(traceIdOf(20));
  ASSERT_NE(slot, kNoTrace);

  const TraceTree tree = buildTree(store, slot);

  ASSERT_EQ(tree.size(), 1500u);
  EXPECT_EQ(tree.rootCount, 1u);
  for (uint32_t id = 1; id <= 1500; id += 77) {
    const Row row = store.findSpan(slot, spanIdWord(id));
    ASSERT_NE(row, kNoRow);
    EXPECT_EQ(store.serviceOf(row), "service 20");
    const std::string detail = spanDetailJson(store, row, 1000);
    EXPECT_NE(detail.find(std::string(200, 'x') + std::to_string(20000 + id) + "\""),
              std::string::npos)
        << id;
    EXPECT_NE(detail.find("\"value\":\"service 20\""), std::string::npos);
  }
}

TEST(TraceStore, ATraceAloneThatPassesTheBudgetStopsGrowingAndSaysSo) {
  TraceStore store(2u << 20);
  std::vector<TestSpan> spans;
  for (uint32_t batch = 0; batch < 30; ++batch) {
    std::vector<TestSpan> part = largeTrace(1, 1000);
    for (TestSpan& span : part) span.id += batch * 1000;
    receive(store, part);
  }

  const StoreStats stats = store.stats();

  EXPECT_GT(stats.refusedSpans, 0u);
  EXPECT_EQ(stats.spans + stats.refusedSpans, 30000u);
  EXPECT_EQ(stats.evictedTraces, 0u);
}

TEST(TraceStore, AnEvictedTraceMayComeBack) {
  TraceStore store(3u << 20);
  for (uint8_t trace = 1; trace <= 20; ++trace) receive(store, largeTrace(trace, 1500));
  receive(store, {named("back", 20)});

  EXPECT_EQ(nameOf(store, 1, 1), "back");
}

}  // namespace
}  // namespace spandrel::view
