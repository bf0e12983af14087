#include "record/portable.h"
#include "record/record_writer.h"

namespace spandrel::record {
namespace {

class Validator {
 public:
  Validator(const uint32_t* record, uint32_t wordEnd, uint32_t stringLength, const TextTable& table)
      : record_(record),
        at_(header::kWords),
        end_(wordEnd),
        stringsLeft_(stringLength),
        table_(table) {}

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
        if (!(tagWord & tag::kLong)) return text(length);
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

}  // namespace

Result<Done> validateRecord(Bytes bytes, const TextTable& table) {
  const auto refuse = [](ErrorCode code, const char* what, size_t offset) {
    return Error{code, std::string("span record: ") + what, offset};
  };
  if (bytes.size() < header::kWords * 4)
    return refuse(ErrorCode::Truncated, "shorter than its header", bytes.size());
  std::vector<uint32_t> words(bytes.size() / 4);
  std::memcpy(words.data(), bytes.data(), words.size() * 4);
  const uint32_t byteLength = words[header::kByteLength];
  if (byteLength % 4 != 0 || byteLength < header::kWords * 4) {
    return refuse(ErrorCode::Malformed, "its length is not that of a record", 0);
  }
  if (byteLength > bytes.size())
    return refuse(ErrorCode::Truncated, "ends before its length", bytes.size());
  const uint32_t stringLength = words[header::kStringLength];
  if (stringLength > byteLength - header::kWords * 4) {
    return refuse(ErrorCode::Malformed, "more text than bytes", header::kStringLength * 4);
  }
  const uint32_t wordEnd = (byteLength - padded(stringLength)) / 4;
  if (wordEnd < header::kWords)
    return refuse(ErrorCode::Malformed, "more text than bytes", header::kStringLength * 4);
  Validator validator(words.data(), wordEnd, stringLength, table);
  if (!validator.run())
    return refuse(ErrorCode::Malformed, "a length or count does not fit", validator.offset());
  return Done{};
}

}  // namespace spandrel::record
