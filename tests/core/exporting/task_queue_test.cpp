#include "exporting/task_queue.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "exporting/numbered.h"

namespace spandrel::exporting {
namespace {

using State = TaskQueue::State;
using PutOutcome = TaskQueue::PutOutcome;

// Starts what may start, as a host does.
std::vector<uint32_t> startAll(TaskQueue& queue) {
  std::vector<uint32_t> started;
  while (const uint32_t task = queue.next()) started.push_back(task);
  return started;
}

// Puts the tasks `first` … `last` at time 0.
void putAll(TaskQueue& queue, uint32_t first, uint32_t last) {
  for (uint32_t task = first; task <= last; ++task) queue.put(task, 0);
}

// Runs one after the other what waits, and gives the order.
std::vector<uint32_t> runAll(TaskQueue& queue) {
  std::vector<uint32_t> ran;
  while (const uint32_t task = queue.next()) {
    ran.push_back(task);
    queue.done(task);
  }
  return ran;
}

TEST(TaskQueue, IsInactiveUntilTheFirstTask) {
  TaskQueue queue({});
  EXPECT_EQ(queue.state(), State::Inactive);
  EXPECT_EQ(queue.next(), 0u);

  EXPECT_EQ(queue.put(1, 0), PutOutcome::Accepted);

  EXPECT_EQ(queue.state(), State::Active);
}

TEST(TaskQueue, ActivatesOnce) {
  TaskQueue queue({});
  queue.activate();
  queue.put(1, 0);
  queue.activate();
  EXPECT_EQ(queue.state(), State::Active);
  EXPECT_EQ(queue.waiting(), 1u);
}

TEST(TaskQueue, GivesTasksInOrderOfArrival) {
  TaskQueue queue({.workers = 1});
  putAll(queue, 1, 5);
  EXPECT_EQ(runAll(queue), (std::vector<uint32_t>{1, 2, 3, 4, 5}));
  EXPECT_EQ(queue.counters().done, 5u);
}

TEST(TaskQueue, RunsNoMoreTasksAtATimeThanItHasWorkers) {
  TaskQueue queue({.workers = 2});
  putAll(queue, 1, 4);

  EXPECT_EQ(startAll(queue), (std::vector<uint32_t>{1, 2}));
  EXPECT_EQ(queue.running(), 2u);
  queue.done(2);

  EXPECT_EQ(startAll(queue), (std::vector<uint32_t>{3}));
}

TEST(TaskQueue, DropsTheNewestTaskWhenItIsFull) {
  TaskQueue queue({.capacity = 3, .workers = 1});
  queue.put(1, 0);
  startAll(queue);

  putAll(queue, 2, 4);
  EXPECT_EQ(queue.put(5, 0), PutOutcome::DroppedLoudly);
  EXPECT_EQ(queue.put(6, 0), PutOutcome::Dropped);
  queue.done(1);

  EXPECT_EQ(runAll(queue), (std::vector<uint32_t>{2, 3, 4}));
  EXPECT_EQ(queue.counters().accepted, 4u);
  EXPECT_EQ(queue.counters().dropped, 2u);
}

TEST(TaskQueue, ATaskThatAFreeWorkerWillTakeDoesNotCountAsWaiting) {
  TaskQueue queue({.capacity = 3, .workers = 2});
  for (uint32_t task = 1; task <= 5; ++task) EXPECT_EQ(queue.put(task, 0), PutOutcome::Accepted);
  EXPECT_EQ(queue.put(6, 0), PutOutcome::DroppedLoudly);
}

TEST(TaskQueue, HasAtLeastOneWorkerAndOnePlace) {
  TaskQueue queue({.capacity = 0, .workers = 0});
  queue.put(1, 0);
  queue.put(2, 0);
  EXPECT_EQ(queue.put(3, 0), PutOutcome::DroppedLoudly);
  EXPECT_EQ(runAll(queue), (std::vector<uint32_t>{1, 2}));
}

TEST(TaskQueue, WarnsOfDropsOnceInMoreThanThirtySeconds) {
  TaskQueue queue({.capacity = 1, .workers = 1});
  putAll(queue, 1, 2);
  const auto isLoud = [&](int64_t now) { return queue.put(9, now) == PutOutcome::DroppedLoudly; };

  EXPECT_TRUE(isLoud(0));
  EXPECT_FALSE(isLoud(1'000));
  EXPECT_FALSE(isLoud(29'900));
  EXPECT_FALSE(isLoud(30'000));
  EXPECT_TRUE(isLoud(30'001));
  EXPECT_FALSE(isLoud(60'001));
  EXPECT_TRUE(isLoud(60'002));
}

TEST(TaskQueue, KeepsToTheWarningOfTheQueueItReplaces) {
  TaskQueue queue({.capacity = 1, .workers = 1}, 5'000);
  putAll(queue, 1, 2);
  EXPECT_EQ(queue.put(3, 35'000), PutOutcome::Dropped);
  EXPECT_EQ(queue.put(4, 35'001), PutOutcome::DroppedLoudly);
}

TEST(TaskQueue, HasNothingToFlushWhileInactive) {
  TaskQueue queue({});
  EXPECT_FALSE(queue.flush(true));
  EXPECT_EQ(queue.state(), State::Inactive);
}

TEST(TaskQueue, AFlushOfAnIdleQueueIsOverAtOnce) {
  TaskQueue queue({});
  queue.activate();
  EXPECT_FALSE(queue.flush(false));
  EXPECT_EQ(queue.state(), State::Active);
  EXPECT_FALSE(queue.flush(true));
  EXPECT_EQ(queue.state(), State::Terminated);
}

TEST(TaskQueue, AFlushIsOverWithTheLastAcceptedTask) {
  TaskQueue queue({.workers = 2});
  putAll(queue, 1, 3);
  startAll(queue);

  EXPECT_TRUE(queue.flush(false));
  EXPECT_EQ(queue.state(), State::Stopping);
  EXPECT_FALSE(queue.done(1));
  EXPECT_EQ(startAll(queue), (std::vector<uint32_t>{3}));
  EXPECT_FALSE(queue.done(3));
  EXPECT_TRUE(queue.done(2));

  EXPECT_EQ(queue.state(), State::Active);
}

TEST(TaskQueue, WhatIsPutDuringAFlushComesAfterIt) {
  TaskQueue queue({.workers = 1});
  queue.put(1, 0);
  startAll(queue);
  queue.flush(false);

  EXPECT_EQ(queue.put(2, 0), PutOutcome::Staged);
  EXPECT_EQ(queue.waiting(), 1u);
  EXPECT_TRUE(queue.done(1));

  EXPECT_EQ(runAll(queue), (std::vector<uint32_t>{2}));
  EXPECT_EQ(queue.counters().accepted, 2u);
}

TEST(TaskQueue, StagedTasksTakeRoomAsWell) {
  TaskQueue queue({.capacity = 2, .workers = 1});
  queue.put(1, 0);
  startAll(queue);
  queue.flush(false);
  EXPECT_EQ(queue.put(2, 0), PutOutcome::Staged);
  EXPECT_EQ(queue.put(3, 0), PutOutcome::Staged);
  EXPECT_EQ(queue.put(4, 0), PutOutcome::DroppedLoudly);
}

TEST(TaskQueue, FlushesThatMeetAreOneAndTerminateIfOneOfThemDoes) {
  TaskQueue queue({});
  queue.put(1, 0);
  startAll(queue);
  EXPECT_TRUE(queue.flush(false));
  EXPECT_TRUE(queue.flush(true));
  EXPECT_TRUE(queue.flush(false));

  EXPECT_TRUE(queue.done(1));

  EXPECT_EQ(queue.state(), State::Terminated);
}

TEST(TaskQueue, APutAfterTerminationActivatesAfresh) {
  TaskQueue queue({});
  queue.put(1, 0);
  runAll(queue);
  queue.flush(true);
  ASSERT_EQ(queue.state(), State::Terminated);

  EXPECT_EQ(queue.put(2, 0), PutOutcome::Accepted);

  EXPECT_EQ(queue.state(), State::Active);
  EXPECT_EQ(runAll(queue), (std::vector<uint32_t>{2}));
  EXPECT_FALSE(queue.flush(false));
  EXPECT_EQ(queue.state(), State::Active);
}

TEST(TaskQueue, APutDuringATerminatingFlushKeepsItActive) {
  TaskQueue queue({});
  queue.put(1, 0);
  startAll(queue);
  queue.flush(true);
  queue.put(2, 0);
  EXPECT_TRUE(queue.done(1));
  EXPECT_EQ(queue.state(), State::Active);
  EXPECT_EQ(runAll(queue), (std::vector<uint32_t>{2}));
}

TEST(TaskQueue, CountsATaskAsDoneOnce) {
  TaskQueue queue({});
  queue.put(1, 0);
  startAll(queue);
  queue.done(1);
  EXPECT_FALSE(queue.done(1));
  EXPECT_FALSE(queue.done(4711));
  EXPECT_EQ(queue.counters().done, 1u);
}

TEST(TaskQueue, AccountsForEveryTaskUnderRandomOperations) {
  TaskQueue queue({.capacity = 7, .workers = 3});
  std::vector<uint32_t> running;
  std::set<uint32_t> seen;
  uint32_t state = 11;
  const auto draw = [&state](uint32_t below) {
    state = state * 1'664'525u + 1'013'904'223u;
    return (state >> 8) % below;
  };
  uint32_t puts = 0;
  for (int step = 0; step < 50'000; ++step) {
    switch (draw(8)) {
      case 0:
      case 1:
        if (!running.empty()) {
          const size_t place = draw(static_cast<uint32_t>(running.size()));
          queue.done(running[place]);
          running.erase(running.begin() + static_cast<std::ptrdiff_t>(place));
        }
        break;
      case 2:
        queue.flush(draw(2) == 0);
        break;
      case 3:
      case 4:
        if (const uint32_t task = queue.next()) {
          EXPECT_TRUE(seen.insert(task).second);
          running.push_back(task);
        }
        break;
      default:
        queue.put(++puts, step);
    }
    EXPECT_LE(queue.running(), 3u);
    EXPECT_LE(queue.waiting() + queue.running(), 10u);
  }

  const TaskQueue::Counters counters = queue.counters();
  EXPECT_EQ(counters.accepted + counters.dropped, puts);
  EXPECT_EQ(counters.accepted, counters.done + queue.waiting() + queue.running());
}

TEST(Numbered, FindsAnObjectUntilItIsRemoved) {
  Numbered<TaskQueue> queues;
  const uint32_t first = queues.add(std::make_shared<TaskQueue>(TaskQueue::Limits{}));
  const uint32_t second = queues.add(std::make_shared<TaskQueue>(TaskQueue::Limits{}));
  EXPECT_NE(first, second);
  EXPECT_EQ(queues.size(), 2u);

  queues.with(first, false, [](TaskQueue& queue) {
    queue.activate();
    return true;
  });
  const auto stateOf = [&](uint32_t number) {
    return queues.with(number, -1,
                       [](TaskQueue& queue) { return static_cast<int>(queue.state()); });
  };
  EXPECT_EQ(stateOf(first), static_cast<int>(State::Active));
  EXPECT_EQ(stateOf(second), static_cast<int>(State::Inactive));

  queues.remove(first);
  queues.remove(first);
  queues.remove(0);

  EXPECT_EQ(stateOf(first), -1);
  EXPECT_EQ(queues.size(), 1u);
  EXPECT_NE(queues.add(std::make_shared<TaskQueue>(TaskQueue::Limits{})), first);
}

}  // namespace
}  // namespace spandrel::exporting
