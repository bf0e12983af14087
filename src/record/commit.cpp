#include "record/commit.h"

#include "base/text.h"
#include "record/record_walk.h"

namespace spandrel::record {
namespace {

constexpr uint32_t kHeaderBytes = header::kWords * 4;

// Bytes of the first `units` UTF-16 code units of well-formed UTF-8; -1 when the text is shorter.
int64_t bytesOfUnits(std::string_view text, uint32_t units) {
  size_t place = 0;
  while (units > 0) {
    const size_t length = utf8SequenceLength(text.substr(place));
    if (length == 0) return -1;
    const uint32_t taken = length == 4 ? 2 : 1;
    if (taken > units) return -1;
    units -= taken;
    place += length;
  }
  return static_cast<int64_t>(place);
}

// Turns the text lengths of one copied record from UTF-16 units into bytes.
class LengthRewriter {
 public:
  LengthRewriter(uint32_t* record, uint32_t wordCount, std::string_view rope)
      : record_(record), end_(record + wordCount), word_(record + header::kWords), rope_(rope) {}

  // Bytes of the rope that belong to the record; -1 when words and rope do not fit together.
  int64_t run() {
    RecordWalk(record_, *this).run();
    return isGood_ ? static_cast<int64_t>(used_) : -1;
  }

  void headText(uint32_t place) { rewrite(record_[place]); }
  void text() {
    if (word_ >= end_) return fail();
    rewrite(*word_++);
  }
  void words(uint32_t number) {
    if (number > static_cast<uint32_t>(end_ - word_)) return fail();
    word_ += number;
  }
  uint32_t count() {
    if (word_ < end_) return *word_++;
    fail();
    return 0;
  }
  uint32_t tag() {
    if (word_ >= end_) {
      fail();
      return 0;
    }
    uint32_t& tagWord = *word_++;
    if (!(tagWord & tag::kKeyInterned) && tagWord >> tag::kKeyShift) {
      const uint32_t bytes = take(tagWord >> tag::kKeyShift);
      tagWord = (tagWord & ((1u << tag::kKeyShift) - 1)) | bytes << tag::kKeyShift;
    }
    return tagWord;
  }
  void inPlace(uint32_t) { words(padded(count()) / 4); }
  bool isGood() const { return isGood_; }
  void fail() { isGood_ = false; }

 private:
  uint32_t take(uint32_t units) {
    const int64_t bytes = bytesOfUnits(rope_.substr(used_), units);
    if (bytes < 0) {
      fail();
      return 0;
    }
    used_ += static_cast<size_t>(bytes);
    return static_cast<uint32_t>(bytes);
  }
  void rewrite(uint32_t& word) {
    if (!(word & kInterned)) word = take(word);
  }

  uint32_t* record_;
  uint32_t* end_;
  uint32_t* word_;
  std::string_view rope_;
  size_t used_ = 0;
  bool isGood_ = true;
};

Error brokenChunk(size_t offset, const char* what) {
  return Error{ErrorCode::InternalError, std::string("staged chunk: ") + what, offset};
}

// The length of a staged record's words, without the room for its strings; 0: it is none.
uint32_t wordsLengthOf(const uint32_t* staged, uint32_t left) {
  if (left < kHeaderBytes) return 0;
  const uint32_t whole = staged[header::kByteLength];
  const uint64_t room = (uint64_t{staged[header::kStringLength]} + 3) & ~uint64_t{3};
  if (whole > left || whole % 4 != 0 || whole < kHeaderBytes + room) return 0;
  return whole - static_cast<uint32_t>(room);
}

// Makes records of the staged ones: in `block`, which is where they stand already or has room.
Result<Done> fill(Block* block, const uint32_t* words, uint32_t wordBytes, std::string_view rope,
                  bool isAscii, std::vector<RecordRef>& out) {
  const bool isInPlace = reinterpret_cast<const uint8_t*>(words) == block->data();
  uint32_t taken = 0;
  uint32_t written = 0;
  uint32_t ropeUsed = 0;
  while (taken < wordBytes) {
    const uint32_t* staged = words + taken / 4;
    const uint32_t wordsLength = wordsLengthOf(staged, wordBytes - taken);
    if (wordsLength == 0 || wordsLength > block->capacity() - written)
      return brokenChunk(taken, "a record is longer than the chunk");
    const uint32_t stagedLength = staged[header::kByteLength];
    auto* record = reinterpret_cast<uint32_t*>(block->data() + written);
    if (!isInPlace) std::memcpy(record, staged, wordsLength);
    int64_t textBytes = record[header::kStringLength];
    if (!isAscii) textBytes = LengthRewriter(record, wordsLength / 4, rope.substr(ropeUsed)).run();
    if (textBytes < 0 || static_cast<uint64_t>(textBytes) > rope.size() - ropeUsed ||
        written + uint64_t{wordsLength} + padded(static_cast<uint32_t>(textBytes)) >
            block->capacity())
      return brokenChunk(taken, "a record names more text than the chunk has");
    const auto length = static_cast<uint32_t>(textBytes);
    std::memcpy(block->data() + written + wordsLength, rope.data() + ropeUsed, length);
    record[header::kStringLength] = length;
    record[header::kByteLength] = wordsLength + padded(length);
    out.emplace_back(block, written);
    ropeUsed += length;
    written += wordsLength + padded(length);
    taken += stagedLength;
  }
  return Done{};
}

}  // namespace

Result<Done> commitChunk(const uint32_t* words, uint32_t wordBytes, std::string_view rope,
                         uint32_t ropeUnits, uint32_t recordCount, std::vector<RecordRef>& out) {
  if (rope.size() < ropeUnits) return brokenChunk(0, "less text than it counts");
  const bool isAscii = rope.size() == ropeUnits;
  // Behind the words there is room for `ropeUnits`; the rest is for what is longer, and its
  // padding.
  const uint64_t capacity =
      wordBytes + (isAscii ? 0 : rope.size() - ropeUnits + uint64_t{recordCount} * 4);
  Block* block =
      capacity > UINT32_MAX / 2 ? nullptr : Block::allocate(static_cast<uint32_t>(capacity));
  if (block == nullptr) return Error{ErrorCode::TooLarge, "no memory for a chunk of records"};
  out.reserve(out.size() + recordCount);
  auto result = fill(block, words, wordBytes, rope, isAscii, out);
  block->release();
  return result;
}

Result<Done> adoptChunk(Block* block, uint32_t wordBytes, std::string_view rope,
                        uint32_t recordCount, std::vector<RecordRef>& out) {
  out.reserve(out.size() + recordCount);
  auto result =
      fill(block, reinterpret_cast<const uint32_t*>(block->data()), wordBytes, rope, true, out);
  block->release();
  return result;
}

}  // namespace spandrel::record
