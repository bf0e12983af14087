// Builds one portable record: words in order, every text in its strings.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "record/grammar.h"
#include "trace/any_value.h"

namespace spandrel::record {

class RecordWriter {
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

  void attribute(std::string_view key, const trace::AnyValue& value) {
    tagged(string(key) << tag::kKeyShift, value);
  }

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
  void tagged(uint32_t tagBits, const trace::AnyValue& value) {
    if (value.isNative) tagBits |= tag::kNative;
    const auto type = [&](ValueType each) { word(tagBits | static_cast<uint32_t>(each)); };
    switch (value.kind) {
      case trace::AnyValue::Kind::Empty:
        return type(ValueType::Empty);
      case trace::AnyValue::Kind::Bool:
        return type(value.boolean ? ValueType::True : ValueType::False);
      case trace::AnyValue::Kind::Int:
        type(ValueType::Int64);
        return doubleWord(static_cast<uint64_t>(value.integer));
      case trace::AnyValue::Kind::Double: {
        type(ValueType::Double);
        uint64_t bits;
        std::memcpy(&bits, &value.number, 8);
        return doubleWord(bits);
      }
      case trace::AnyValue::Kind::String:
        return content(tagBits, ValueType::String, value.text);
      case trace::AnyValue::Kind::Json:
        return content(tagBits, ValueType::Json, value.text);
      case trace::AnyValue::Kind::Bytes:
        return content(tagBits, ValueType::Bytes, value.text);
      case trace::AnyValue::Kind::Array:
        type(ValueType::Array);
        word(static_cast<uint32_t>(value.items.size()));
        for (const trace::AnyValue& item : value.items) tagged(0, item);
        return;
      case trace::AnyValue::Kind::Map:
        type(ValueType::Map);
        word(static_cast<uint32_t>(value.members.size()));
        for (const auto& [key, member] : value.members) attribute(key, member);
        return;
    }
  }

  std::vector<uint32_t> words_;
  std::string strings_;
};

}  // namespace spandrel::record
