#include "record/portable.h"
#include "record/record_walk.h"

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
    if (record_[header::kTraceAttributes] > record_[header::kAttributeCount]) fail();
    RecordWalk(record_, *this).run();
    return isGood_ && at_ == end_ && stringsLeft_ == 0;
  }
  uint32_t offset() const { return at_ * 4; }

  void headText(uint32_t place) { textWord(record_[place]); }
  void text() { textWord(count()); }
  void words(uint32_t number) {
    if (number > end_ - at_) return fail();
    at_ += number;
  }
  uint32_t count() {
    if (at_ < end_) return record_[at_++];
    fail();
    return 0;
  }
  uint32_t tag() {
    const uint32_t tagWord = count();
    const uint32_t key = tagWord >> tag::kKeyShift;
    if (!(tagWord & tag::kKeyInterned)) {
      strings(key);
    } else if (key >= table_.size()) {
      fail();
    }
    return tagWord;
  }
  void inPlace(uint32_t) {
    const uint32_t length = count();
    if (length > (end_ - at_) * 4) return fail();
    words(padded(length) / 4);
  }
  bool isGood() const { return isGood_; }
  void fail() { isGood_ = false; }

 private:
  void strings(uint32_t length) {
    if (length > stringsLeft_) return fail();
    stringsLeft_ -= length;
  }
  void textWord(uint32_t word) {
    if (word == kNoText) return;
    if (!(word & kInterned)) return strings(word);
    if ((word & ~kInterned) >= table_.size()) fail();
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
