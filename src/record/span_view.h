// Reading a record word by word, without copying.
//
// A SpanView trusts its record: it must come from commit() or have passed validateRecord().
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "record/grammar.h"
#include "record/text_table.h"

namespace spandrel::record {

// Walks the words and, in step, the strings of one record. Texts must be asked for in order.
class Cursor {
 public:
  Cursor(const uint32_t* record, const TextTable& table)
      : word_(record + header::kWords),
        string_(reinterpret_cast<const char*>(record) + record[header::kByteLength] -
                padded(record[header::kStringLength])),
        table_(&table) {}

  uint32_t word() { return *word_++; }
  uint64_t doubleWord() {
    uint64_t value;
    std::memcpy(&value, word_, 8);
    word_ += 2;
    return value;
  }
  double number() {
    double value;
    std::memcpy(&value, word_, 8);
    word_ += 2;
    return value;
  }
  const uint8_t* bytes(uint32_t words) {
    const auto* start = reinterpret_cast<const uint8_t*>(word_);
    word_ += words;
    return start;
  }

  // The text a text word names. Empty where there is none.
  std::string_view text(uint32_t word) {
    if (word & kInterned)
      return word == kNoText ? std::string_view() : table_->text(word & ~kInterned);
    return string(word);
  }
  std::string_view key(uint32_t tagWord) {
    const uint32_t rest = tagWord >> tag::kKeyShift;
    return tagWord & tag::kKeyInterned ? table_->text(rest) : string(rest);
  }
  // An interned key as a protobuf field, see TextTable::field; empty for one in the strings.
  std::string_view keyField(uint32_t tagWord) const {
    return tagWord & tag::kKeyInterned ? table_->field(tagWord >> tag::kKeyShift)
                                       : std::string_view();
  }
  // The text of a String or Json, or the content of Bytes.
  std::string_view content(uint32_t tagWord) {
    const uint32_t length = word();
    if (!(tagWord & tag::kLong)) return text(length);
    const auto* start = reinterpret_cast<const char*>(word_);
    word_ += (length + 3) / 4;
    return {start, length};
  }

 private:
  std::string_view string(uint32_t length) {
    const std::string_view text(string_, length);
    string_ += length;
    return text;
  }

  const uint32_t* word_;
  const char* string_;
  const TextTable* table_;
};

inline uint64_t timeAt(const uint32_t* record, uint32_t place) {
  return record[place] | static_cast<uint64_t>(record[place + 1]) << 32;
}

}  // namespace spandrel::record
