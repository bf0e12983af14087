#include "exporting/task_queue.h"

#include <algorithm>

namespace spandrel::exporting {

TaskQueue::TaskQueue(Limits limits, int64_t lastWarningMillis)
    : limits_{std::max(limits.capacity, 1u), std::max(limits.workers, 1u)},
      lastWarningMillis_(lastWarningMillis) {}

TaskQueue::PutOutcome TaskQueue::put(TaskId task, int64_t nowMillis) {
  std::lock_guard lock(lock_);
  if (state_ == State::Inactive || state_ == State::Terminated) state_ = State::Active;
  if (!hasRoom()) {
    ++counters_.dropped;
    const bool isLoud =
        lastWarningMillis_ < 0 || nowMillis - lastWarningMillis_ > kDropWarningPauseMillis;
    if (isLoud) lastWarningMillis_ = std::max<int64_t>(nowMillis, 0);
    return isLoud ? PutOutcome::DroppedLoudly : PutOutcome::Dropped;
  }
  ++counters_.accepted;
  if (state_ == State::Stopping) {
    staged_.push_back(task);
    return PutOutcome::Staged;
  }
  waiting_.push_back(task);
  return PutOutcome::Accepted;
}

// A task that a free worker is about to take does not wait, however late the host asks for it.
bool TaskQueue::hasRoom() const {
  const uint64_t taken = waiting_.size() + staged_.size() + running_.size();
  return taken < uint64_t{limits_.capacity} + limits_.workers;
}

void TaskQueue::activate() {
  std::lock_guard lock(lock_);
  if (state_ == State::Inactive || state_ == State::Terminated) state_ = State::Active;
}

TaskQueue::TaskId TaskQueue::next() {
  std::lock_guard lock(lock_);
  if (waiting_.empty() || running_.size() >= limits_.workers) return 0;
  const TaskId task = waiting_.front();
  waiting_.pop_front();
  running_.insert(task);
  return task;
}

bool TaskQueue::done(TaskId task) {
  std::lock_guard lock(lock_);
  if (running_.erase(task) == 0) return false;
  ++counters_.done;
  if (state_ != State::Stopping || !isDrained()) return false;
  finishFlush();
  return true;
}

bool TaskQueue::flush(bool terminate) {
  std::lock_guard lock(lock_);
  if (state_ == State::Inactive || state_ == State::Terminated) return false;
  state_ = State::Stopping;
  terminates_ = terminates_ || terminate;
  if (!isDrained()) return true;
  finishFlush();
  return false;
}

void TaskQueue::finishFlush() {
  state_ = terminates_ && staged_.empty() ? State::Terminated : State::Active;
  terminates_ = false;
  waiting_.swap(staged_);
}

TaskQueue::State TaskQueue::state() const {
  std::lock_guard lock(lock_);
  return state_;
}

uint32_t TaskQueue::waiting() const {
  std::lock_guard lock(lock_);
  return static_cast<uint32_t>(waiting_.size() + staged_.size());
}

uint32_t TaskQueue::running() const {
  std::lock_guard lock(lock_);
  return static_cast<uint32_t>(running_.size());
}

TaskQueue::Counters TaskQueue::counters() const {
  std::lock_guard lock(lock_);
  return counters_;
}

}  // namespace spandrel::exporting
