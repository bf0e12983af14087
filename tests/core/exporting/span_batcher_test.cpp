#include "exporting/span_batcher.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace spandrel::exporting {
namespace {

using Advice = SpanBatcher::Advice;
using Groups = std::vector<std::vector<uint32_t>>;

Groups groupsOf(const std::vector<uint32_t>& words) {
  Groups groups;
  for (size_t at = 0; at < words.size(); at += words[at] + 1) {
    const auto first = words.begin() + static_cast<std::ptrdiff_t>(at) + 1;
    groups.emplace_back(first, first + words[at]);
  }
  return groups;
}

Advice addAll(SpanBatcher& batcher, uint32_t first, uint32_t last, int64_t now = 0) {
  Advice advice = Advice::Wait;
  for (uint32_t item = first; item <= last; ++item) advice = batcher.add("c.s.spans", item, now);
  return advice;
}

TEST(SpanBatcher, AsksForABatchOnlyWhenItIsFull) {
  SpanBatcher batcher({.maxBatchSize = 5});

  EXPECT_EQ(addAll(batcher, 1, 4), Advice::Wait);
  EXPECT_TRUE(batcher.take(false, 0).empty());
  EXPECT_EQ(addAll(batcher, 5, 5), Advice::TakeSoon);

  EXPECT_EQ(groupsOf(batcher.take(false, 0)), (Groups{{1, 2, 3, 4, 5}}));
  EXPECT_EQ(batcher.waiting(), 0u);
}

TEST(SpanBatcher, TakesFullBatchesAndLeavesTheRest) {
  SpanBatcher batcher({.maxBatchSize = 2});
  addAll(batcher, 1, 5);
  EXPECT_EQ(groupsOf(batcher.take(false, 0)), (Groups{{1, 2}, {3, 4}}));
  EXPECT_EQ(batcher.waiting(), 1u);
  EXPECT_EQ(groupsOf(batcher.take(true, 0)), (Groups{{5}}));
}

TEST(SpanBatcher, IsDueAnIntervalAfterTheFirstSpanAndAfterEachTake) {
  SpanBatcher batcher({.maxBatchSize = 2, .intervalMillis = 100});
  EXPECT_EQ(batcher.millisUntilDue(0), -1);

  addAll(batcher, 1, 1, 1'000);
  EXPECT_EQ(batcher.millisUntilDue(1'000), 100);
  addAll(batcher, 2, 3, 1'040);
  EXPECT_EQ(batcher.millisUntilDue(1'040), 60);
  EXPECT_EQ(batcher.millisUntilDue(1'500), 0);

  batcher.take(false, 1'050);
  EXPECT_EQ(batcher.millisUntilDue(1'050), 100);
  batcher.take(true, 1'060);
  EXPECT_EQ(batcher.millisUntilDue(1'060), -1);
}

TEST(SpanBatcher, GroupsByLocationInsideEachBatch) {
  SpanBatcher batcher({.maxBatchSize = 4});
  const std::pair<const char*, uint32_t> spans[] = {{"a", 1}, {"b", 2}, {"a", 3},
                                                    {"b", 4}, {"b", 5}, {"a", 6}};
  for (const auto& [location, item] : spans) batcher.add(location, item, 0);

  EXPECT_EQ(groupsOf(batcher.take(false, 0)), (Groups{{1, 3}, {2, 4}}));
  EXPECT_EQ(groupsOf(batcher.take(true, 0)), (Groups{{5}, {6}}));
}

TEST(SpanBatcher, KeepsSpansOfOneNumberApart) {
  SpanBatcher batcher({.maxBatchSize = 3});
  for (int i = 0; i < 3; ++i) batcher.add("", 0, 0);
  EXPECT_EQ(groupsOf(batcher.take(false, 0)), (Groups{{0, 0, 0}}));
}

TEST(SpanBatcher, GathersNothingWhereABatchIsOneSpan) {
  for (uint32_t size : {0u, 1u}) {
    SpanBatcher batcher({.maxBatchSize = size});
    EXPECT_EQ(batcher.add("a", 1, 0), Advice::SendAlone);
    EXPECT_TRUE(batcher.stop().empty());
    EXPECT_EQ(batcher.add("a", 2, 0), Advice::SendAlone);
    EXPECT_EQ(batcher.dropped(), 0u);
    EXPECT_EQ(batcher.millisUntilDue(0), -1);
  }
}

TEST(SpanBatcher, StopGivesTheRestAndDropsWhatComesLater) {
  SpanBatcher batcher({});
  addAll(batcher, 1, 3);
  EXPECT_EQ(groupsOf(batcher.stop()), (Groups{{1, 2, 3}}));

  EXPECT_EQ(addAll(batcher, 4, 5), Advice::Dropped);

  EXPECT_EQ(batcher.dropped(), 2u);
  EXPECT_TRUE(batcher.stop().empty());
  EXPECT_TRUE(batcher.take(true, 0).empty());
}

TEST(SpanBatcher, InsistsWhenManyBatchesAreFull) {
  SpanBatcher batcher({.maxBatchSize = 2});
  const uint32_t limit = 2 * SpanBatcher::kMaxFullBatches;
  EXPECT_EQ(addAll(batcher, 1, limit - 1), Advice::TakeSoon);
  EXPECT_EQ(addAll(batcher, limit, limit), Advice::TakeNow);
  batcher.take(false, 0);
  EXPECT_EQ(addAll(batcher, 1, 1), Advice::Wait);
}

TEST(SpanBatcher, KeepsOrderWithinALocationUnderManyLocations) {
  SpanBatcher batcher({.maxBatchSize = 64});
  for (uint32_t item = 0; item < 64; ++item)
    batcher.add("c.s.table_" + std::to_string(item % 7), item, 0);

  const Groups groups = groupsOf(batcher.take(false, 0));

  ASSERT_EQ(groups.size(), 7u);
  for (size_t group = 0; group < 7; ++group) {
    for (size_t i = 0; i < groups[group].size(); ++i) EXPECT_EQ(groups[group][i], group + 7 * i);
  }
}

TEST(SpanBatcher, GivesOutEverySpanOnceUnderRandomOperations) {
  SpanBatcher batcher({.maxBatchSize = 5, .intervalMillis = 10});
  uint32_t state = 3;
  const auto draw = [&state](uint32_t below) {
    state = state * 1'664'525u + 1'013'904'223u;
    return (state >> 8) % below;
  };
  uint32_t added = 0;
  std::vector<bool> taken(20'001);
  const auto note = [&](const std::vector<uint32_t>& words) {
    for (const auto& group : groupsOf(words)) {
      EXPECT_LE(group.size(), 5u);
      for (const uint32_t item : group) {
        EXPECT_FALSE(taken[item]);
        taken[item] = true;
      }
    }
  };
  for (int step = 0; step < 20'000; ++step) {
    if (draw(4) > 0)
      batcher.add(std::string(1, static_cast<char>('a' + draw(4))), added++, step);
    else
      note(batcher.take(draw(3) == 0, step));
  }
  note(batcher.stop());
  for (uint32_t item = 0; item < added; ++item) EXPECT_TRUE(taken[item]) << item;
}

}  // namespace
}  // namespace spandrel::exporting
