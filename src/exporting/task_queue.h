// The policy of a queue of export tasks: which are accepted, which runs next, when a flush is over.
//
// Tasks are numbers that the host chooses; it keeps the work itself, runs what next() hands out and
// says done(). put() never blocks: where neither a worker is free nor room to wait, the newest task
// is dropped. What is put while the queue is being flushed is staged and comes after the flush, so
// that a flush ends although tasks put further tasks. A number that is not under way is a no-op for
// done(). Safe to use from several threads.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <unordered_set>

namespace spandrel::exporting {

inline constexpr int64_t kDropWarningPauseMillis = 30'000;

class TaskQueue {
 public:
  using TaskId = uint32_t;  // 0: no task

  struct Limits {
    uint32_t capacity = 1'000;  // tasks that wait beyond those a free worker takes; at least 1
    uint32_t workers = 10;      // tasks that run at a time; at least 1
  };

  enum class State : uint8_t {
    Inactive,  // nothing was put yet
    Active,
    Stopping,    // a flush is under way
    Terminated,  // after a flush that terminates; the next put() activates again
  };

  enum class PutOutcome : uint8_t {
    Accepted,
    Staged,  // accepted, to run after the flush that is under way
    Dropped,
    DroppedLoudly,  // and the host is to be warned: the first drop, then once in more than 30 s
  };

  struct Counters {
    uint64_t accepted = 0;  // staged ones included
    uint64_t dropped = 0;
    uint64_t done = 0;
  };

  // `lastWarningMillis`: when the host was last warned, by an earlier queue in whose place this one
  // stands; negative: never.
  explicit TaskQueue(Limits limits, int64_t lastWarningMillis = -1);

  // Times are milliseconds of a monotonic clock.
  PutOutcome put(TaskId task, int64_t nowMillis);
  void activate();

  // The oldest task that waits, if a worker is free; it is under way until done(). Else 0.
  TaskId next();
  // True when this was the last task that a flush waited for: the flush is over.
  bool done(TaskId task);

  // True: the flush is over when done() says so. False: nothing is under way, it is over already.
  // A second call while one is under way joins it, and may make it a terminating one.
  bool flush(bool terminate);

  State state() const;
  uint32_t waiting() const;  // staged ones included
  uint32_t running() const;
  Counters counters() const;

 private:
  bool isDrained() const { return waiting_.empty() && running_.empty(); }
  bool hasRoom() const;
  void finishFlush();

  mutable std::mutex lock_;
  const Limits limits_;
  State state_ = State::Inactive;
  bool terminates_ = false;
  std::deque<TaskId> waiting_;
  std::deque<TaskId> staged_;
  std::unordered_set<TaskId> running_;
  Counters counters_;
  int64_t lastWarningMillis_;
};

}  // namespace spandrel::exporting
