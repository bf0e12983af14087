// Spans as a structure of arrays, in chunks of 4,096 rows that never move.
//
// A row is 72 bytes: what the tree, the layout and the list need. Everything else stays encoded in
// the blob store. Rows are appended; the store slides them together when many have died.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "view/blob_store.h"

namespace spandrel::view {

using Row = uint32_t;
inline constexpr Row kNoRow = UINT32_MAX;
inline constexpr uint32_t kNoTrace = UINT32_MAX;

namespace span_flag {
inline constexpr uint8_t kOpen = 1;  // no end yet: a snapshot, or cut off by a shutdown
inline constexpr uint8_t kHasEvents = 2;
inline constexpr uint8_t kHasLinks = 4;
inline constexpr uint8_t kHasUsage = 8;     // token counts among the attributes
inline constexpr uint8_t kIsReplaced = 16;  // the same id came more than once, complete both times
inline constexpr uint8_t kHasDropped = 32;  // the sender left out attributes, events or links
inline constexpr uint8_t kHasTraceAttributes = 64;  // mlflow.traceTag.… or mlflow.traceMetadata.…
}  // namespace span_flag

class SpanColumns {
 public:
  static constexpr size_t kChunkRows = 4096;

  struct Chunk {
    uint64_t spanId[kChunkRows];  // the bytes of the id as they stand in memory
    uint64_t parentSpanId[kChunkRows];
    uint64_t startTimeNs[kChunkRows];
    uint64_t endTimeNs[kChunkRows];
    uint32_t trace[kChunkRows];  // slot in the store's traces; kNoTrace: dead
    uint32_t nextInTrace[kChunkRows];
    uint32_t ordinal[kChunkRows];  // arrival number within the trace
    uint32_t source[kChunkRows];   // resource and scope
    uint32_t name[kChunkRows];
    uint32_t type[kChunkRows];
    BlobRef blob[kChunkRows];
    uint8_t kind[kChunkRows];
    uint8_t status[kChunkRows];
    uint8_t flags[kChunkRows];
  };

  size_t size() const { return size_; }
  Row append() {
    if (size_ == chunks_.size() * kChunkRows) chunks_.push_back(std::unique_ptr<Chunk>(new Chunk));
    return static_cast<Row>(size_++);
  }
  // Keeps the first `rows` rows and gives the memory of the others back.
  void shrink(size_t rows) {
    size_ = rows;
    chunks_.resize((rows + kChunkRows - 1) / kChunkRows);
  }
  void copyRow(Row from, Row to);
  size_t memoryBytes() const { return chunks_.size() * sizeof(Chunk); }

  uint64_t& spanId(Row r) { return at(r).spanId[r % kChunkRows]; }
  uint64_t spanId(Row r) const { return at(r).spanId[r % kChunkRows]; }
  uint64_t& parentSpanId(Row r) { return at(r).parentSpanId[r % kChunkRows]; }
  uint64_t parentSpanId(Row r) const { return at(r).parentSpanId[r % kChunkRows]; }
  uint64_t& startTimeNs(Row r) { return at(r).startTimeNs[r % kChunkRows]; }
  uint64_t startTimeNs(Row r) const { return at(r).startTimeNs[r % kChunkRows]; }
  uint64_t& endTimeNs(Row r) { return at(r).endTimeNs[r % kChunkRows]; }
  uint64_t endTimeNs(Row r) const { return at(r).endTimeNs[r % kChunkRows]; }
  uint32_t& trace(Row r) { return at(r).trace[r % kChunkRows]; }
  uint32_t trace(Row r) const { return at(r).trace[r % kChunkRows]; }
  uint32_t& nextInTrace(Row r) { return at(r).nextInTrace[r % kChunkRows]; }
  uint32_t nextInTrace(Row r) const { return at(r).nextInTrace[r % kChunkRows]; }
  uint32_t& ordinal(Row r) { return at(r).ordinal[r % kChunkRows]; }
  uint32_t ordinal(Row r) const { return at(r).ordinal[r % kChunkRows]; }
  uint32_t& source(Row r) { return at(r).source[r % kChunkRows]; }
  uint32_t source(Row r) const { return at(r).source[r % kChunkRows]; }
  uint32_t& name(Row r) { return at(r).name[r % kChunkRows]; }
  uint32_t name(Row r) const { return at(r).name[r % kChunkRows]; }
  uint32_t& type(Row r) { return at(r).type[r % kChunkRows]; }
  uint32_t type(Row r) const { return at(r).type[r % kChunkRows]; }
  BlobRef& blob(Row r) { return at(r).blob[r % kChunkRows]; }
  const BlobRef& blob(Row r) const { return at(r).blob[r % kChunkRows]; }
  uint8_t& kind(Row r) { return at(r).kind[r % kChunkRows]; }
  uint8_t kind(Row r) const { return at(r).kind[r % kChunkRows]; }
  uint8_t& status(Row r) { return at(r).status[r % kChunkRows]; }
  uint8_t status(Row r) const { return at(r).status[r % kChunkRows]; }
  uint8_t& flags(Row r) { return at(r).flags[r % kChunkRows]; }
  uint8_t flags(Row r) const { return at(r).flags[r % kChunkRows]; }

 private:
  Chunk& at(Row r) { return *chunks_[r / kChunkRows]; }
  const Chunk& at(Row r) const { return *chunks_[r / kChunkRows]; }

  std::vector<std::unique_ptr<Chunk>> chunks_;
  size_t size_ = 0;
};

}  // namespace spandrel::view
