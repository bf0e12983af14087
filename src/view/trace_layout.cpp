#include "view/trace_layout.h"

#include <algorithm>
#include <cstring>

#include "view/span_traits.h"

namespace spandrel::view {

bool TraceLayout::open(const trace::TraceId& id) {
  const uint32_t slot = store_.findTrace(id);
  if (slot == kNoTrace) return false;
  if (slot_ != kNoTrace && id_ == id) {
    refresh();
    return true;
  }
  close();
  id_ = id;
  slot_ = slot;
  version_ = store_.trace(slot).version - 1;
  refresh();
  return true;
}

void TraceLayout::close() {
  slot_ = kNoTrace;
  tree_ = TraceTree();
  positionOfOrdinal_.clear();
  visible_.clear();
  collapsed_.clear();
}

void TraceLayout::refresh() {
  if (slot_ == kNoTrace) return;
  if (generation_ != store_.generation() && store_.findTrace(id_) != slot_) {
    close();  // evicted
    return;
  }
  if (version_ == store_.trace(slot_).version && generation_ == store_.generation()) return;
  generation_ = store_.generation();
  version_ = store_.trace(slot_).version;
  tree_ = buildTree(store_, slot_);
  positionOfOrdinal_.assign(tree_.size(), 0);
  for (uint32_t position = 0; position < tree_.size(); ++position) {
    positionOfOrdinal_[store_.columns().ordinal(tree_.rows[position])] = position;
  }
  rebuildVisible();
}

void TraceLayout::rebuildVisible() {
  visible_.clear();
  const SpanColumns& columns = store_.columns();
  uint32_t position = 0;
  while (position < tree_.size()) {
    visible_.push_back(position);
    const bool isCollapsed = !collapsed_.empty() && tree_.childCount[position] > 0 &&
                             collapsed_.count(columns.spanId(tree_.rows[position])) != 0;
    position += isCollapsed ? tree_.subtreeSize[position] : 1;
  }
}

void TraceLayout::window(size_t first, size_t count, std::vector<LayoutRow>& out) const {
  out.clear();
  if (first >= visible_.size()) return;
  count = std::min(count, visible_.size() - first);
  out.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    out.push_back(rowAt(visible_[first + i]));
    const uint32_t parent = tree_.parent[visible_[first + i]];
    if (parent == TraceTree::kNoParent) continue;
    const auto place = std::lower_bound(visible_.begin(), visible_.end(), parent);
    out.back().parentRow = static_cast<uint32_t>(place - visible_.begin());
  }
}

LayoutRow TraceLayout::rowAt(uint32_t position) const {
  const SpanColumns& columns = store_.columns();
  const Row row = tree_.rows[position];
  LayoutRow out;
  const uint64_t start = columns.startTimeNs(row), end = columns.endTimeNs(row);
  const uint64_t spanId = columns.spanId(row);
  out.startNs = static_cast<double>(start - tree_.startTimeNs);
  out.durationNs = end > start ? static_cast<double>(end - start) : 0;
  std::memcpy(out.spanIdWords, &spanId, 8);
  out.depth = tree_.depth[position];
  out.childCount = tree_.childCount[position];
  out.descendants = tree_.subtreeSize[position] - 1;
  out.name = columns.name(row);
  out.service = store_.source(columns.source(row)).service;
  out.type = columns.type(row);
  out.kind = columns.kind(row);
  out.status = columns.status(row);
  out.flags = columns.flags(row);
  out.notes = tree_.notes[position];
  if (out.childCount > 0 && collapsed_.count(spanId) != 0) out.notes |= LayoutRow::kIsCollapsed;
  if (out.flags & span_flag::kHasUsage) {
    const int64_t tokens = readTokenUsage(store_.blobOf(row)).totalTokens;
    out.tokens = static_cast<uint32_t>(std::clamp<int64_t>(tokens, 0, UINT32_MAX));
  }
  out.position = position;
  return out;
}

bool TraceLayout::setCollapsed(uint64_t spanId, bool isCollapsed) {
  const uint32_t position = positionOf(spanId);
  if (position == TraceTree::kNoParent || tree_.childCount[position] == 0) return false;
  const bool changed =
      isCollapsed ? collapsed_.insert(spanId).second : collapsed_.erase(spanId) > 0;
  if (changed) rebuildVisible();
  return changed;
}

void TraceLayout::collapseAll() {
  for (size_t position = 0; position < tree_.size(); ++position) {
    if (tree_.childCount[position] > 0)
      collapsed_.insert(store_.columns().spanId(tree_.rows[position]));
  }
  rebuildVisible();
}

void TraceLayout::expandAll() {
  collapsed_.clear();
  rebuildVisible();
}

uint32_t TraceLayout::positionOf(uint64_t spanId) const {
  if (slot_ == kNoTrace) return TraceTree::kNoParent;
  const Row row = store_.findSpan(slot_, spanId);
  if (row == kNoRow) return TraceTree::kNoParent;
  const uint32_t ordinal = store_.columns().ordinal(row);
  return ordinal < positionOfOrdinal_.size() ? positionOfOrdinal_[ordinal] : TraceTree::kNoParent;
}

int64_t TraceLayout::reveal(uint64_t spanId) {
  const uint32_t position = positionOf(spanId);
  if (position == TraceTree::kNoParent) return -1;
  bool changed = false;
  for (uint32_t at = tree_.parent[position]; at != TraceTree::kNoParent; at = tree_.parent[at]) {
    changed |= collapsed_.erase(store_.columns().spanId(tree_.rows[at])) > 0;
  }
  if (changed) rebuildVisible();
  return visibleIndexOf(spanId);
}

int64_t TraceLayout::visibleIndexOf(uint64_t spanId) const {
  const uint32_t position = positionOf(spanId);
  if (position == TraceTree::kNoParent) return -1;
  // Visible positions ascend. What hides the span is the last visible row before it, which is
  // collapsed and an ancestor.
  const auto after = std::upper_bound(visible_.begin(), visible_.end(), position);
  return after - visible_.begin() - 1;
}

int64_t TraceLayout::nextError(int64_t fromPosition, bool isForward) const {
  const SpanColumns& columns = store_.columns();
  const int64_t step = isForward ? 1 : -1;
  for (int64_t at = fromPosition + step; at >= 0 && at < static_cast<int64_t>(tree_.size());
       at += step) {
    if (columns.status(tree_.rows[at]) == 2) return at;
  }
  return -1;
}

}  // namespace spandrel::view
