#include "manager/trace_cache.h"

#include <gtest/gtest.h>

namespace spandrel::manager {
namespace {

std::unique_ptr<TraceEntry> entryOf(const char* name) {
  auto entry = std::make_unique<TraceEntry>();
  entry->info.traceId = name;
  return entry;
}

std::vector<std::string> idsOf(const std::vector<CachedTrace>& gone) {
  std::vector<std::string> ids;
  for (const CachedTrace& each : gone) ids.push_back(each.id);
  return ids;
}

using Ids = std::vector<std::string>;

TEST(TtlCache, ReadsKeepAnEntryWhenRoomIsNeeded) {
  TtlCache cache(2, 60);
  cache.insert("a", entryOf("a"), 0);
  cache.insert("b", entryOf("b"), 0);
  ASSERT_NE(cache.find("a", 1), nullptr);

  EXPECT_EQ(idsOf(cache.insert("c", entryOf("c"), 2)), Ids{"b"});
  EXPECT_NE(cache.find("a", 3), nullptr);
  EXPECT_EQ(cache.find("b", 3), nullptr);
}

TEST(TtlCache, WhatIsExpiredGoesBeforeWhatIsUnused) {
  TtlCache cache(2, 10);
  cache.insert("old", entryOf("old"), 0);
  cache.insert("young", entryOf("young"), 5000);
  cache.find("old", 9000);  // used last, but expired when room is needed

  EXPECT_EQ(idsOf(cache.insert("new", entryOf("new"), 10000)), Ids{"old"});
  EXPECT_NE(cache.find("young", 10000), nullptr);
}

TEST(TtlCache, AnEntryLivesUntilItsTimeIsOverWhateverIsRead) {
  TtlCache cache(10, 1);
  cache.insert("a", entryOf("a"), 500);

  EXPECT_NE(cache.find("a", 1499), nullptr);
  EXPECT_EQ(cache.find("a", 1500), nullptr);
  EXPECT_EQ(cache.remove("a", 1500), nullptr);
  EXPECT_EQ(idsOf(cache.removeExpired(1500)), Ids{"a"});
  EXPECT_EQ(cache.size(), 0u);
}

TEST(TtlCache, InsertingAnIdAgainReplacesItAndStartsItsTimeAnew) {
  TtlCache cache(2, 1);
  cache.insert("a", entryOf("first"), 0);
  cache.insert("b", entryOf("b"), 0);

  EXPECT_EQ(idsOf(cache.insert("a", entryOf("second"), 900)), Ids{"a"});
  EXPECT_EQ(cache.find("a", 1500)->info.traceId, "second");
  EXPECT_EQ(cache.find("b", 1500), nullptr);
}

TEST(TtlCache, HasATimeToLiveAndNoTimeout) {
  TtlCache cache(1, 7);
  EXPECT_EQ(cache.ttlSeconds(), 7u);
  EXPECT_EQ(cache.timeoutSeconds(), 0u);
  EXPECT_TRUE(cache.nameTimedOut(1u << 30).empty());
}

TEST(TimeoutCache, TheFirstOneGoesThoughItWasReadLast) {
  TimeoutCache cache(2, 60);
  cache.insert("a", entryOf("a"), 0);
  cache.insert("b", entryOf("b"), 0);
  cache.find("a", 1);

  EXPECT_EQ(idsOf(cache.insert("c", entryOf("c"), 2)), Ids{"a"});
}

TEST(TimeoutCache, NamesATraceOnceAndKeepsIt) {
  TimeoutCache cache(10, 2);
  cache.insert("a", entryOf("a"), 0);
  cache.insert("b", entryOf("b"), 1000);

  EXPECT_TRUE(cache.nameTimedOut(1999).empty());
  EXPECT_EQ(cache.nameTimedOut(2000), Ids{"a"});
  EXPECT_EQ(cache.nameTimedOut(3000), Ids{"b"});
  EXPECT_TRUE(cache.nameTimedOut(9000).empty());
  EXPECT_NE(cache.find("a", 9000), nullptr);
  EXPECT_NE(cache.remove("a", 9000), nullptr);
  EXPECT_TRUE(cache.removeExpired(99999).empty());
}

TEST(TimeoutCache, ASizeOfZeroStillHoldsTheTraceThatIsStarting) {
  TimeoutCache cache(0, 60);
  cache.insert("a", entryOf("a"), 0);
  EXPECT_NE(cache.find("a", 0), nullptr);
}

}  // namespace
}  // namespace spandrel::manager
