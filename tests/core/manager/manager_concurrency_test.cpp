// Threads against the manager, the queue and the singleton. Run under ThreadSanitizer; without it
// the counts are checked all the same: nothing is lost, nothing comes twice.

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "exporting/span_queue.h"
#include "manager/trace_manager.h"
#include "span_builder.h"

namespace spandrel::manager {
namespace {

constexpr int kThreads = 4;

void inThreads(const std::function<void(int)>& work) {
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) threads.emplace_back(work, i);
  for (std::thread& thread : threads) thread.join();
}

record::RecordRef recordOf(const trace::TraceId& trace, uint64_t id, uint64_t parent) {
  const auto span = makeSpan(trace, id, parent);
  span->end({}, 2'000'000'000);
  return span->snapshot();
}

TEST(ManagerConcurrency, EveryThreadFindsAndPopsItsOwnTracesWhole) {
  TraceManager manager;
  std::atomic<int> popped{0};

  inThreads([&](int thread) {
    for (uint64_t round = 0; round < 100; ++round) {
      const trace::TraceId id = traceId(thread * 1000u + round + 1);
      const std::string text = trace::generateTraceIdV3(id);
      ASSERT_TRUE(manager.registerTrace(id, infoOf(id), round).ok());
      for (uint64_t span = 1; span <= 5; ++span)
        ASSERT_TRUE(manager.registerSpan(makeSpan(id, span, span - 1)).ok());
      EXPECT_EQ(manager.getRootSpanId(text), spanId(1).hex());
      EXPECT_TRUE(manager.registerPrompt(text, {"p", "1", "", R"({"name":"p","version":1})"}).ok());
      EXPECT_EQ(manager.getTrace(text)->spans.size(), 5u);
      const auto trace = manager.popTrace(id, round);
      ASSERT_TRUE(trace);
      EXPECT_EQ(trace->trace.spans.size(), 5u);
      EXPECT_EQ(trace->prompts.size(), 1u);
      ++popped;
    }
  });

  EXPECT_EQ(popped, kThreads * 100);
  EXPECT_EQ(manager.stats().traces, 0u);
  EXPECT_EQ(manager.stats().popped, static_cast<uint64_t>(popped));
}

TEST(ManagerConcurrency, OneTraceTakesSpansOfAllThreadsAndIsPoppedOnce) {
  TraceManager manager;
  const trace::TraceId id = traceId(1);
  const std::string text = trace::generateTraceIdV3(id);
  ASSERT_TRUE(manager.registerTrace(id, infoOf(id), 0).ok());

  inThreads([&](int thread) {
    for (uint64_t i = 0; i < 100; ++i) {
      const uint64_t number = thread * 100u + i + 1;
      if (i % 2 == 0) {
        ASSERT_TRUE(manager.registerSpan(makeSpan(id, number)).ok());
        EXPECT_TRUE(manager.getSpanFromId(text, spanId(number).hex()));
      } else {
        EXPECT_EQ(manager.keep(recordOf(id, number, 0)), KeepOutcome::Kept);
      }
      if (i % 20 == 0) manager.getTrace(text);
    }
  });
  std::atomic<int> winners{0};
  std::atomic<size_t> spans{0};
  inThreads([&](int) {
    if (const auto popped = manager.popTrace(id, 1)) {
      ++winners;
      spans = popped->trace.spans.size();
    }
  });

  EXPECT_EQ(winners, 1);
  EXPECT_EQ(spans, kThreads * 100u);
  EXPECT_EQ(manager.stats().recordBytes, 0u);
}

TEST(ManagerConcurrency, ATraceLeavesByExactlyOneDoor) {
  ManagerSettings settings;
  settings.maxTraces = 50;
  settings.ttlSeconds = 1;
  TraceManager manager(settings);
  std::atomic<uint64_t> popped{0};
  std::atomic<uint64_t> dropped{0};
  std::atomic<uint64_t> clock{0};

  inThreads([&](int thread) {
    for (uint64_t round = 0; round < 300; ++round) {
      const uint64_t now = clock += 7;
      const trace::TraceId id = traceId(thread * 1000u + round + 1);
      auto gone = manager.registerTrace(id, infoOf(id), now);
      ASSERT_TRUE(gone.ok());
      dropped += gone.value().size();
      manager.keep(recordOf(id, 1, 0));
      if (round % 3 == 0) popped += manager.popTrace(id, now).has_value();
      if (round % 10 == 0) dropped += manager.tick(now).expired.size();
    }
  });
  dropped += manager.tick(clock + 2000).expired.size();

  EXPECT_EQ(popped + dropped, kThreads * 300u);
  EXPECT_EQ(manager.stats().traces, 0u);
  EXPECT_EQ(manager.stats().recordBytes, 0u);
  EXPECT_EQ(manager.stats().evicted + manager.stats().expired, dropped);
}

TEST(ManagerConcurrency, ATimedOutTraceIsNamedToOneThread) {
  ManagerSettings settings;
  settings.timeoutSeconds = 1;
  TraceManager manager(settings);
  for (uint64_t i = 1; i <= 100; ++i)
    ASSERT_TRUE(manager.registerTrace(traceId(i), infoOf(traceId(i)), 0).ok());
  std::atomic<size_t> named{0};

  inThreads([&](int) {
    for (int i = 0; i < 10; ++i) named += manager.tick(1000).timedOut.size();
  });

  EXPECT_EQ(named, 100u);
}

TEST(ManagerConcurrency, ChangedTimeoutDiscardsOnceAndWarnsOnceWhileAllThreadsStartTraces) {
  TraceManager manager;
  std::atomic<int> warnings{0};
  manager.setLogger([&](LogSeverity severity, const std::string&) {
    warnings += severity == LogSeverity::Warning;
    manager.stats();  // the logger may call back
  });
  ASSERT_TRUE(manager.registerTrace(traceId(9999), infoOf(traceId(9999)), 0).ok());
  ManagerSettings settings;
  settings.timeoutSeconds = 60;
  manager.configure(settings);

  inThreads([&](int thread) {
    for (uint64_t i = 0; i < 50; ++i) {
      const trace::TraceId id = traceId(thread * 1000u + i + 1);
      ASSERT_TRUE(manager.registerTrace(id, infoOf(id), 0).ok());
    }
  });

  EXPECT_EQ(warnings, 1);
  EXPECT_EQ(manager.stats().evicted, 1u);
  EXPECT_EQ(manager.stats().traces, kThreads * 50u);
  EXPECT_EQ(manager.cacheTimeoutSeconds(), 60u);
}

TEST(ManagerConcurrency, InstancesSurviveResetsWhileTheyAreUsed) {
  inThreads([](int thread) {
    for (uint64_t i = 0; i < 100; ++i) {
      const std::shared_ptr<TraceManager> manager = TraceManager::getInstance();
      const trace::TraceId id = traceId(thread * 1000u + i + 1);
      ASSERT_TRUE(manager->registerTrace(id, infoOf(id), i).ok());
      if (i % 7 == 0) TraceManager::reset();
      manager->popTrace(id, i);
    }
  });

  EXPECT_EQ(TraceManager::getInstance(), TraceManager::getInstance());
  TraceManager::reset();
}

TEST(ManagerConcurrency, ALiveSpanIsEndedOnceAndKeepsWhatWasSetBefore) {
  std::atomic<int> records{0};
  auto runtime = std::make_shared<SpanRuntime>();
  runtime->spanHasEnded = [&](const LiveSpan&, record::RecordRef record, EndOutcome) {
    records += static_cast<bool>(record);
  };
  const auto span = makeSpan(traceId(1), 1, 0, "shared", runtime);
  std::atomic<int> ended{0};

  inThreads([&](int thread) {
    for (int i = 0; i < 30; ++i) {
      EXPECT_TRUE(
          span->setAttribute("k" + std::to_string(thread), trace::AnyValue::of(int64_t{i})).ok());
      span->addEvent({"e", 1, {}, 0});
      span->data();
    }
    ended += span->end({}, 5);
  });

  EXPECT_EQ(ended, 1);
  EXPECT_EQ(records, 1);
}

TEST(QueueConcurrency, EverySpanIsDeliveredOrCountedAsDropped) {
  using exporting::LossReason;
  exporting::QueueLimits limits;
  limits.maxSpans = 200;
  exporting::SpanQueue queue(limits);
  std::atomic<uint64_t> pushed{0};
  std::atomic<bool> isPushing{true};
  std::atomic<uint64_t> delivered{0};

  std::thread consumer([&] {
    for (int i = 0; isPushing || queue.readySpans() > 0; ++i) {
      const auto batch = queue.take(16, 1u << 20);
      if (batch == 0) {
        std::this_thread::yield();
        continue;
      }
      const uint64_t spans = queue.records(batch).size();
      if (i % 5 == 4) {
        queue.settleLost(batch, LossReason::GaveUp);
      } else {
        delivered += spans;
        queue.settleDelivered(batch);
      }
    }
  });
  inThreads([&](int thread) {
    for (uint64_t i = 0; i < 300; ++i) {
      queue.push(recordOf(traceId(thread + 1u), i + 1, 0));
      ++pushed;
    }
  });
  isPushing = false;
  consumer.join();

  const exporting::Counters counters = queue.counters();
  EXPECT_EQ(counters.produced, pushed);
  EXPECT_EQ(counters.delivered, delivered);
  EXPECT_EQ(counters.pending(), 0u);
}

}  // namespace
}  // namespace spandrel::manager
