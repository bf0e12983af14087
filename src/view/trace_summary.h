// One line of the list of traces.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "view/span_traits.h"
#include "view/trace_store.h"

namespace spandrel::view {

struct TraceSummary {
  StringTable::Id name = 0;  // of the first root; of the earliest span while no root has come
  StringTable::Id type = 0;
  StringTable::Id rootService = 0;
  uint64_t startTimeNs = 0;
  uint64_t endTimeNs = 0;
  uint32_t spanCount = 0;
  uint32_t errorCount = 0;
  uint32_t openCount = 0;
  uint32_t orphanCount = 0;
  uint32_t duplicateCount = 0;
  uint32_t droppedCount = 0;  // spans whose sender left something out
  bool hasRoot = false;
  bool isRootError = false;
  TokenUsage tokens;
  std::vector<StringTable::Id> services;  // at most kMaxServices, in order of appearance
  uint32_t serviceCount = 0;              // 17 stands for "more than 16"
  uint32_t version = 0;
  uint64_t generation = 0;

  static constexpr size_t kMaxServices = 16;
};

TraceSummary summarize(const TraceStore& store, uint32_t traceSlot);

// The list itself: newest start first, then by id. Summaries are made when asked for and kept until
// their trace changes.
class TraceList {
 public:
  explicit TraceList(const TraceStore& store) : store_(store) {}

  void refresh();
  size_t size() const { return order_.size(); }
  // The JSON text of rows first … first + count − 1: an array of objects.
  std::string window(size_t first, size_t count);
  std::string summaryJson(uint32_t traceSlot);
  const TraceSummary& summary(uint32_t traceSlot);
  // Row of the trace; −1 if it is not here.
  int64_t indexOf(const trace::TraceId& id) const;

 private:
  const TraceStore& store_;
  std::vector<uint32_t> order_;  // trace slots
  std::unordered_map<uint32_t, TraceSummary> summaries_;
  uint64_t version_ = UINT64_MAX;
};

}  // namespace spandrel::view
