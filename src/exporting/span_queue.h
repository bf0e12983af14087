// The bounded queue of ended spans of one destination, and the batches taken from it.
//
// push() never blocks: past the byte budget, or the count limit where there is one, the newest span
// is dropped and counted. A batch stays inside the budget until it is settled, so a receiver that
// is away cannot make the queue grow. Batches are named by a number; a number that is not (or no
// longer) known is a no-op. Safe to use from several threads.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include "exporting/loss.h"
#include "record/record_ref.h"
#include "trace/ids.h"

namespace spandrel::exporting {

struct QueueLimits {
  uint64_t maxBytes = 32u << 20;  // of record bytes
  uint32_t maxSpans = 0;          // 0: the byte budget alone counts
  bool holdsTraces = false;      // keep a trace's records until the trace is complete (tail policy)
  bool holdsUntilTaken = false;  // … and then too, until takeTrace() asks for them
};

class SpanQueue {
 public:
  using BatchId = uint32_t;  // 0: no batch

  explicit SpanQueue(QueueLimits limits) : limits_(limits) {}

  void setLimits(QueueLimits limits);

  // Counts the span as produced; false when it was dropped.
  bool push(record::RecordRef record);
  // A span that never became a record, or cannot be kept, is still produced and lost.
  void countLost(LossReason reason, uint64_t spans = 1);

  // Whole-trace policy: what is held of this trace becomes ready, or is dropped under a reason.
  void releaseTrace(const trace::TraceId& id);
  void discardTrace(const trace::TraceId& id, LossReason reason);
  void releaseAll();
  // What is held of this trace as a batch of its own, also where that is nothing.
  BatchId takeTrace(const trace::TraceId& id);
  // Traces of which something is held.
  std::vector<trace::TraceId> heldTraces() const;

  uint32_t readySpans() const;
  uint64_t readyBytes() const;

  // The oldest ready spans: at most maxSpans and, but for a single larger one, at most maxBytes of
  // records.
  BatchId take(uint32_t maxSpans, uint64_t maxBytes);
  std::vector<record::RecordRef> records(BatchId batch) const;
  uint32_t spanCount(BatchId batch) const;

  // `rejected` of the batch's spans were refused by the receiver, the rest is delivered.
  void settleDelivered(BatchId batch, uint64_t rejected = 0);
  void settleLost(BatchId batch, LossReason reason);
  // Two batches in place of one; both 0 when it has fewer than two spans.
  std::pair<BatchId, BatchId> split(BatchId batch);

  // Everything that is ready, held or taken is lost under this reason.
  void drain(LossReason reason);

  Counters counters() const;
  // Records of one trace that are still ready or held (not those in a batch), in order of arrival.
  std::vector<record::RecordRef> pendingOf(const trace::TraceId& id) const;

 private:
  struct Batch {
    std::vector<record::RecordRef> records;
    uint64_t bytes = 0;
  };

  void makeReady(record::RecordRef record);
  BatchId addBatch(Batch batch);
  void forget(std::vector<record::RecordRef>& records, LossReason reason);
  void count(LossReason reason, uint64_t spans) {
    counters_.dropped[static_cast<size_t>(reason)] += spans;
  }

  mutable std::mutex lock_;
  QueueLimits limits_;
  std::deque<record::RecordRef> ready_;
  std::unordered_map<trace::TraceId, std::vector<record::RecordRef>, trace::TraceIdHash> held_;
  std::unordered_map<BatchId, Batch> batches_;
  Counters counters_;
  uint64_t readyBytes_ = 0;
  uint64_t keptBytes_ = 0;  // ready, held and taken
  uint64_t keptSpans_ = 0;
  BatchId lastBatch_ = 0;
};

}  // namespace spandrel::exporting
