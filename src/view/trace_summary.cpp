#include "view/trace_summary.h"

#include <algorithm>
#include <unordered_set>

#include "base/json_text.h"

namespace spandrel::view {
namespace {

constexpr size_t kMaxNameBytes = 300;
constexpr uint32_t kMaxAncestors = 20000;

// MLflow's rule: a span's count holds for everything below it, so counts under a counted span are
// left out.
bool hasCountedAncestor(const TraceStore& store, uint32_t slot, Row row) {
  const SpanColumns& columns = store.columns();
  Row at = row;
  for (uint32_t step = 0; step < kMaxAncestors; ++step) {  // parents may form a cycle
    const uint64_t parentId = columns.parentSpanId(at);
    if (parentId == 0) return false;
    at = store.findSpan(slot, parentId);
    if (at == kNoRow || at == row) return false;
    if ((columns.flags(at) & span_flag::kHasUsage) && readTokenUsage(store.blobOf(at)).isKnown)
      return true;
  }
  return false;
}

void addService(TraceSummary& summary, StringTable::Id service) {
  if (service == 0) return;
  if (std::find(summary.services.begin(), summary.services.end(), service) !=
      summary.services.end())
    return;
  if (summary.services.size() < TraceSummary::kMaxServices) summary.services.push_back(service);
  summary.serviceCount =
      std::min<uint32_t>(summary.serviceCount + 1, TraceSummary::kMaxServices + 1);
}

std::string_view cut(std::string_view text) {
  if (text.size() <= kMaxNameBytes) return text;
  size_t end = kMaxNameBytes;
  while (end > 0 && (static_cast<uint8_t>(text[end]) & 0xc0) == 0x80)
    --end;  // not inside a character
  return text.substr(0, end);
}

void appendNumber(std::string& out, const char* key, uint64_t number) {
  out += ",\"";
  out += key;
  out += "\":";
  out += std::to_string(number);
}

void appendTokens(std::string& out, const TokenUsage& usage) {
  if (!usage.isKnown) return;
  out += ",\"tokens\":{\"input\":" + std::to_string(usage.inputTokens) +
         ",\"output\":" + std::to_string(usage.outputTokens) +
         ",\"total\":" + std::to_string(usage.totalTokens) + "}";
}

}  // namespace

TraceSummary summarize(const TraceStore& store, uint32_t slot) {
  const SpanColumns& columns = store.columns();
  const StoredTrace& trace = store.trace(slot);
  TraceSummary summary;
  summary.version = trace.version;
  summary.generation = store.generation();
  summary.spanCount = trace.spanCount;
  summary.duplicateCount = trace.duplicates;
  summary.startTimeNs = UINT64_MAX;
  Row named = kNoRow;
  TokenUsage sum, stated;
  for (Row row = trace.first; row != kNoRow; row = columns.nextInTrace(row)) {
    const uint64_t start = columns.startTimeNs(row);
    const uint8_t flags = columns.flags(row);
    summary.startTimeNs = std::min(summary.startTimeNs, start);
    summary.endTimeNs = std::max({summary.endTimeNs, start, columns.endTimeNs(row)});
    summary.errorCount += columns.status(row) == 2;
    summary.openCount += (flags & span_flag::kOpen) != 0;
    summary.droppedCount += (flags & span_flag::kHasDropped) != 0;
    addService(summary, store.source(columns.source(row)).service);
    const uint64_t parentId = columns.parentSpanId(row);
    const bool isRoot = parentId == 0;
    if (!isRoot && store.findSpan(slot, parentId) == kNoRow) ++summary.orphanCount;
    if (named == kNoRow || (isRoot && !summary.hasRoot) ||
        (isRoot == summary.hasRoot && start < columns.startTimeNs(named))) {
      named = row;
    }
    summary.hasRoot |= isRoot;
    if (flags & span_flag::kHasTraceAttributes) {
      const TokenUsage usage = readTraceTokenUsage(store.blobOf(row));
      if (usage.isKnown) stated = usage;
    }
    if ((flags & span_flag::kHasUsage) && !hasCountedAncestor(store, slot, row)) {
      const TokenUsage usage = readTokenUsage(store.blobOf(row));
      // Unsigned, so that hostile counts wrap instead of overflowing.
      sum.inputTokens =
          static_cast<int64_t>(uint64_t(sum.inputTokens) + uint64_t(usage.inputTokens));
      sum.outputTokens =
          static_cast<int64_t>(uint64_t(sum.outputTokens) + uint64_t(usage.outputTokens));
      sum.totalTokens =
          static_cast<int64_t>(uint64_t(sum.totalTokens) + uint64_t(usage.totalTokens));
      sum.isKnown |= usage.isKnown;
    }
  }
  if (named != kNoRow) {
    summary.name = columns.name(named);
    summary.type = columns.type(named);
    summary.rootService = store.source(columns.source(named)).service;
    summary.isRootError = columns.status(named) == 2;
  }
  if (trace.info) {
    if (trace.info->name != 0) summary.name = trace.info->name;
    if (trace.info->tokens.isKnown) stated = trace.info->tokens;
  }
  summary.tokens = stated.isKnown ? stated : sum;
  return summary;
}

const TraceSummary& TraceList::summary(uint32_t slot) {
  TraceSummary& kept = summaries_[slot];
  if (kept.version != store_.trace(slot).version || kept.generation != store_.generation()) {
    kept = summarize(store_, slot);
  }
  return kept;
}

void TraceList::refresh() {
  if (version_ == store_.version()) return;
  version_ = store_.version();
  order_.clear();
  for (uint32_t slot = 0; slot < store_.traceSlots(); ++slot) {
    if (!store_.trace(slot).isUsed) {
      summaries_.erase(slot);
    } else if (store_.trace(slot).spanCount > 0) {
      summary(slot);
      order_.push_back(slot);
    }
  }
  std::sort(order_.begin(), order_.end(), [this](uint32_t a, uint32_t b) {
    const uint64_t startA = summaries_[a].startTimeNs, startB = summaries_[b].startTimeNs;
    return startA != startB ? startA > startB : store_.trace(a).id < store_.trace(b).id;
  });
}

int64_t TraceList::indexOf(const trace::TraceId& id) const {
  const uint32_t slot = store_.findTrace(id);
  const auto found = std::find(order_.begin(), order_.end(), slot);
  return found == order_.end() ? -1 : found - order_.begin();
}

std::string TraceList::window(size_t first, size_t count) {
  std::string out = "[";
  for (size_t i = first; i < order_.size() && i - first < count; ++i) {
    if (i > first) out += ',';
    out += summaryJson(order_[i]);
  }
  return out + "]";
}

std::string TraceList::summaryJson(uint32_t slot) {
  const TraceSummary& s = summary(slot);
  const StringTable& strings = store_.strings();
  std::string out = "{\"traceId\":\"" + store_.trace(slot).id.hex() + "\",\"name\":";
  appendJsonString(out, cut(strings.text(s.name)));
  out += ",\"type\":";
  appendJsonString(out, cut(strings.text(s.type)));
  out += ",\"rootService\":";
  appendJsonString(out, cut(strings.text(s.rootService)));
  // Nanoseconds since 1970 do not fit a double: as text.
  out += ",\"startTimeNs\":\"" + std::to_string(s.startTimeNs) + "\"";
  appendNumber(out, "durationNs", s.endTimeNs - s.startTimeNs);
  appendNumber(out, "spans", s.spanCount);
  appendNumber(out, "errors", s.errorCount);
  appendNumber(out, "open", s.openCount);
  appendNumber(out, "orphans", s.orphanCount);
  appendNumber(out, "duplicates", s.duplicateCount);
  appendNumber(out, "dropped", s.droppedCount);
  appendNumber(out, "serviceCount", s.serviceCount);
  out += s.hasRoot ? ",\"hasRoot\":true" : ",\"hasRoot\":false";
  out += s.isRootError ? ",\"isRootError\":true" : ",\"isRootError\":false";
  appendTokens(out, s.tokens);
  out += ",\"services\":[";
  for (size_t i = 0; i < s.services.size(); ++i) {
    if (i > 0) out += ',';
    appendJsonString(out, cut(strings.text(s.services[i])));
  }
  return out + "]}";
}

}  // namespace spandrel::view
