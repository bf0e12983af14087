#include "view/trace_tree.h"

#include <algorithm>

namespace spandrel::view {
namespace {

constexpr uint32_t kNone = UINT32_MAX;

// Works on ordinals: the arrival numbers of the spans within their trace.
class TreeBuilder {
 public:
  TreeBuilder(const TraceStore& store, uint32_t traceSlot)
      : store_(store), columns_(store.columns()), traceSlot_(traceSlot) {}

  TraceTree build() {
    collectRows();
    linkParents();
    breakCycles();
    sortSpans();
    groupChildren();
    walk();
    measure();
    return std::move(tree_);
  }

 private:
  void collectRows() {
    const StoredTrace& trace = store_.trace(traceSlot_);
    rows_.reserve(trace.spanCount);
    for (Row row = trace.first; row != kNoRow; row = columns_.nextInTrace(row))
      rows_.push_back(row);
  }

  void linkParents() {
    parent_.assign(rows_.size(), kNone);
    notes_.assign(rows_.size(), 0);
    for (uint32_t i = 0; i < rows_.size(); ++i) {
      const Row row = rows_[i];
      if (!isOpen(row) && columns_.endTimeNs(row) < columns_.startTimeNs(row)) {
        notes_[i] |= node_note::kEndBeforeStart;
      }
      const uint64_t parentId = columns_.parentSpanId(row);
      if (parentId == 0) continue;
      const Row parentRow = store_.findSpan(traceSlot_, parentId);
      if (parentRow == kNoRow) {
        notes_[i] |= node_note::kParentMissing;
      } else {
        parent_[i] = columns_.ordinal(parentRow);
      }
    }
  }

  // Follows parents from each span not yet seen; a walk that meets itself has found a cycle.
  void breakCycles() {
    std::vector<uint32_t> walkOf(rows_.size(), kNone);
    for (uint32_t start = 0; start < rows_.size(); ++start) {
      uint32_t at = start;
      while (at != kNone && walkOf[at] == kNone) {
        walkOf[at] = start;
        at = parent_[at];
      }
      if (at == kNone || walkOf[at] != start) continue;
      uint32_t first = at;
      for (uint32_t next = parent_[at]; next != at; next = parent_[next]) {
        if (comesBefore(next, first)) first = next;
      }
      parent_[first] = kNone;
      notes_[first] |= node_note::kParentCycle;
    }
  }

  void sortSpans() {
    sorted_.resize(rows_.size());
    for (uint32_t i = 0; i < sorted_.size(); ++i) sorted_[i] = i;
    std::sort(sorted_.begin(), sorted_.end(),
              [this](uint32_t a, uint32_t b) { return comesBefore(a, b); });
  }

  bool comesBefore(uint32_t a, uint32_t b) const {
    const Row rowA = rows_[a], rowB = rows_[b];
    const uint64_t startA = columns_.startTimeNs(rowA), startB = columns_.startTimeNs(rowB);
    if (startA != startB) return startA < startB;
    const uint64_t endA = isOpen(rowA) ? UINT64_MAX : columns_.endTimeNs(rowA);
    const uint64_t endB = isOpen(rowB) ? UINT64_MAX : columns_.endTimeNs(rowB);
    return endA != endB ? endA < endB : a < b;
  }

  // The children of span i are children_[firstChild_[i] .. firstChild_[i + 1]), in order.
  void groupChildren() {
    firstChild_.assign(rows_.size() + 1, 0);
    for (const uint32_t parent : parent_) {
      if (parent != kNone) ++firstChild_[parent + 1];
    }
    for (size_t i = 0; i < rows_.size(); ++i) firstChild_[i + 1] += firstChild_[i];
    children_.resize(rows_.size());
    std::vector<uint32_t> fill(firstChild_.begin(), firstChild_.end());
    for (const uint32_t i : sorted_) {
      if (parent_[i] != kNone) children_[fill[parent_[i]]++] = i;
    }
  }

  void walk() {
    const size_t count = rows_.size();
    tree_.rows.reserve(count);
    tree_.depth.reserve(count);
    tree_.parent.reserve(count);
    tree_.childCount.reserve(count);
    tree_.notes.reserve(count);
    tree_.subtreeSize.assign(count, 1);

    struct Pending {
      uint32_t span, parentPosition, depth;
    };
    std::vector<Pending> stack;
    for (auto i = sorted_.rbegin(); i != sorted_.rend(); ++i) {
      if (parent_[*i] == kNone) stack.push_back({*i, TraceTree::kNoParent, 0});
    }
    tree_.rootCount = static_cast<uint32_t>(stack.size());
    while (!stack.empty()) {
      const Pending pending = stack.back();
      stack.pop_back();
      const uint32_t position = static_cast<uint32_t>(tree_.rows.size());
      const uint32_t from = firstChild_[pending.span], to = firstChild_[pending.span + 1];
      tree_.rows.push_back(rows_[pending.span]);
      tree_.depth.push_back(pending.depth);
      tree_.parent.push_back(pending.parentPosition);
      tree_.childCount.push_back(to - from);
      tree_.notes.push_back(notes_[pending.span]);
      tree_.maxDepth = std::max(tree_.maxDepth, pending.depth);
      for (uint32_t child = to; child > from; --child) {
        stack.push_back({children_[child - 1], position, pending.depth + 1});
      }
    }
    for (size_t position = count; position-- > 0;) {
      const uint32_t parent = tree_.parent[position];
      if (parent != TraceTree::kNoParent) tree_.subtreeSize[parent] += tree_.subtreeSize[position];
    }
  }

  void measure() {
    tree_.startTimeNs = rows_.empty() ? 0 : UINT64_MAX;
    for (size_t position = 0; position < tree_.size(); ++position) {
      const Row row = tree_.rows[position];
      const uint64_t start = columns_.startTimeNs(row);
      tree_.startTimeNs = std::min(tree_.startTimeNs, start);
      tree_.endTimeNs =
          std::max(tree_.endTimeNs, isOpen(row) ? start : std::max(start, columns_.endTimeNs(row)));
      const uint8_t notes = tree_.notes[position];
      tree_.missingParents += (notes & node_note::kParentMissing) != 0;
      tree_.brokenCycles += (notes & node_note::kParentCycle) != 0;
      tree_.endsBeforeStart += (notes & node_note::kEndBeforeStart) != 0;
    }
  }

  bool isOpen(Row row) const { return columns_.endTimeNs(row) == 0; }

  const TraceStore& store_;
  const SpanColumns& columns_;
  uint32_t traceSlot_;
  TraceTree tree_;
  std::vector<Row> rows_;
  std::vector<uint32_t> parent_;
  std::vector<uint8_t> notes_;
  std::vector<uint32_t> sorted_;
  std::vector<uint32_t> firstChild_;
  std::vector<uint32_t> children_;
};

}  // namespace

TraceTree buildTree(const TraceStore& store, uint32_t traceSlot) {
  return TreeBuilder(store, traceSlot).build();
}

}  // namespace spandrel::view
