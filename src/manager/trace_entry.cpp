#include "manager/trace_entry.h"

#include <algorithm>
#include <utility>

#include "record/portable.h"

namespace spandrel::manager {
namespace {

template <typename Id>
Id idAt(const record::RecordRef& record, uint32_t place) {
  Id id;
  std::memcpy(id.bytes.data(), record.words() + place, id.bytes.size());
  return id;
}

}  // namespace

SpanSlot* TraceEntry::slot(const trace::SpanId& id) {
  const auto found = places.find(id);
  return found == places.end() ? nullptr : &slots[found->second];
}

void TraceEntry::addLive(std::shared_ptr<LiveSpan> span) {
  if (SpanSlot* known = slot(span->spanId())) {
    if (known->record) recordBytes -= known->record.byteLength();
    known->record = {};
    known->parentId = span->parentSpanId();
    known->live = std::move(span);
    return;
  }
  places.emplace(span->spanId(), slots.size());
  slots.push_back(
      {span->spanId(), span->parentSpanId(), nextOrdinal++, false, std::move(span), {}});
}

int64_t TraceEntry::growthBy(const record::RecordRef& record) {
  const SpanSlot* known = slot(idAt<trace::SpanId>(record, record::header::kSpanId));
  const int64_t before = known != nullptr && known->record ? known->record.byteLength() : 0;
  return static_cast<int64_t>(record.byteLength()) - before;
}

bool TraceEntry::addRecord(record::RecordRef record) {
  const auto id = idAt<trace::SpanId>(record, record::header::kSpanId);
  const bool isSnapshot = (record.flags() & record::flags::kOpen) != 0;
  SpanSlot* known = slot(id);
  if (known == nullptr) {
    const uint32_t ordinal = record.words()[record::header::kOrdinal];
    nextOrdinal = std::max(nextOrdinal, ordinal + 1);
    places.emplace(id, slots.size());
    slots.push_back({id,
                     idAt<trace::SpanId>(record, record::header::kParentSpanId),
                     ordinal,
                     false,
                     nullptr,
                     {}});
    known = &slots.back();
  } else if (isSnapshot && !known->isOpen()) {
    return false;
  }
  known->isLocalRoot = (record.flags() & record::flags::kRoot) != 0;
  recordBytes += record.byteLength() - (known->record ? known->record.byteLength() : 0);
  known->live.reset();
  known->record = std::move(record);
  return true;
}

bool TraceEntry::hasOpenSpans() const {
  return std::any_of(slots.begin(), slots.end(),
                     [](const SpanSlot& slot) { return slot.isOpen(); });
}

const SpanSlot* TraceEntry::root() const {
  const SpanSlot* first = nullptr;
  for (const SpanSlot& slot : slots) {
    if (slot.parentId.isZero() && (first == nullptr || slot.ordinal < first->ordinal))
      first = &slot;
  }
  return first;
}

const SpanSlot* TraceEntry::localRoot() const {
  if (const SpanSlot* found = root()) return found;
  const SpanSlot* first = nullptr;
  for (const SpanSlot& slot : slots) {
    const bool isCandidate = slot.isLocalRoot || places.find(slot.parentId) == places.end();
    if (isCandidate && (first == nullptr || slot.ordinal < first->ordinal)) first = &slot;
  }
  return first;
}

std::vector<SpanSlot> TraceEntry::ordered() const {
  std::vector<SpanSlot> all = slots;
  std::stable_sort(all.begin(), all.end(),
                   [](const SpanSlot& a, const SpanSlot& b) { return a.ordinal < b.ordinal; });
  return all;
}

std::vector<trace::SpanData> decodeSlots(const std::vector<SpanSlot>& slots,
                                         const record::TextTable& table) {
  std::vector<trace::SpanData> spans;
  spans.reserve(slots.size());
  for (const SpanSlot& slot : slots) {
    spans.push_back(slot.live ? slot.live->data()
                              : record::decodeRecord(slot.record.words(), table));
    spans.back().ordinal = slot.ordinal;
  }
  return spans;
}

}  // namespace spandrel::manager
