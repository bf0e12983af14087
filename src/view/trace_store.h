// All spans the viewer holds, by trace, within a budget of bytes.
//
// Spans of one trace may come in several requests and in any order. The same span id again replaces
// what was there: an ended span replaces the snapshot of an open one, a snapshot never replaces an
// ended span, and two complete spans with one id are counted as a duplicate unless they say the
// same. When the budget is passed the trace that was seen first goes, whole, and is counted; the
// last trace left is never evicted, further spans are refused instead. Rows are stable until
// `generation()` changes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/text.h"
#include "trace/ids.h"
#include "view/blob_store.h"
#include "view/span_columns.h"
#include "view/span_traits.h"
#include "view/string_table.h"

namespace spandrel::view {

// Where a span comes from: Resource and InstrumentationScope, still encoded.
struct SpanSource {
  std::string resource;
  std::string resourceSchemaUrl;
  std::string scope;
  std::string scopeSchemaUrl;
  StringTable::Id service = 0;
};

// One span on its way in. The texts and bytes belong to the importer.
struct IncomingSpan {
  trace::TraceId traceId;
  uint64_t spanId = 0;
  uint64_t parentSpanId = 0;
  uint64_t startTimeNs = 0;
  uint64_t endTimeNs = 0;
  std::string_view name;
  std::string_view type;
  uint8_t kind = 0;
  uint8_t status = 0;
  uint8_t flags = 0;
};

// What a sender said about a whole trace, apart from its spans: MLflow's info dictionary.
struct StoredInfo {
  std::string json;
  StringTable::Id name = 0;  // 0: the root's name holds
  TokenUsage tokens;
};

struct StoredTrace {
  trace::TraceId id;
  Row first = kNoRow;
  Row last = kNoRow;
  uint32_t spanCount = 0;
  uint32_t duplicates = 0;
  uint32_t version = 0;  // grows with every change of the trace
  uint32_t previousBySeen = kNoTrace;
  uint32_t nextBySeen = kNoTrace;
  bool isUsed = false;
  std::unique_ptr<StoredInfo> info;  // null: nothing was said
};

struct StoreStats {
  uint64_t spans = 0;
  uint64_t traces = 0;
  uint64_t bytes = 0;
  uint64_t evictedTraces = 0;
  uint64_t evictedSpans = 0;
  uint64_t duplicates = 0;
  uint64_t refusedSpans = 0;  // no room even after eviction
};

class TraceStore {
 public:
  explicit TraceStore(size_t maxBytes = size_t{512} << 20) : maxBytes_(maxBytes) {}

  void setMaxBytes(size_t maxBytes);

  // Importers: the source first, then each span with its encoded rest. `blob` must have been
  // written into blobs() and committed; add() owns it from then on, whatever it returns.
  uint32_t addSource(const SpanSource& source, std::string_view service);
  enum class Added : uint8_t { New, Replaced, Duplicate, Ignored, Refused };
  Added add(const IncomingSpan& span, uint32_t source, const BlobRef& blob);
  BlobStore& blobs() { return blobs_; }
  // Replaces what was known about a trace; `name` may be empty.
  void setInfo(uint32_t traceSlot, std::string json, std::string_view name,
               const TokenUsage& tokens);
  // After each request: evicts and compacts where due. Rows may change here and only here.
  void settle();

  const SpanColumns& columns() const { return columns_; }
  const StringTable& strings() const { return strings_; }
  const SpanSource& source(uint32_t index) const { return sources_[index]; }
  Bytes blobOf(Row row) const { return blobs_.bytes(columns_.blob(row)); }
  std::string_view serviceOf(Row row) const {
    return strings_.text(sources_[columns_.source(row)].service);
  }

  size_t traceSlots() const { return traces_.size(); }
  const StoredTrace& trace(uint32_t slot) const { return traces_[slot]; }
  uint32_t findTrace(const trace::TraceId& id) const;  // kNoTrace if it is not here
  Row findSpan(uint32_t traceSlot, uint64_t spanId) const;

  uint64_t generation() const { return generation_; }
  uint64_t version() const { return version_; }  // grows with every change
  StoreStats stats() const;

 private:
  uint32_t traceFor(const trace::TraceId& id);
  uint32_t openTrace(const trace::TraceId& id);
  Added replace(Row row, const IncomingSpan& span, uint32_t source, const BlobRef& blob);
  bool saysTheSame(Row row, const IncomingSpan& span, const BlobRef& blob) const;
  void fill(Row row, const IncomingSpan& span, uint32_t source, const BlobRef& blob);
  size_t slotOf(uint32_t traceSlot, uint64_t spanId) const;
  void rebuildIndex(size_t slots);
  void forgetInfo(StoredTrace& trace);
  void evictOldest();
  void compact();
  size_t memoryBytes() const;

  size_t maxBytes_;
  SpanColumns columns_;
  BlobStore blobs_;
  StringTable strings_;
  std::vector<SpanSource> sources_;
  std::unordered_map<std::string, uint32_t> sourceByContent_;
  size_t sourceBytes_ = 0;
  size_t infoBytes_ = 0;

  std::vector<StoredTrace> traces_;
  std::vector<uint32_t> freeTraces_;
  std::unordered_map<trace::TraceId, uint32_t, trace::TraceIdHash> traceById_;
  uint32_t oldest_ = kNoTrace;
  uint32_t newest_ = kNoTrace;
  uint32_t lastTrace_ = kNoTrace;  // consecutive spans are mostly of one trace

  std::vector<Row> index_;  // (trace, span id) → row, open addressing, kNoRow is free
  size_t indexUsed_ = 0;
  size_t deadRows_ = 0;
  uint64_t generation_ = 0;
  uint64_t version_ = 0;
  StoreStats counts_;
};

}  // namespace spandrel::view
