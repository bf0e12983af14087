// The queue of tasks and the batcher of spans, used by several threads: nothing is lost or given
// out twice, and a flush ends.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "exporting/numbered.h"
#include "exporting/span_batcher.h"
#include "exporting/task_queue.h"

namespace spandrel::exporting {
namespace {

constexpr uint32_t kThreads = 4;
constexpr uint32_t kEach = 2'000;

template <typename Work>
void onThreads(uint32_t count, const Work& work) {
  std::vector<std::thread> threads;
  for (uint32_t i = 0; i < count; ++i) threads.emplace_back(work, i);
  for (auto& thread : threads) thread.join();
}

TEST(TaskQueueConcurrency, RunsEveryAcceptedTaskOnceWhileItIsFlushedAgainAndAgain) {
  TaskQueue queue({.capacity = 64, .workers = kThreads});
  std::vector<std::atomic<int>> runs(kThreads * kEach + 1);
  std::atomic<uint32_t> stillPutting = kThreads;

  onThreads(2 * kThreads + 1, [&](uint32_t thread) {
    if (thread < kThreads) {
      for (uint32_t i = 0; i < kEach; ++i) queue.put(thread * kEach + i + 1, i);
      --stillPutting;
    } else if (thread < 2 * kThreads) {
      while (stillPutting > 0 || queue.waiting() > 0) {
        const uint32_t task = queue.next();
        if (task == 0) continue;
        ++runs[task];
        queue.done(task);
      }
    } else {
      while (stillPutting > 0) queue.flush(stillPutting % 2 == 0);
    }
  });

  const TaskQueue::Counters counters = queue.counters();
  EXPECT_EQ(counters.accepted + counters.dropped, uint64_t{kThreads} * kEach);
  EXPECT_EQ(counters.done, counters.accepted);
  uint64_t ran = 0;
  for (const auto& run : runs) {
    EXPECT_LE(run, 1);
    ran += static_cast<uint64_t>(run);
  }
  EXPECT_EQ(ran, counters.accepted);
  EXPECT_FALSE(queue.flush(true));
}

TEST(SpanBatcherConcurrency, GivesOutEverySpanOnceAndDropsTheRestAfterStop) {
  SpanBatcher batcher({.maxBatchSize = 7});
  std::mutex lock;
  std::vector<int> seen(kThreads * kEach);
  const auto note = [&](const std::vector<uint32_t>& words) {
    std::lock_guard guard(lock);
    for (size_t at = 0; at < words.size(); at += words[at] + 1) {
      for (size_t i = 1; i <= words[at]; ++i) ++seen[words[at + i]];
    }
  };

  onThreads(kThreads + 1, [&](uint32_t thread) {
    if (thread == kThreads) {
      for (int i = 0; i < 200; ++i) note(batcher.take(i % 3 == 0, i));
      return;
    }
    const std::string location(1, static_cast<char>('a' + thread % 2));
    for (uint32_t i = 0; i < kEach; ++i) {
      if (batcher.add(location, thread * kEach + i, i) >= SpanBatcher::Advice::TakeSoon)
        note(batcher.take(false, i));
    }
  });
  note(batcher.stop());
  batcher.add("a", 0, 0);

  EXPECT_EQ(std::count(seen.begin(), seen.end(), 1), static_cast<std::ptrdiff_t>(seen.size()));
  EXPECT_EQ(batcher.dropped(), 1u);
}

TEST(NumberedConcurrency, AnObjectInUseOutlivesItsRemoval) {
  Numbered<TaskQueue> queues;
  onThreads(kThreads, [&](uint32_t) {
    for (uint32_t i = 0; i < 500; ++i) {
      const uint32_t number = queues.add(std::make_shared<TaskQueue>(TaskQueue::Limits{}));
      queues.with(number, false, [&](TaskQueue& queue) {
        queues.remove(number);
        queue.put(1, 0);
        return true;
      });
    }
  });
  EXPECT_EQ(queues.size(), 0u);
}

}  // namespace
}  // namespace spandrel::exporting
