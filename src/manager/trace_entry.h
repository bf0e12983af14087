// What the manager knows of one trace: its info, its spans by start order, its prompts.
//
// A span is known as a LiveSpan of the core, as a record (ended, or the snapshot of a span that
// runs in JavaScript), never as both: the record of a LiveSpan takes its place.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "manager/live_span.h"
#include "manager/prompts.h"
#include "record/record_ref.h"
#include "record/text_table.h"
#include "trace/trace.h"

namespace spandrel::manager {

struct SpanSlot {
  trace::SpanId id;
  trace::SpanId parentId;
  uint32_t ordinal = 0;
  bool isLocalRoot = false;
  std::shared_ptr<LiveSpan> live;
  record::RecordRef record;

  bool isOpen() const {
    return live ? !live->hasEnded() : (record.flags() & record::flags::kOpen) != 0;
  }
};

struct TraceEntry {
  trace::TraceInfo info;
  std::vector<trace::TraceId> otelIds;  // that lead here
  std::vector<SpanSlot> slots;          // in order of arrival
  std::unordered_map<trace::SpanId, size_t, trace::SpanIdHash> places;
  uint32_t nextOrdinal = 0;
  uint64_t recordBytes = 0;
  std::vector<Prompt> prompts;

  SpanSlot* slot(const trace::SpanId& id);
  void addLive(std::shared_ptr<LiveSpan> span);
  // False for a snapshot of a span whose record is here already: it came too late to matter.
  bool addRecord(record::RecordRef record);
  // Bytes by which the record would make the entry grow.
  int64_t growthBy(const record::RecordRef& record);

  bool hasOpenSpans() const;
  // The first span without a parent, in start order.
  const SpanSlot* root() const;
  // The first span of this process: the root, or the one whose parent is elsewhere.
  const SpanSlot* localRoot() const;
  // In start order.
  std::vector<SpanSlot> ordered() const;
};

// Slots as plain data; takes the time of a decode each.
std::vector<trace::SpanData> decodeSlots(const std::vector<SpanSlot>& slots,
                                         const record::TextTable& table);

}  // namespace spandrel::manager
