#include "exporting/span_queue.h"

#include <algorithm>

namespace spandrel::exporting {
namespace {

trace::TraceId traceIdOf(const record::RecordRef& record) {
  trace::TraceId id;
  std::memcpy(id.bytes.data(), record.words() + record::header::kTraceId, id.bytes.size());
  return id;
}

}  // namespace

void SpanQueue::setLimits(QueueLimits limits) {
  std::lock_guard lock(lock_);
  limits_ = limits;
}

bool SpanQueue::push(record::RecordRef record) {
  const uint32_t bytes = record.byteLength();
  std::lock_guard lock(lock_);
  ++counters_.produced;
  const bool isFull = keptBytes_ + bytes > limits_.maxBytes ||
                      (limits_.maxSpans > 0 && keptSpans_ >= limits_.maxSpans);
  if (isFull) {
    count(bytes > limits_.maxBytes ? LossReason::TooLarge : LossReason::QueueFull, 1);
    return false;
  }
  keptBytes_ += bytes;
  ++keptSpans_;
  if (!limits_.holdsTraces) {
    makeReady(std::move(record));
    return true;
  }
  const trace::TraceId id = traceIdOf(record);
  const bool completes =
      !limits_.holdsUntilTaken && (record.flags() & record::flags::kCompletes) != 0;
  auto& held = held_[id];
  held.push_back(std::move(record));
  if (completes) {
    for (auto& each : held) makeReady(std::move(each));
    held_.erase(id);
  }
  return true;
}

void SpanQueue::makeReady(record::RecordRef record) {
  readyBytes_ += record.byteLength();
  ready_.push_back(std::move(record));
}

void SpanQueue::countLost(LossReason reason, uint64_t spans) {
  std::lock_guard lock(lock_);
  counters_.produced += spans;
  count(reason, spans);
}

void SpanQueue::releaseTrace(const trace::TraceId& id) {
  std::lock_guard lock(lock_);
  const auto found = held_.find(id);
  if (found == held_.end()) return;
  for (auto& each : found->second) makeReady(std::move(each));
  held_.erase(found);
}

void SpanQueue::discardTrace(const trace::TraceId& id, LossReason reason) {
  std::lock_guard lock(lock_);
  const auto found = held_.find(id);
  if (found == held_.end()) return;
  forget(found->second, reason);
  held_.erase(found);
}

void SpanQueue::releaseAll() {
  std::lock_guard lock(lock_);
  for (auto& [id, records] : held_) {
    for (auto& each : records) makeReady(std::move(each));
  }
  held_.clear();
}

SpanQueue::BatchId SpanQueue::takeTrace(const trace::TraceId& id) {
  std::lock_guard lock(lock_);
  Batch batch;
  const auto found = held_.find(id);
  if (found != held_.end()) {
    batch.records = std::move(found->second);
    held_.erase(found);
  }
  for (const auto& record : batch.records) batch.bytes += record.byteLength();
  return addBatch(std::move(batch));
}

std::vector<trace::TraceId> SpanQueue::heldTraces() const {
  std::lock_guard lock(lock_);
  std::vector<trace::TraceId> ids;
  ids.reserve(held_.size());
  for (const auto& [id, records] : held_) ids.push_back(id);
  return ids;
}

uint32_t SpanQueue::readySpans() const {
  std::lock_guard lock(lock_);
  return static_cast<uint32_t>(ready_.size());
}

uint64_t SpanQueue::readyBytes() const {
  std::lock_guard lock(lock_);
  return readyBytes_;
}

SpanQueue::BatchId SpanQueue::take(uint32_t maxSpans, uint64_t maxBytes) {
  std::lock_guard lock(lock_);
  if (ready_.empty() || maxSpans == 0) return 0;
  Batch batch;
  batch.records.reserve(std::min<size_t>(maxSpans, ready_.size()));
  while (!ready_.empty() && batch.records.size() < maxSpans) {
    const uint32_t bytes = ready_.front().byteLength();
    if (!batch.records.empty() && batch.bytes + bytes > maxBytes) break;
    batch.bytes += bytes;
    batch.records.push_back(std::move(ready_.front()));
    ready_.pop_front();
  }
  readyBytes_ -= batch.bytes;
  return addBatch(std::move(batch));
}

SpanQueue::BatchId SpanQueue::addBatch(Batch batch) {
  if (++lastBatch_ == 0) ++lastBatch_;
  batches_.emplace(lastBatch_, std::move(batch));
  return lastBatch_;
}

std::vector<record::RecordRef> SpanQueue::records(BatchId batch) const {
  std::lock_guard lock(lock_);
  const auto found = batches_.find(batch);
  return found == batches_.end() ? std::vector<record::RecordRef>() : found->second.records;
}

uint32_t SpanQueue::spanCount(BatchId batch) const {
  std::lock_guard lock(lock_);
  const auto found = batches_.find(batch);
  return found == batches_.end() ? 0 : static_cast<uint32_t>(found->second.records.size());
}

void SpanQueue::settleDelivered(BatchId batch, uint64_t rejected) {
  std::lock_guard lock(lock_);
  const auto found = batches_.find(batch);
  if (found == batches_.end()) return;
  const uint64_t spans = found->second.records.size();
  const uint64_t refused = std::min(rejected, spans);
  counters_.delivered += spans - refused;
  count(LossReason::Rejected, refused);
  keptBytes_ -= found->second.bytes;
  keptSpans_ -= spans;
  batches_.erase(found);
}

void SpanQueue::settleLost(BatchId batch, LossReason reason) {
  std::lock_guard lock(lock_);
  const auto found = batches_.find(batch);
  if (found == batches_.end()) return;
  forget(found->second.records, reason);
  batches_.erase(found);
}

std::pair<SpanQueue::BatchId, SpanQueue::BatchId> SpanQueue::split(BatchId batch) {
  std::lock_guard lock(lock_);
  const auto found = batches_.find(batch);
  if (found == batches_.end() || found->second.records.size() < 2) return {0, 0};
  Batch whole = std::move(found->second);
  batches_.erase(found);
  const size_t half = whole.records.size() / 2;
  std::pair<BatchId, BatchId> ids;
  for (BatchId* id : {&ids.first, &ids.second}) {
    if (++lastBatch_ == 0) ++lastBatch_;
    *id = lastBatch_;
    const bool isFirst = id == &ids.first;
    Batch part;
    for (size_t i = isFirst ? 0 : half; i < (isFirst ? half : whole.records.size()); ++i) {
      part.bytes += whole.records[i].byteLength();
      part.records.push_back(std::move(whole.records[i]));
    }
    batches_.emplace(*id, std::move(part));
  }
  return ids;
}

void SpanQueue::drain(LossReason reason) {
  std::lock_guard lock(lock_);
  std::vector<record::RecordRef> all(std::make_move_iterator(ready_.begin()),
                                     std::make_move_iterator(ready_.end()));
  ready_.clear();
  readyBytes_ = 0;
  forget(all, reason);
  for (auto& [id, records] : held_) forget(records, reason);
  held_.clear();
  for (auto& [id, batch] : batches_) forget(batch.records, reason);
  batches_.clear();
}

void SpanQueue::forget(std::vector<record::RecordRef>& records, LossReason reason) {
  for (const auto& record : records) keptBytes_ -= record.byteLength();
  keptSpans_ -= records.size();
  count(reason, records.size());
  records.clear();
}

Counters SpanQueue::counters() const {
  std::lock_guard lock(lock_);
  return counters_;
}

std::vector<record::RecordRef> SpanQueue::pendingOf(const trace::TraceId& id) const {
  std::lock_guard lock(lock_);
  std::vector<record::RecordRef> found;
  for (const auto& record : ready_) {
    if (traceIdOf(record) == id) found.push_back(record);
  }
  const auto held = held_.find(id);
  if (held != held_.end()) found.insert(found.end(), held->second.begin(), held->second.end());
  return found;
}

}  // namespace spandrel::exporting
