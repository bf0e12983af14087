#include "record/portable.h"

#include <algorithm>

#include "record/span_view.h"
#include "trace/constants.h"

namespace spandrel::record {
namespace {

using trace::AnyValue;
using trace::Attribute;
using trace::SpanData;

uint32_t padded(size_t bytes) { return static_cast<uint32_t>((bytes + 3) & ~size_t{3}); }

// --- reading --------------------------------------------------------------------------------

AnyValue readValue(uint32_t tagWord, Cursor& cursor) {
  AnyValue value;
  switch (static_cast<ValueType>(tagWord & tag::kTypeMask)) {
    case ValueType::Empty:
      break;
    case ValueType::False:
      value = AnyValue::of(false);
      break;
    case ValueType::True:
      value = AnyValue::of(true);
      break;
    case ValueType::Int32:
      value = AnyValue::of(int64_t{static_cast<int32_t>(cursor.word())});
      break;
    case ValueType::Int64:
      value = AnyValue::of(static_cast<int64_t>(cursor.doubleWord()));
      break;
    case ValueType::Double:
      value = AnyValue::of(cursor.number());
      break;
    case ValueType::String:
      value = AnyValue::string(std::string(cursor.content(tagWord)));
      break;
    case ValueType::Json:
      value = AnyValue::json(std::string(cursor.content(tagWord)));
      break;
    case ValueType::Bytes:
      value = AnyValue::bytes(std::string(cursor.content(tagWord | tag::kLong)));
      break;
    case ValueType::Array: {
      value.kind = AnyValue::Kind::Array;
      const uint32_t count = cursor.word();
      for (uint32_t i = 0; i < count; ++i) {
        const uint32_t member = cursor.word();
        value.items.push_back(readValue(member, cursor));
      }
      break;
    }
    case ValueType::Map: {
      value.kind = AnyValue::Kind::Map;
      const uint32_t count = cursor.word();
      for (uint32_t i = 0; i < count; ++i) {
        const uint32_t member = cursor.word();
        std::string key(cursor.key(member));
        value.members.emplace_back(std::move(key), readValue(member, cursor));
      }
      break;
    }
  }
  value.isNative = (tagWord & tag::kNative) != 0;
  return value;
}

void readAttributes(Cursor& cursor, uint32_t count, std::vector<Attribute>& out) {
  out.reserve(out.size() + count);
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t tagWord = cursor.word();
    std::string key(cursor.key(tagWord));
    out.push_back({std::move(key), readValue(tagWord, cursor)});
  }
}

template <typename Id>
Id readId(const void* bytes) {
  Id id;
  std::memcpy(id.bytes.data(), bytes, id.bytes.size());
  return id;
}

void setUnlessPresent(std::vector<Attribute>& attributes, std::string_view key, AnyValue value) {
  const bool isPresent = std::any_of(attributes.begin(), attributes.end(),
                                     [&](const Attribute& each) { return each.key == key; });
  if (!isPresent) attributes.push_back({std::string(key), std::move(value)});
}

}  // namespace

SpanData decodeRecord(const uint32_t* record, const TextTable& table, Form form) {
  using namespace trace::attribute_key;
  SpanData span;
  Cursor cursor(record, table);
  const uint32_t flagBits = record[header::kFlags];
  span.traceId = readId<trace::TraceId>(record + header::kTraceId);
  span.spanId = readId<trace::SpanId>(record + header::kSpanId);
  span.parentSpanId = readId<trace::SpanId>(record + header::kParentSpanId);
  span.kind = static_cast<trace::SpanKind>(flagBits >> flags::kKindShift & 7);
  span.status.code = static_cast<trace::StatusCode>(flagBits >> flags::kStatusShift & 3);
  span.isOpen = (flagBits & flags::kOpen) != 0;
  span.flags = (flagBits >> flags::kTraceFlagsShift & 0xFF) | trace::kHasIsRemote |
               (flagBits & flags::kRemoteParent ? trace::kIsRemote : 0);
  span.startTimeNs = timeAt(record, header::kStartTime);
  span.endTimeNs = span.isOpen ? 0 : timeAt(record, header::kEndTime);
  span.droppedAttributes = record[header::kDroppedAttributes];
  span.droppedEvents = record[header::kDroppedEvents];
  span.droppedLinks = record[header::kDroppedLinks];
  span.ordinal = record[header::kOrdinal];
  span.name = cursor.text(record[header::kName]);
  const std::string spanType(cursor.text(record[header::kSpanType]));
  std::string traceIdText;
  std::string experimentId;
  if (flagBits & flags::kHasDescription) span.status.description = cursor.text(cursor.word());
  if (flagBits & flags::kHasTraceState) span.traceState = cursor.text(cursor.word());
  if (flagBits & flags::kHasTraceIdText) traceIdText = cursor.text(cursor.word());
  if (flagBits & flags::kHasExperimentId) experimentId = cursor.text(cursor.word());

  const bool hasVirtual = !(flagBits & flags::kPlain);
  if (hasVirtual && form == Form::Mlflow) {
    if (traceIdText.empty()) traceIdText = trace::generateTraceIdV3(span.traceId);
    span.attributes.push_back({std::string(kTraceId), AnyValue::string(std::move(traceIdText))});
    if (!experimentId.empty()) {
      span.attributes.push_back({std::string(kExperimentId), AnyValue::string(std::move(experimentId))});
    }
    if (flagBits & flags::kStartTimeWasGiven) {
      span.attributes.push_back({std::string(kStartTimeNs), AnyValue::of(static_cast<int64_t>(span.startTimeNs))});
    }
    const bool hasType = record[header::kSpanType] != kNoText;
    span.attributes.push_back(
        {std::string(kSpanType), AnyValue::string(hasType ? spanType : std::string(trace::kUnknownSpanType))});
  } else if (hasVirtual && flagBits & flags::kTypeWasSet) {
    span.attributes.push_back({std::string(kSpanType), AnyValue::string(spanType)});
  }
  const uint32_t attributeCount = record[header::kAttributeCount];
  const uint32_t traceAttributes = std::min(record[header::kTraceAttributes], attributeCount);
  readAttributes(cursor, attributeCount - traceAttributes, span.attributes);
  std::vector<Attribute> ofTrace;
  readAttributes(cursor, traceAttributes, ofTrace);
  if (form == Form::Wire) {
    std::move(ofTrace.begin(), ofTrace.end(), std::back_inserter(span.attributes));
    if (span.isOpen) span.attributes.push_back({std::string(kUnfinishedAttribute), AnyValue::of(true)});
  } else if (const uint32_t level = record[header::kRouting] & 0xFF; hasVirtual && level > 0) {
    setUnlessPresent(span.attributes, kLogLevel, AnyValue::of(int64_t{level}));
  }

  for (uint32_t i = 0; i < record[header::kEventCount]; ++i) {
    trace::Event event;
    event.timeNs = cursor.doubleWord();
    event.name = cursor.text(cursor.word());
    const uint32_t count = cursor.word();
    event.droppedAttributes = cursor.word();
    readAttributes(cursor, count, event.attributes);
    span.events.push_back(std::move(event));
  }
  for (uint32_t i = 0; i < record[header::kLinkCount]; ++i) {
    trace::Link link;
    link.traceId = readId<trace::TraceId>(cursor.bytes(4));
    link.spanId = readId<trace::SpanId>(cursor.bytes(2));
    link.flags = cursor.word();
    link.traceState = cursor.text(cursor.word());
    link.mlflowTraceId = cursor.text(cursor.word());
    const uint32_t count = cursor.word();
    link.droppedAttributes = cursor.word();
    readAttributes(cursor, count, link.attributes);
    span.links.push_back(std::move(link));
  }
  return span;
}

namespace {

// --- writing --------------------------------------------------------------------------------

class Writer {
 public:
  void word(uint32_t value) { words_.push_back(value); }
  void doubleWord(uint64_t value) {
    word(static_cast<uint32_t>(value));
    word(static_cast<uint32_t>(value >> 32));
  }
  void bytes(const void* data, size_t length) {
    const size_t at = words_.size();
    words_.resize(at + padded(length) / 4, 0);
    if (length > 0) std::memcpy(words_.data() + at, data, length);
  }
  void set(uint32_t place, uint32_t value) { words_[place] = value; }
  uint32_t string(std::string_view text) {
    strings_.append(text);
    return static_cast<uint32_t>(text.size());
  }
  void text(std::string_view text) { word(string(text)); }

  void attribute(std::string_view key, const AnyValue& value) { tagged(string(key) << tag::kKeyShift, value); }

  std::vector<uint8_t> finish() {
    set(header::kStringLength, static_cast<uint32_t>(strings_.size()));
    set(header::kByteLength, static_cast<uint32_t>(words_.size() * 4) + padded(strings_.size()));
    bytes(strings_.data(), strings_.size());
    const auto* start = reinterpret_cast<const uint8_t*>(words_.data());
    return {start, start + words_.size() * 4};
  }

 private:
  void content(uint32_t tagBits, ValueType type, std::string_view text) {
    // Bytes, and texts of any length, are written in place: no limit and no second copy.
    word(tagBits | static_cast<uint32_t>(type) | (type == ValueType::Bytes ? 0 : tag::kLong));
    word(static_cast<uint32_t>(text.size()));
    bytes(text.data(), text.size());
  }
  void tagged(uint32_t tagBits, const AnyValue& value) {
    if (value.isNative) tagBits |= tag::kNative;
    const auto type = [&](ValueType each) { word(tagBits | static_cast<uint32_t>(each)); };
    switch (value.kind) {
      case AnyValue::Kind::Empty:
        return type(ValueType::Empty);
      case AnyValue::Kind::Bool:
        return type(value.boolean ? ValueType::True : ValueType::False);
      case AnyValue::Kind::Int:
        type(ValueType::Int64);
        return doubleWord(static_cast<uint64_t>(value.integer));
      case AnyValue::Kind::Double: {
        type(ValueType::Double);
        uint64_t bits;
        std::memcpy(&bits, &value.number, 8);
        return doubleWord(bits);
      }
      case AnyValue::Kind::String:
        return content(tagBits, ValueType::String, value.text);
      case AnyValue::Kind::Json:
        return content(tagBits, ValueType::Json, value.text);
      case AnyValue::Kind::Bytes:
        return content(tagBits, ValueType::Bytes, value.text);
      case AnyValue::Kind::Array:
        type(ValueType::Array);
        word(static_cast<uint32_t>(value.items.size()));
        for (const AnyValue& item : value.items) tagged(0, item);
        return;
      case AnyValue::Kind::Map:
        type(ValueType::Map);
        word(static_cast<uint32_t>(value.members.size()));
        for (const auto& [key, member] : value.members) attribute(key, member);
        return;
    }
  }

  std::vector<uint32_t> words_;
  std::string strings_;
};

std::vector<uint8_t> encodeSpan(const SpanData& span, uint32_t routing, uint32_t extraFlags) {
  Writer out;
  uint32_t flagBits = static_cast<uint32_t>(span.kind) << flags::kKindShift |
                      static_cast<uint32_t>(span.status.code) << flags::kStatusShift |
                      (span.flags & 0xFF) << flags::kTraceFlagsShift | flags::kPlain | extraFlags;
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
  out.word(kNoText);
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

// --- checking -------------------------------------------------------------------------------

class Validator {
 public:
  Validator(const uint32_t* record, uint32_t wordEnd, uint32_t stringLength, const TextTable& table)
      : record_(record), at_(header::kWords), end_(wordEnd), stringsLeft_(stringLength), table_(table) {}

  bool run() {
    text(record_[header::kName]);
    text(record_[header::kSpanType]);
    for (uint32_t bit : {flags::kHasDescription, flags::kHasTraceState, flags::kHasTraceIdText,
                         flags::kHasExperimentId}) {
      if (record_[header::kFlags] & bit) text(next());
    }
    if (record_[header::kTraceAttributes] > record_[header::kAttributeCount]) fail();
    values(record_[header::kAttributeCount], 0);
    for (uint32_t i = 0; i < record_[header::kEventCount] && isGood_; ++i) {
      skip(2);
      text(next());
      const uint32_t count = next();
      skip(1);
      values(count, 0);
    }
    for (uint32_t i = 0; i < record_[header::kLinkCount] && isGood_; ++i) {
      skip(7);
      text(next());
      text(next());
      const uint32_t count = next();
      skip(1);
      values(count, 0);
    }
    return isGood_ && at_ == end_ && stringsLeft_ == 0;
  }
  uint32_t offset() const { return at_ * 4; }

 private:
  void fail() { isGood_ = false; }
  uint32_t next() {
    if (at_ >= end_) {
      fail();
      return 0;
    }
    return record_[at_++];
  }
  void skip(uint32_t words) {
    if (words > end_ - at_) return fail();
    at_ += words;
  }
  void strings(uint32_t length) {
    if (length > stringsLeft_) return fail();
    stringsLeft_ -= length;
  }
  void text(uint32_t word) {
    if (word == kNoText) return;
    if (!(word & kInterned)) return strings(word);
    if ((word & ~kInterned) >= table_.size()) fail();
  }
  void values(uint32_t count, int depth) {
    if (depth > trace::kMaxReadDepth) fail();
    for (uint32_t i = 0; i < count && isGood_; ++i) value(depth);
  }
  void value(int depth) {
    const uint32_t tagWord = next();
    const uint32_t key = tagWord >> tag::kKeyShift;
    if (!(tagWord & tag::kKeyInterned)) {
      strings(key);
    } else if (key >= table_.size()) {
      fail();
    }
    switch (static_cast<ValueType>(tagWord & tag::kTypeMask)) {
      case ValueType::Empty:
      case ValueType::False:
      case ValueType::True:
        return;
      case ValueType::Int32:
        return skip(1);
      case ValueType::Int64:
      case ValueType::Double:
        return skip(2);
      case ValueType::String:
      case ValueType::Json: {
        const uint32_t length = next();
        if (!(tagWord & tag::kLong)) return strings(length);
        return inPlace(length);
      }
      case ValueType::Bytes:
        return inPlace(next());
      case ValueType::Array:
      case ValueType::Map:
        return values(next(), depth + 1);
    }
    fail();
  }
  void inPlace(uint32_t length) {
    if (length > (end_ - at_) * 4) return fail();
    skip((length + 3) / 4);
  }

  const uint32_t* record_;
  uint32_t at_;
  uint32_t end_;
  uint32_t stringsLeft_;
  const TextTable& table_;
  bool isGood_ = true;
};

void sanitize(std::string& text) {
  if (!isUtf8(text)) text = sanitizeUtf8(text);
}

void sanitize(AnyValue& value) {
  if (value.kind == AnyValue::Kind::String || value.kind == AnyValue::Kind::Json) sanitize(value.text);
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
  for (std::string* text : {&span.name, &span.traceState, &span.status.description}) sanitize(*text);
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

std::vector<uint8_t> encodePortable(const SpanData& span) { return encodeSpan(span, 0, 0); }

RecordRef adoptSpan(const SpanData& span, uint32_t routing, uint32_t extraFlags) {
  const std::vector<uint8_t> bytes = encodeSpan(span, routing, extraFlags);
  Block* block = Block::allocate(static_cast<uint32_t>(bytes.size()));
  if (block == nullptr) return {};
  std::memcpy(block->data(), bytes.data(), bytes.size());
  RecordRef record(block, 0);
  block->release();
  return record;
}

Result<Done> validateRecord(Bytes bytes, const TextTable& table) {
  const auto refuse = [](ErrorCode code, const char* what, size_t offset) {
    return Error{code, std::string("span record: ") + what, offset};
  };
  if (bytes.size() < header::kWords * 4) return refuse(ErrorCode::Truncated, "shorter than its header", bytes.size());
  std::vector<uint32_t> words(bytes.size() / 4);
  std::memcpy(words.data(), bytes.data(), words.size() * 4);
  const uint32_t byteLength = words[header::kByteLength];
  if (byteLength % 4 != 0 || byteLength < header::kWords * 4) {
    return refuse(ErrorCode::Malformed, "its length is not that of a record", 0);
  }
  if (byteLength > bytes.size()) return refuse(ErrorCode::Truncated, "ends before its length", bytes.size());
  const uint32_t stringLength = words[header::kStringLength];
  if (stringLength > byteLength - header::kWords * 4) {
    return refuse(ErrorCode::Malformed, "more text than bytes", header::kStringLength * 4);
  }
  const uint32_t wordEnd = (byteLength - padded(stringLength)) / 4;
  if (wordEnd < header::kWords) return refuse(ErrorCode::Malformed, "more text than bytes", header::kStringLength * 4);
  Validator validator(words.data(), wordEnd, stringLength, table);
  if (!validator.run()) return refuse(ErrorCode::Malformed, "a length or count does not fit", validator.offset());
  return Done{};
}

Result<SpanData> decodePortable(Bytes bytes, Form form) {
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
  Inliner(const uint32_t* record, const TextTable& table) : record_(record), cursor_(record, table) {}

  std::vector<uint8_t> run() {
    for (uint32_t i = 0; i < header::kWords; ++i) out_.word(record_[i]);
    out_.set(header::kName, headerText(record_[header::kName]));
    if (record_[header::kSpanType] != kNoText) out_.set(header::kSpanType, headerText(record_[header::kSpanType]));
    for (uint32_t bit : {flags::kHasDescription, flags::kHasTraceState, flags::kHasTraceIdText,
                         flags::kHasExperimentId}) {
      if (record_[header::kFlags] & bit) text();
    }
    values(record_[header::kAttributeCount]);
    for (uint32_t i = 0; i < record_[header::kEventCount]; ++i) {
      copy(2);
      text();
      pairs();
    }
    for (uint32_t i = 0; i < record_[header::kLinkCount]; ++i) {
      copy(7);
      text();
      text();
      pairs();
    }
    return out_.finish();
  }

 private:
  uint32_t headerText(uint32_t word) { return out_.string(cursor_.text(word)); }
  void text() { out_.text(cursor_.text(cursor_.word())); }
  void copy(uint32_t words) {
    for (uint32_t i = 0; i < words; ++i) out_.word(cursor_.word());
  }
  void pairs() {
    const uint32_t count = cursor_.word();
    out_.word(count);
    copy(1);
    values(count);
  }
  void values(uint32_t count) {
    for (uint32_t i = 0; i < count; ++i) value();
  }
  void value() {
    const uint32_t tagWord = cursor_.word();
    const uint32_t keyLength = out_.string(cursor_.key(tagWord));
    const uint32_t low = tagWord & ((1u << tag::kKeyShift) - 1) & ~tag::kKeyInterned;
    out_.word(low | keyLength << tag::kKeyShift);
    switch (static_cast<ValueType>(tagWord & tag::kTypeMask)) {
      case ValueType::Empty:
      case ValueType::False:
      case ValueType::True:
        return;
      case ValueType::Int32:
        return copy(1);
      case ValueType::Int64:
      case ValueType::Double:
        return copy(2);
      case ValueType::String:
      case ValueType::Json:
        if (!(tagWord & tag::kLong)) return text();
        return inPlace(tagWord);
      case ValueType::Bytes:
        return inPlace(tagWord | tag::kLong);
      case ValueType::Array:
      case ValueType::Map: {
        const uint32_t count = cursor_.word();
        out_.word(count);
        return values(count);
      }
    }
  }
  void inPlace(uint32_t tagWord) {
    const std::string_view content = cursor_.content(tagWord);
    out_.word(static_cast<uint32_t>(content.size()));
    out_.bytes(content.data(), content.size());
  }

  const uint32_t* record_;
  Cursor cursor_;
  Writer out_;
};

}  // namespace

std::vector<uint8_t> toPortable(const uint32_t* record, const TextTable& table) {
  return Inliner(record, table).run();
}

}  // namespace spandrel::record
