// The rows of one trace that can be scrolled to: its tree without what is collapsed.
//
// The collapse state is kept by span id, so it survives spans that arrive later. Rows are handed
// out by window: a page asks for those on screen and a few more, whatever the size of the trace.
#pragma once

#include <cstdint>
#include <unordered_set>
#include <vector>

#include "view/trace_store.h"
#include "view/trace_tree.h"

namespace spandrel::view {

// One row as JavaScript reads it: little-endian, 64 bytes.
struct LayoutRow {
  double startNs = 0;                // from the start of the trace
  double durationNs = 0;             // 0 for an open span
  uint32_t spanIdWords[2] = {0, 0};  // as in memory: byte 0 of the id is the lowest of word 0
  uint32_t depth = 0;
  uint32_t childCount = 0;
  uint32_t descendants = 0;
  uint32_t name = 0;  // string ids
  uint32_t service = 0;
  uint32_t type = 0;
  uint32_t tokens = 0;  // in and out; capped at 2³² − 1
  uint8_t kind = 0;
  uint8_t status = 0;
  uint8_t flags = 0;                // span_flag
  uint8_t notes = 0;                // node_note, and kIsCollapsed
  uint32_t position = 0;            // in pre-order
  uint32_t parentRow = UINT32_MAX;  // index of the parent's row, which is visible if this one is

  static constexpr uint8_t kIsCollapsed = 128;
};
static_assert(sizeof(LayoutRow) == 64);

class TraceLayout {
 public:
  explicit TraceLayout(const TraceStore& store) : store_(store) {}

  // Shows another trace, everything expanded. False if it is not in the store.
  bool open(const trace::TraceId& id);
  void close();
  // Takes in what has changed in the store. Call before anything below; cheap when nothing has.
  void refresh();

  bool isOpen() const { return slot_ != kNoTrace; }
  uint32_t traceSlot() const { return slot_; }
  const TraceTree& tree() const { return tree_; }
  size_t visibleCount() const { return visible_.size(); }
  size_t collapsedCount() const { return collapsed_.size(); }

  // Clamped to what is there.
  void window(size_t first, size_t count, std::vector<LayoutRow>& out) const;
  LayoutRow rowAt(uint32_t position) const;

  // True: the state has changed. A span without children cannot be collapsed.
  bool setCollapsed(uint64_t spanId, bool isCollapsed);
  void collapseAll();
  void expandAll();
  // Expands what hides the span. The index of its row, or −1 if it is not in this trace.
  int64_t reveal(uint64_t spanId);
  // The index of the row that shows the span or its nearest visible ancestor, −1 if it is not here.
  int64_t visibleIndexOf(uint64_t spanId) const;
  // The place of the span in pre-order, −1 if it is not here.
  int64_t positionIndex(uint64_t spanId) const {
    const uint32_t position = positionOf(spanId);
    return position == TraceTree::kNoParent ? -1 : int64_t{position};
  }
  // The next span with an error after (or before) the row, hidden ones included; −1: none.
  int64_t nextError(int64_t fromPosition, bool isForward) const;

 private:
  void rebuildVisible();
  uint32_t positionOf(uint64_t spanId) const;

  const TraceStore& store_;
  trace::TraceId id_;
  uint32_t slot_ = kNoTrace;
  uint32_t version_ = 0;
  uint64_t generation_ = 0;
  TraceTree tree_;
  std::vector<uint32_t> positionOfOrdinal_;
  std::vector<uint32_t> visible_;  // positions
  std::unordered_set<uint64_t> collapsed_;
};

}  // namespace spandrel::view
