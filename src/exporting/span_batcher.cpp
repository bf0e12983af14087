#include "exporting/span_batcher.h"

#include <algorithm>
#include <utility>

namespace spandrel::exporting {

SpanBatcher::SpanBatcher(Limits limits)
    : limits_{std::max(limits.maxBatchSize, 1u), std::max<int64_t>(limits.intervalMillis, 0)} {}

SpanBatcher::Advice SpanBatcher::add(std::string_view location, uint32_t item, int64_t nowMillis) {
  std::lock_guard lock(lock_);
  if (limits_.maxBatchSize == 1) return Advice::SendAlone;
  if (isStopped_) {
    ++dropped_;
    return Advice::Dropped;
  }
  if (waiting_.empty()) dueMillis_ = nowMillis + limits_.intervalMillis;
  auto known = locations_.find(location);
  if (known == locations_.end()) known = locations_.emplace(location, Location()).first;
  ++known->second.waiting;
  waiting_.push_back({known, item});
  const uint64_t full = waiting_.size() / limits_.maxBatchSize;
  return full == 0 ? Advice::Wait : full < kMaxFullBatches ? Advice::TakeSoon : Advice::TakeNow;
}

int64_t SpanBatcher::millisUntilDue(int64_t nowMillis) const {
  std::lock_guard lock(lock_);
  return waiting_.empty() ? -1 : std::max<int64_t>(dueMillis_ - nowMillis, 0);
}

std::vector<uint32_t> SpanBatcher::take(bool all, int64_t nowMillis) {
  std::lock_guard lock(lock_);
  dueMillis_ = nowMillis + limits_.intervalMillis;
  return takeLocked(all);
}

std::vector<uint32_t> SpanBatcher::stop() {
  std::lock_guard lock(lock_);
  isStopped_ = true;
  return takeLocked(true);
}

std::vector<uint32_t> SpanBatcher::takeLocked(bool all) {
  std::vector<uint32_t> words;
  while (waiting_.size() >= limits_.maxBatchSize) takeBatch(limits_.maxBatchSize, words);
  if (all && !waiting_.empty()) takeBatch(waiting_.size(), words);
  return words;
}

void SpanBatcher::takeBatch(size_t size, std::vector<uint32_t>& words) {
  ++batches_;
  std::vector<std::vector<uint32_t>> groups;
  for (size_t i = 0; i < size; ++i) {
    const auto [place, item] = waiting_.front();
    waiting_.pop_front();
    Location& location = place->second;
    if (location.batch != batches_) {
      location.batch = batches_;
      location.group = groups.size();
      groups.emplace_back();
    }
    groups[location.group].push_back(item);
    if (--location.waiting == 0) locations_.erase(place);
  }
  for (const auto& group : groups) {
    words.push_back(static_cast<uint32_t>(group.size()));
    words.insert(words.end(), group.begin(), group.end());
  }
}

uint32_t SpanBatcher::waiting() const {
  std::lock_guard lock(lock_);
  return static_cast<uint32_t>(waiting_.size());
}

uint64_t SpanBatcher::dropped() const {
  std::lock_guard lock(lock_);
  return dropped_;
}

}  // namespace spandrel::exporting
