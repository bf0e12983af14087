// The span tree of one trace, as arrays in pre-order.
//
// Siblings stand by start time, then by end time (an open span last), then as they arrived. Nothing
// is left out, whatever the parents say: a span whose parent is missing becomes a root with a note,
// and so does the earliest span of a cycle of parents. No step recurses.
#pragma once

#include <cstdint>
#include <vector>

#include "view/trace_store.h"

namespace spandrel::view {

namespace node_note {
inline constexpr uint8_t kParentMissing = 1;   // shown as a root, its parent has not been seen
inline constexpr uint8_t kParentCycle = 2;     // shown as a root, its parents lead back to it
inline constexpr uint8_t kEndBeforeStart = 4;  // shown with no length
}  // namespace node_note

struct TraceTree {
  // One entry a span each, all in pre-order.
  std::vector<Row> rows;
  std::vector<uint32_t> depth;
  std::vector<uint32_t> subtreeSize;  // the span and everything below it
  std::vector<uint32_t> parent;       // position, or kNoParent
  std::vector<uint32_t> childCount;
  std::vector<uint8_t> notes;

  uint32_t rootCount = 0;
  uint32_t missingParents = 0;
  uint32_t brokenCycles = 0;
  uint32_t endsBeforeStart = 0;
  uint32_t maxDepth = 0;
  uint64_t startTimeNs = 0;  // of the earliest span
  uint64_t endTimeNs = 0;    // of the latest end (or start, for open spans)

  static constexpr uint32_t kNoParent = UINT32_MAX;
  size_t size() const { return rows.size(); }
};

TraceTree buildTree(const TraceStore& store, uint32_t traceSlot);

}  // namespace spandrel::view
