#include "record/portable.h"

#include "record/record_walk.h"
#include "record/record_writer.h"
#include "record/span_view.h"

namespace spandrel::record {
namespace {

using trace::AnyValue;
using trace::Attribute;
using trace::SpanData;

uint32_t headFlags(const RecordHead& head) {
  return (head.spanType.empty() ? 0 : flags::kTypeWasSet) |
         (head.startTimeWasGiven ? flags::kStartTimeWasGiven : 0) |
         (head.traceIdText.empty() ? 0 : flags::kHasTraceIdText) |
         (head.experimentId.empty() ? 0 : flags::kHasExperimentId);
}

// With a head the span's attributes are the user's alone; without one all stand in the list.
std::vector<uint8_t> encodeSpan(const trace::SpanData& span, const RecordHead* head,
                                uint32_t routing, uint32_t extraFlags) {
  RecordWriter out;
  uint32_t flagBits = static_cast<uint32_t>(span.kind) << flags::kKindShift |
                      static_cast<uint32_t>(span.status.code) << flags::kStatusShift |
                      (span.flags & 0xFF) << flags::kTraceFlagsShift |
                      (head ? headFlags(*head) : flags::kPlain) | extraFlags;
  if (span.isOpen) flagBits |= flags::kOpen;
  if (span.flags & trace::kIsRemote) flagBits |= flags::kRemoteParent;
  if (!span.status.description.empty()) flagBits |= flags::kHasDescription;
  if (!span.traceState.empty()) flagBits |= flags::kHasTraceState;
  out.word(0);
  out.word(flagBits);
  out.bytes(span.traceId.bytes.data(), 16);
  out.bytes(span.spanId.bytes.data(), 8);
  out.bytes(span.parentSpanId.bytes.data(), 8);
  out.doubleWord(span.startTimeNs);
  out.doubleWord(span.endTimeNs);
  out.text(span.name);
  out.word(head && !head->spanType.empty() ? out.string(head->spanType) : kNoText);
  out.word(static_cast<uint32_t>(span.attributes.size()));
  out.word(static_cast<uint32_t>(span.events.size()));
  out.word(static_cast<uint32_t>(span.links.size()));
  out.word(span.droppedAttributes);
  out.word(span.droppedEvents);
  out.word(span.droppedLinks);
  out.word(span.ordinal);
  out.word(0);
  out.word(routing);
  out.word(0);
  if (flagBits & flags::kHasDescription) out.text(span.status.description);
  if (flagBits & flags::kHasTraceState) out.text(span.traceState);
  if (head && !head->traceIdText.empty()) out.text(head->traceIdText);
  if (head && !head->experimentId.empty()) out.text(head->experimentId);
  for (const Attribute& each : span.attributes) out.attribute(each.key, each.value);
  for (const trace::Event& event : span.events) {
    out.doubleWord(event.timeNs);
    out.text(event.name);
    out.word(static_cast<uint32_t>(event.attributes.size()));
    out.word(event.droppedAttributes);
    for (const Attribute& each : event.attributes) out.attribute(each.key, each.value);
  }
  for (const trace::Link& link : span.links) {
    out.bytes(link.traceId.bytes.data(), 16);
    out.bytes(link.spanId.bytes.data(), 8);
    out.word(link.flags);
    out.text(link.traceState);
    out.text(link.mlflowTraceId);
    out.word(static_cast<uint32_t>(link.attributes.size()));
    out.word(link.droppedAttributes);
    for (const Attribute& each : link.attributes) out.attribute(each.key, each.value);
  }
  return out.finish();
}

void sanitize(std::string& text) {
  if (!isUtf8(text)) text = sanitizeUtf8(text);
}

void sanitize(AnyValue& value) {
  if (value.kind == AnyValue::Kind::String || value.kind == AnyValue::Kind::Json)
    sanitize(value.text);
  for (AnyValue& item : value.items) sanitize(item);
  for (auto& [key, member] : value.members) {
    sanitize(key);
    sanitize(member);
  }
}

void sanitize(std::vector<Attribute>& attributes) {
  for (Attribute& each : attributes) {
    sanitize(each.key);
    sanitize(each.value);
  }
}

void sanitize(SpanData& span) {
  for (std::string* text : {&span.name, &span.traceState, &span.status.description})
    sanitize(*text);
  sanitize(span.attributes);
  for (trace::Event& event : span.events) {
    sanitize(event.name);
    sanitize(event.attributes);
  }
  for (trace::Link& link : span.links) {
    sanitize(link.traceState);
    sanitize(link.mlflowTraceId);
    sanitize(link.attributes);
  }
}

const TextTable& emptyTable() {
  static const TextTable table;
  return table;
}

}  // namespace

std::vector<uint8_t> encodePortable(const trace::SpanData& span) {
  return encodeSpan(span, nullptr, 0, 0);
}

namespace {

RecordRef ownBlock(const std::vector<uint8_t>& bytes) {
  Block* block = Block::allocate(static_cast<uint32_t>(bytes.size()));
  if (block == nullptr) return {};
  std::memcpy(block->data(), bytes.data(), bytes.size());
  RecordRef record(block, 0);
  block->release();
  return record;
}

}  // namespace

RecordRef adoptSpan(const trace::SpanData& span, uint32_t routing, uint32_t extraFlags) {
  return ownBlock(encodeSpan(span, nullptr, routing, extraFlags));
}

RecordRef adoptSpan(const trace::SpanData& span, const RecordHead& head, uint32_t routing,
                    uint32_t extraFlags) {
  return ownBlock(encodeSpan(span, &head, routing, extraFlags));
}

Result<Bytes> firstPortable(Bytes records) {
  uint32_t length = 0;
  if (records.size() < sizeof length) {
    return Error{ErrorCode::Truncated, "a record ends inside its header"};
  }
  std::memcpy(&length, records.data(), sizeof length);
  const bool isPlausible = length >= header::kWords * sizeof(uint32_t) && length % 4 == 0;
  if (!isPlausible) return Error{ErrorCode::Malformed, "a record has an impossible length"};
  if (length > records.size())
    return Error{ErrorCode::Truncated, "a record is longer than its bytes"};
  return records.first(length);
}

Result<trace::SpanData> decodePortable(Bytes bytes, Form form) {
  const auto checked = validateRecord(bytes, emptyTable());
  if (!checked.ok()) return checked.error();
  std::vector<uint32_t> words(bytes.size() / 4);
  std::memcpy(words.data(), bytes.data(), words.size() * 4);
  SpanData span = decodeRecord(words.data(), emptyTable(), form);
  sanitize(span);
  return span;
}

namespace {

// Copies a record word by word and puts the text in the place of every text id.
class Inliner {
 public:
  Inliner(const uint32_t* record, const TextTable& table)
      : record_(record), cursor_(record, table) {}

  std::vector<uint8_t> run() {
    for (uint32_t i = 0; i < header::kWords; ++i) out_.word(record_[i]);
    RecordWalk(record_, *this).run();
    return out_.finish();
  }

  void headText(uint32_t place) {
    if (record_[place] != kNoText) out_.set(place, out_.string(cursor_.text(record_[place])));
  }
  void text() { out_.text(cursor_.text(cursor_.word())); }
  void words(uint32_t number) {
    for (uint32_t i = 0; i < number; ++i) out_.word(cursor_.word());
  }
  uint32_t count() {
    const uint32_t count = cursor_.word();
    out_.word(count);
    return count;
  }
  uint32_t tag() {
    const uint32_t tagWord = cursor_.word();
    const uint32_t keyLength = out_.string(cursor_.key(tagWord));
    const uint32_t low = tagWord & ((1u << tag::kKeyShift) - 1) & ~tag::kKeyInterned;
    out_.word(low | keyLength << tag::kKeyShift);
    return tagWord;
  }
  void inPlace(uint32_t tagWord) {
    const std::string_view content = cursor_.content(tagWord | tag::kLong);
    out_.word(static_cast<uint32_t>(content.size()));
    out_.bytes(content.data(), content.size());
  }
  // The record is one of ours.
  bool isGood() const { return true; }
  void fail() {}

 private:
  const uint32_t* record_;
  Cursor cursor_;
  RecordWriter out_;
};

}  // namespace

std::vector<uint8_t> toPortable(const uint32_t* record, const TextTable& table) {
  return Inliner(record, table).run();
}

}  // namespace spandrel::record
