#include "exporting/span_queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <string>
#include <thread>

namespace spandrel::exporting {
namespace {

using record::Block;
using record::RecordRef;
namespace header = record::header;

constexpr uint32_t kRecordBytes = header::kWords * 4;

// A record with nothing but a header; the first byte of its trace id tells traces apart.
RecordRef makeRecord(uint8_t trace = 1, uint32_t bytes = kRecordBytes, uint32_t flags = 0) {
  Block* block = Block::allocate(bytes);
  std::memset(block->data(), 0, bytes);
  auto* words = reinterpret_cast<uint32_t*>(block->data());
  words[header::kByteLength] = bytes;
  words[header::kFlags] = flags;
  words[header::kTraceId] = trace;
  RecordRef record(block, 0);
  block->release();
  return record;
}

trace::TraceId traceId(uint8_t first) {
  trace::TraceId id{};
  id.bytes[0] = first;
  return id;
}

uint64_t lost(const SpanQueue& queue, LossReason reason) {
  return queue.counters().dropped[static_cast<size_t>(reason)];
}

TEST(LossReason, HasTheSpellingUsersSee) {
  const char* names[] = {"queue_full",     "too_large",   "rejected",        "http_4xx",
                         "gave_up",        "shutdown",    "unknown_outcome", "late",
                         "not_ready",      "module_dead", "trace_evicted",   "trace_expired",
                         "redaction_error"};
  for (size_t i = 0; i < kLossReasons; ++i)
    EXPECT_EQ(lossReasonName(static_cast<LossReason>(i)), names[i]);
}

TEST(SpanQueue, GivesSpansInOrderOfArrival) {
  SpanQueue queue({});
  for (uint8_t i = 1; i <= 5; ++i) queue.push(makeRecord(i));

  const auto first = queue.take(2, 1 << 20);
  const auto second = queue.take(9, 1 << 20);

  ASSERT_EQ(queue.spanCount(first), 2u);
  ASSERT_EQ(queue.spanCount(second), 3u);
  EXPECT_EQ(queue.records(first)[0].words()[header::kTraceId], 1u);
  EXPECT_EQ(queue.records(second)[2].words()[header::kTraceId], 5u);
  EXPECT_EQ(queue.readySpans(), 0u);
  EXPECT_EQ(queue.take(9, 1 << 20), 0u);
}

TEST(SpanQueue, BoundsABatchByBytesButTakesASingleLargerSpan) {
  SpanQueue queue({});
  queue.push(makeRecord(1, 4 * kRecordBytes));
  queue.push(makeRecord(2));
  queue.push(makeRecord(3));
  queue.push(makeRecord(4));

  EXPECT_EQ(queue.spanCount(queue.take(9, 2 * kRecordBytes)), 1u);
  EXPECT_EQ(queue.spanCount(queue.take(9, 2 * kRecordBytes)), 2u);
  EXPECT_EQ(queue.readyBytes(), kRecordBytes);
}

TEST(SpanQueue, DropsTheNewestSpanWhenTheByteBudgetIsUsed) {
  SpanQueue queue({.maxBytes = 2 * kRecordBytes});

  EXPECT_TRUE(queue.push(makeRecord(1)));
  EXPECT_TRUE(queue.push(makeRecord(2)));
  EXPECT_FALSE(queue.push(makeRecord(3)));

  EXPECT_EQ(lost(queue, LossReason::QueueFull), 1u);
  EXPECT_EQ(queue.counters().produced, 3u);
  EXPECT_EQ(queue.counters().pending(), 2u);
}

TEST(SpanQueue, DropsTheNewestSpanWhenTheCountLimitIsReached) {
  SpanQueue queue({.maxSpans = 1});
  queue.push(makeRecord());
  EXPECT_FALSE(queue.push(makeRecord()));
  EXPECT_EQ(lost(queue, LossReason::QueueFull), 1u);
}

TEST(SpanQueue, CallsASpanTooLargeThatNoEmptyQueueWouldTake) {
  SpanQueue queue({.maxBytes = kRecordBytes});
  EXPECT_FALSE(queue.push(makeRecord(1, kRecordBytes + 4)));
  EXPECT_EQ(lost(queue, LossReason::TooLarge), 1u);
}

TEST(SpanQueue, ABatchStaysInTheBudgetUntilItIsSettled) {
  SpanQueue queue({.maxBytes = kRecordBytes});
  queue.push(makeRecord());
  const auto batch = queue.take(1, 1 << 20);

  EXPECT_FALSE(queue.push(makeRecord()));
  queue.settleDelivered(batch);
  EXPECT_TRUE(queue.push(makeRecord()));
}

TEST(SpanQueue, CountsWhatAReceiverRefusedOfABatch) {
  SpanQueue queue({});
  for (int i = 0; i < 5; ++i) queue.push(makeRecord());

  queue.settleDelivered(queue.take(5, 1 << 20), 2);

  EXPECT_EQ(queue.counters().delivered, 3u);
  EXPECT_EQ(lost(queue, LossReason::Rejected), 2u);
}

TEST(SpanQueue, NeverCountsMoreRefusedThanSent) {
  SpanQueue queue({});
  queue.push(makeRecord());
  queue.settleDelivered(queue.take(1, 1 << 20), ~0ull);
  EXPECT_EQ(queue.counters().delivered, 0u);
  EXPECT_EQ(lost(queue, LossReason::Rejected), 1u);
}

TEST(SpanQueue, SettlesABatchOnce) {
  SpanQueue queue({});
  queue.push(makeRecord());
  const auto batch = queue.take(1, 1 << 20);

  queue.settleLost(batch, LossReason::GaveUp);
  queue.settleDelivered(batch);
  queue.settleLost(batch, LossReason::Http4xx);
  queue.settleDelivered(4711);

  EXPECT_EQ(queue.counters().delivered, 0u);
  EXPECT_EQ(queue.counters().droppedTotal(), 1u);
  EXPECT_EQ(lost(queue, LossReason::GaveUp), 1u);
}

TEST(SpanQueue, HalvesABatchUntilOneSpanIsLeft) {
  SpanQueue queue({});
  for (uint8_t i = 1; i <= 3; ++i) queue.push(makeRecord(i));
  const auto whole = queue.take(3, 1 << 20);

  const auto [first, second] = queue.split(whole);

  EXPECT_EQ(second, first + 1);
  EXPECT_EQ(queue.spanCount(whole), 0u);
  EXPECT_EQ(queue.spanCount(first), 1u);
  ASSERT_EQ(queue.spanCount(second), 2u);
  EXPECT_EQ(queue.records(second)[0].words()[header::kTraceId], 2u);
  EXPECT_EQ(queue.split(first), (std::pair<SpanQueue::BatchId, SpanQueue::BatchId>{0, 0}));
  EXPECT_EQ(queue.counters().pending(), 3u);
}

TEST(SpanQueue, HoldsATraceUntilItIsComplete) {
  SpanQueue queue({.holdsTraces = true});
  queue.push(makeRecord(1));
  queue.push(makeRecord(2));
  EXPECT_EQ(queue.readySpans(), 0u);

  queue.push(makeRecord(1, kRecordBytes, record::flags::kCompletes));

  EXPECT_EQ(queue.readySpans(), 2u);
  EXPECT_EQ(queue.pendingOf(traceId(2)).size(), 1u);
  EXPECT_EQ(queue.counters().pending(), 3u);
}

TEST(SpanQueue, ReleasesOrDiscardsAHeldTrace) {
  SpanQueue queue({.holdsTraces = true});
  for (uint8_t i = 1; i <= 3; ++i) queue.push(makeRecord(i));

  queue.releaseTrace(traceId(1));
  queue.discardTrace(traceId(2), LossReason::TraceExpired);
  queue.releaseTrace(traceId(9));
  EXPECT_EQ(queue.readySpans(), 1u);
  EXPECT_EQ(lost(queue, LossReason::TraceExpired), 1u);

  queue.releaseAll();
  EXPECT_EQ(queue.readySpans(), 2u);
}

TEST(SpanQueue, KeepsACompleteTraceUntilItIsTakenAsABatchOfItsOwn) {
  SpanQueue queue({.holdsTraces = true, .holdsUntilTaken = true});
  queue.push(makeRecord(1));
  queue.push(makeRecord(2));
  queue.push(makeRecord(1, kRecordBytes, record::flags::kCompletes));
  EXPECT_EQ(queue.readySpans(), 0u);
  EXPECT_EQ(queue.heldTraces().size(), 2u);

  const auto first = queue.takeTrace(traceId(1));
  EXPECT_EQ(queue.spanCount(first), 2u);
  queue.push(makeRecord(1, kRecordBytes, record::flags::kCompletes));  // late
  const auto late = queue.takeTrace(traceId(1));
  EXPECT_EQ(queue.spanCount(late), 1u);
  EXPECT_EQ(queue.heldTraces(), std::vector<trace::TraceId>{traceId(2)});

  queue.settleDelivered(first);
  queue.settleLost(late, LossReason::Late);
  EXPECT_EQ(queue.counters().delivered, 2u);
  EXPECT_EQ(lost(queue, LossReason::Late), 1u);
  EXPECT_EQ(queue.counters().pending(), 1u);
}

TEST(SpanQueue, ABatchOfATraceOfWhichNothingIsHeldIsEmptyAndCountsNothing) {
  SpanQueue queue({.holdsTraces = true, .holdsUntilTaken = true});
  const auto batch = queue.takeTrace(traceId(1));
  EXPECT_NE(batch, 0u);
  EXPECT_EQ(queue.spanCount(batch), 0u);
  queue.settleDelivered(batch);
  EXPECT_EQ(queue.counters().produced, 0u);
  EXPECT_EQ(queue.counters().delivered, 0u);
}

TEST(SpanQueue, DrainLosesReadyHeldAndTakenSpans) {
  SpanQueue queue({.maxBytes = 3 * kRecordBytes, .holdsTraces = true});
  queue.push(makeRecord(1, kRecordBytes, record::flags::kCompletes));
  queue.push(makeRecord(2, kRecordBytes, record::flags::kCompletes));
  queue.push(makeRecord(3));
  const auto batch = queue.take(1, 1 << 20);

  queue.drain(LossReason::Shutdown);
  queue.settleDelivered(batch);

  EXPECT_EQ(lost(queue, LossReason::Shutdown), 3u);
  EXPECT_EQ(queue.counters().delivered, 0u);
  EXPECT_EQ(queue.counters().pending(), 0u);
  EXPECT_TRUE(queue.push(makeRecord(1, 3 * kRecordBytes)));  // the whole budget is free again
}

TEST(SpanQueue, CountsLossesThatNeverWereRecords) {
  SpanQueue queue({});
  queue.countLost(LossReason::NotReady, 7);
  EXPECT_EQ(queue.counters().produced, 7u);
  EXPECT_EQ(queue.counters().pending(), 0u);
}

TEST(SpanQueue, AccountsForEverySpanUnderRandomOperations) {
  SpanQueue queue({.maxBytes = 40 * kRecordBytes, .maxSpans = 30, .holdsTraces = true});
  std::vector<SpanQueue::BatchId> batches;
  uint32_t state = 7;
  const auto draw = [&state](uint32_t below) {
    state = state * 1'664'525u + 1'013'904'223u;
    return (state >> 8) % below;
  };
  for (int step = 0; step < 20'000; ++step) {
    switch (draw(9)) {
      case 0:
        batches.push_back(queue.take(1 + draw(5), kRecordBytes * (1 + draw(5))));
        break;
      case 1:
        if (!batches.empty()) queue.settleDelivered(batches[draw(batches.size())], draw(3));
        break;
      case 2:
        if (!batches.empty()) queue.settleLost(batches[draw(batches.size())], LossReason::GaveUp);
        break;
      case 3:
        if (!batches.empty()) {
          const auto [a, b] = queue.split(batches[draw(batches.size())]);
          batches.insert(batches.end(), {a, b});
        }
        break;
      case 4:
        queue.releaseTrace(traceId(draw(6)));
        break;
      case 5:
        queue.discardTrace(traceId(draw(6)), LossReason::TraceEvicted);
        break;
      case 6:
        if (draw(8) == 0) batches.push_back(queue.takeTrace(traceId(draw(6))));
        break;
      default:
        queue.push(makeRecord(draw(6), kRecordBytes * (1 + draw(2)),
                              draw(4) ? 0 : record::flags::kCompletes));
    }
  }

  uint64_t kept = queue.readySpans();
  for (const auto batch : std::set(batches.begin(), batches.end())) kept += queue.spanCount(batch);
  for (uint8_t i = 0; i < 6; ++i) kept += queue.pendingOf(traceId(i)).size();
  // pendingOf() counts ready spans as well.
  kept -= queue.readySpans();
  EXPECT_EQ(queue.counters().pending(), kept);

  queue.drain(LossReason::Shutdown);
  EXPECT_EQ(queue.counters().pending(), 0u);
}

TEST(SpanQueue, LosesNothingWhenSeveralThreadsUseIt) {
  SpanQueue queue({.maxBytes = 1u << 30});
  constexpr int kThreads = 4;
  constexpr int kSpans = 2'000;
  std::atomic<int> stillPushing = kThreads;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < kSpans; ++n) queue.push(makeRecord());
      --stillPushing;
    });
  }
  threads.emplace_back([&] {
    while (stillPushing > 0 || queue.readySpans() > 0)
      queue.settleDelivered(queue.take(64, 1 << 20), 1);
  });
  for (auto& thread : threads) thread.join();

  const Counters counters = queue.counters();
  EXPECT_EQ(counters.produced, static_cast<uint64_t>(kThreads * kSpans));
  EXPECT_EQ(counters.delivered + counters.droppedTotal(), counters.produced);
}

}  // namespace
}  // namespace spandrel::exporting
