#include "view/trace_store.h"

#include <algorithm>

namespace spandrel::view {
namespace {

constexpr size_t kFirstIndexSlots = 1024;
constexpr size_t kLeastDeadRows = 4096;
constexpr size_t kTraceOverhead = 64;  // of the hash map's node

void appendPart(std::string& key, std::string_view part) {
  key += std::to_string(part.size());
  key += ':';
  key += part;
}

}  // namespace

void TraceStore::setMaxBytes(size_t maxBytes) {
  maxBytes_ = maxBytes;
  settle();
}

uint32_t TraceStore::addSource(const SpanSource& source, std::string_view service) {
  std::string key;
  appendPart(key, source.resource);
  appendPart(key, source.resourceSchemaUrl);
  appendPart(key, source.scope);
  appendPart(key, source.scopeSchemaUrl);
  const auto found = sourceByContent_.find(key);
  if (found != sourceByContent_.end()) return found->second;
  const uint32_t index = static_cast<uint32_t>(sources_.size());
  sources_.push_back(source);
  sources_.back().service = strings_.intern(service);
  sourceBytes_ += 2 * key.size() + sizeof(SpanSource) + kTraceOverhead;
  sourceByContent_.emplace(std::move(key), index);
  return index;
}

TraceStore::Added TraceStore::add(const IncomingSpan& span, uint32_t source, const BlobRef& blob) {
  const uint32_t slot = traceFor(span.traceId);
  if (index_.empty()) rebuildIndex(kFirstIndexSlots);
  const size_t place = slotOf(slot, span.spanId);
  if (index_[place] != kNoRow) return replace(index_[place], span, source, blob);

  // One trace alone may fill the budget; it is checked here because settle() keeps the last trace.
  if (columns_.size() % SpanColumns::kChunkRows == 0 && memoryBytes() > maxBytes_ &&
      traces_[slot].spanCount > 0 && oldest_ == slot) {
    blobs_.release(blob);
    ++counts_.refusedSpans;
    return Added::Refused;
  }

  StoredTrace& trace = traces_[slot];
  const Row row = columns_.append();
  fill(row, span, source, blob);
  columns_.trace(row) = slot;
  columns_.ordinal(row) = trace.spanCount++;
  columns_.nextInTrace(row) = kNoRow;
  if (trace.last == kNoRow) {
    trace.first = row;
  } else {
    columns_.nextInTrace(trace.last) = row;
  }
  trace.last = row;
  ++trace.version;
  ++version_;
  ++counts_.spans;
  index_[place] = row;
  if (++indexUsed_ * 4 > index_.size() * 3) rebuildIndex(index_.size() * 2);
  return Added::New;
}

TraceStore::Added TraceStore::replace(Row row, const IncomingSpan& span, uint32_t source,
                                      const BlobRef& blob) {
  const uint8_t oldFlags = columns_.flags(row);
  const bool wasOpen = (oldFlags & span_flag::kOpen) != 0;
  const bool isOpen = (span.flags & span_flag::kOpen) != 0;
  if (isOpen && !wasOpen) {  // an old snapshot that was overtaken
    blobs_.release(blob);
    return Added::Ignored;
  }
  StoredTrace& trace = traces_[columns_.trace(row)];
  ++trace.version;
  ++version_;
  if (!wasOpen && saysTheSame(row, span, blob)) {
    blobs_.release(blob);
    columns_.source(row) = source;
    return Added::Ignored;
  }
  blobs_.release(columns_.blob(row));
  fill(row, span, source, blob);
  if (wasOpen) return Added::Replaced;
  columns_.flags(row) |= span_flag::kIsReplaced;
  ++trace.duplicates;
  ++counts_.duplicates;
  return Added::Duplicate;
}

// A sender that tries again, or a server that is asked again, brings what is here already.
bool TraceStore::saysTheSame(Row row, const IncomingSpan& span, const BlobRef& blob) const {
  const Bytes before = blobs_.bytes(columns_.blob(row));
  const Bytes now = blobs_.bytes(blob);
  return columns_.parentSpanId(row) == span.parentSpanId &&
         columns_.startTimeNs(row) == span.startTimeNs &&
         columns_.endTimeNs(row) == span.endTimeNs && columns_.kind(row) == span.kind &&
         columns_.status(row) == span.status && strings_.text(columns_.name(row)) == span.name &&
         strings_.text(columns_.type(row)) == span.type &&
         std::equal(before.begin(), before.end(), now.begin(), now.end());
}

void TraceStore::fill(Row row, const IncomingSpan& span, uint32_t source, const BlobRef& blob) {
  columns_.spanId(row) = span.spanId;
  columns_.parentSpanId(row) = span.parentSpanId;
  columns_.startTimeNs(row) = span.startTimeNs;
  columns_.endTimeNs(row) = span.endTimeNs;
  columns_.source(row) = source;
  columns_.name(row) = strings_.intern(span.name);
  columns_.type(row) = strings_.intern(span.type);
  columns_.blob(row) = blob;
  columns_.kind(row) = span.kind;
  columns_.status(row) = span.status;
  columns_.flags(row) = span.flags;
}

void TraceStore::setInfo(uint32_t traceSlot, std::string json, std::string_view name,
                         const TokenUsage& tokens) {
  StoredTrace& trace = traces_[traceSlot];
  forgetInfo(trace);
  trace.info =
      std::make_unique<StoredInfo>(StoredInfo{std::move(json), strings_.intern(name), tokens});
  infoBytes_ += trace.info->json.capacity() + sizeof(StoredInfo);
  ++trace.version;
  ++version_;
}

void TraceStore::forgetInfo(StoredTrace& trace) {
  if (trace.info) infoBytes_ -= trace.info->json.capacity() + sizeof(StoredInfo);
  trace.info.reset();
}

uint32_t TraceStore::traceFor(const trace::TraceId& id) {
  if (lastTrace_ != kNoTrace && traces_[lastTrace_].id == id) return lastTrace_;
  const auto found = traceById_.find(id);
  lastTrace_ = found != traceById_.end() ? found->second : openTrace(id);
  return lastTrace_;
}

uint32_t TraceStore::openTrace(const trace::TraceId& id) {
  uint32_t slot;
  if (freeTraces_.empty()) {
    slot = static_cast<uint32_t>(traces_.size());
    traces_.emplace_back();
  } else {
    slot = freeTraces_.back();
    freeTraces_.pop_back();
  }
  StoredTrace& trace = traces_[slot];
  // The version of a reused slot goes on, so that nothing cached under it looks fresh.
  const uint32_t version = trace.version + 1;
  trace = StoredTrace();
  trace.version = version;
  trace.id = id;
  trace.isUsed = true;
  trace.previousBySeen = newest_;
  if (newest_ != kNoTrace) traces_[newest_].nextBySeen = slot;
  newest_ = slot;
  if (oldest_ == kNoTrace) oldest_ = slot;
  traceById_.emplace(id, slot);
  return slot;
}

uint32_t TraceStore::findTrace(const trace::TraceId& id) const {
  const auto found = traceById_.find(id);
  return found == traceById_.end() ? kNoTrace : found->second;
}

Row TraceStore::findSpan(uint32_t traceSlot, uint64_t spanId) const {
  return index_.empty() ? kNoRow : index_[slotOf(traceSlot, spanId)];
}

size_t TraceStore::slotOf(uint32_t traceSlot, uint64_t spanId) const {
  const size_t mask = index_.size() - 1;
  size_t place = hashWord(spanId ^ (uint64_t{traceSlot} << 17)) & mask;
  while (index_[place] != kNoRow) {
    const Row row = index_[place];
    // Rows of evicted traces stay until compaction; their trace is kNoTrace and matches nothing.
    if (columns_.spanId(row) == spanId && columns_.trace(row) == traceSlot) return place;
    place = (place + 1) & mask;
  }
  return place;
}

void TraceStore::rebuildIndex(size_t slots) {
  index_.assign(slots, kNoRow);
  indexUsed_ = 0;
  const size_t mask = slots - 1;
  for (Row row = 0; row < columns_.size(); ++row) {
    if (columns_.trace(row) == kNoTrace) continue;
    size_t place = hashWord(columns_.spanId(row) ^ (uint64_t{columns_.trace(row)} << 17)) & mask;
    while (index_[place] != kNoRow) place = (place + 1) & mask;
    index_[place] = row;
    ++indexUsed_;
  }
}

void TraceStore::settle() {
  while (oldest_ != kNoTrace && oldest_ != newest_ && memoryBytes() > maxBytes_) {
    evictOldest();
    if (deadRows_ > kLeastDeadRows && deadRows_ * 2 > columns_.size()) compact();
    // What is left of the columns' memory comes back only by compaction.
    if (memoryBytes() > maxBytes_ && deadRows_ * 4 > columns_.size()) compact();
  }
}

void TraceStore::evictOldest() {
  const uint32_t slot = oldest_;
  StoredTrace& trace = traces_[slot];
  for (Row row = trace.first; row != kNoRow; row = columns_.nextInTrace(row)) {
    blobs_.release(columns_.blob(row));
    columns_.trace(row) = kNoTrace;
  }
  deadRows_ += trace.spanCount;
  counts_.spans -= trace.spanCount;
  counts_.evictedSpans += trace.spanCount;
  ++counts_.evictedTraces;
  oldest_ = trace.nextBySeen;
  if (oldest_ == kNoTrace) {
    newest_ = kNoTrace;
  } else {
    traces_[oldest_].previousBySeen = kNoTrace;
  }
  traceById_.erase(trace.id);
  forgetInfo(trace);
  trace.isUsed = false;
  trace.first = trace.last = kNoRow;
  trace.spanCount = 0;
  ++trace.version;
  freeTraces_.push_back(slot);
  if (lastTrace_ == slot) lastTrace_ = kNoTrace;
  ++generation_;
  ++version_;
}

// Slides the living rows together and keeps only the texts and sources they use.
void TraceStore::compact() {
  StringTable strings;
  std::vector<SpanSource> sources;
  std::vector<uint32_t> newSource(sources_.size(), UINT32_MAX);
  std::unordered_map<std::string, uint32_t> byContent;
  for (uint32_t slot = 0; slot < traces_.size(); ++slot) {
    traces_[slot].first = traces_[slot].last = kNoRow;
    if (StoredInfo* info = traces_[slot].info.get()) {
      info->name = strings.intern(strings_.text(info->name));
    }
  }
  Row to = 0;
  for (Row from = 0; from < columns_.size(); ++from) {
    if (columns_.trace(from) == kNoTrace) continue;
    columns_.copyRow(from, to);
    columns_.name(to) = strings.intern(strings_.text(columns_.name(to)));
    columns_.type(to) = strings.intern(strings_.text(columns_.type(to)));
    uint32_t& source = newSource[columns_.source(to)];
    if (source == UINT32_MAX) {
      source = static_cast<uint32_t>(sources.size());
      sources.push_back(std::move(sources_[columns_.source(to)]));
      sources.back().service = strings.intern(strings_.text(sources.back().service));
    }
    columns_.source(to) = source;
    // Rows keep their order, so the list of each trace can be strung anew on the way.
    StoredTrace& trace = traces_[columns_.trace(to)];
    columns_.nextInTrace(to) = kNoRow;
    if (trace.last == kNoRow) {
      trace.first = to;
    } else {
      columns_.nextInTrace(trace.last) = to;
    }
    trace.last = to;
    ++to;
  }
  columns_.shrink(to);
  strings_ = std::move(strings);
  sourceBytes_ = 0;
  for (const auto& [key, index] : sourceByContent_) {
    if (newSource[index] == UINT32_MAX) continue;
    byContent.emplace(key, newSource[index]);
    sourceBytes_ += 2 * key.size() + sizeof(SpanSource) + kTraceOverhead;
  }
  sources_ = std::move(sources);
  sourceByContent_ = std::move(byContent);
  size_t slots = kFirstIndexSlots;
  while (slots * 3 < columns_.size() * 5) slots *= 2;
  index_ = std::vector<Row>();
  rebuildIndex(slots);
  deadRows_ = 0;
  ++generation_;
}

size_t TraceStore::memoryBytes() const {
  return columns_.memoryBytes() + blobs_.memoryBytes() + strings_.memoryBytes() + sourceBytes_ +
         infoBytes_ + index_.capacity() * sizeof(Row) + traces_.capacity() * sizeof(StoredTrace) +
         traceById_.size() * kTraceOverhead;
}

StoreStats TraceStore::stats() const {
  StoreStats stats = counts_;
  stats.traces = traceById_.size();
  stats.bytes = memoryBytes();
  return stats;
}

}  // namespace spandrel::view
