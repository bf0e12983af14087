// The importer's fast path over protobuf bytes: the same rules as otlp::WireReader, inlined, and
// able to go on where a length points past the end, so that what was received is still read.
//
// otlp::WireReader stays the reader of everything that is not once per attribute.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "otlp/wire_reader.h"

namespace spandrel::view {

class WireCursor {
 public:
  WireCursor(const uint8_t* begin, const uint8_t* end) : at_(begin), end_(end) {}
  explicit WireCursor(Bytes bytes) : WireCursor(bytes.data(), bytes.data() + bytes.size()) {}
  explicit WireCursor(std::string_view bytes)
      : WireCursor(reinterpret_cast<const uint8_t*>(bytes.data()),
                   reinterpret_cast<const uint8_t*>(bytes.data()) + bytes.size()) {}

  bool atEnd() const { return at_ == end_; }
  const uint8_t* position() const { return at_; }
  const uint8_t* fieldStart() const { return fieldStart_; }
  uint32_t field() const { return tag_ >> 3; }
  otlp::WireType type() const { return static_cast<otlp::WireType>(tag_ & 7); }
  bool is(uint32_t field, otlp::WireType type) const { return tag_ == otlp::makeTag(field, type); }

  // Moves past the next tag. False at the end or where no tag can be read; failed() tells which.
  bool next() {
    if (at_ == end_) return false;
    fieldStart_ = at_;
    const uint8_t first = *at_;
    if (first >= 8 && first < 0x80 && (first & 7) < 6) {
      ++at_;
      tag_ = first;
      return true;
    }
    uint64_t tag = 0;
    if (!varint(tag)) return false;
    if (tag > UINT32_MAX || tag >> 3 == 0 || (tag & 7) > 5) return fail(ErrorCode::Malformed);
    tag_ = static_cast<uint32_t>(tag);
    return true;
  }

  bool varint(uint64_t& out) {
    if (at_ != end_ && *at_ < 0x80) {
      out = *at_++;
      return true;
    }
    return longVarint(out);
  }

  bool fixed64(uint64_t& out) {
    if (end_ - at_ < 8) return fail(ErrorCode::Truncated);
    std::memcpy(&out, at_, 8);  // little-endian on every target
    at_ += 8;
    return true;
  }

  bool bytes(std::string_view& out) {
    uint64_t length = 0;
    if (!varint(length)) return false;
    if (length > static_cast<uint64_t>(end_ - at_)) return fail(ErrorCode::Truncated);
    out = {reinterpret_cast<const char*>(at_), static_cast<size_t>(length)};
    at_ += length;
    return true;
  }

  // Like bytes(), but a length past the end gives what is there and sets `isCut`.
  bool bytesAsFarAsTheyGo(std::string_view& out, bool& isCut) {
    uint64_t length = 0;
    if (!varint(length)) return false;
    const uint64_t left = static_cast<uint64_t>(end_ - at_);
    isCut = length > left;
    if (isCut) length = left;
    out = {reinterpret_cast<const char*>(at_), static_cast<size_t>(length)};
    at_ += length;
    return true;
  }

  bool skip() {
    uint64_t number = 0;
    std::string_view text;
    switch (type()) {
      case otlp::WireType::Varint:
        return varint(number);
      case otlp::WireType::Fixed64:
        return fixed64(number);
      case otlp::WireType::Bytes:
        return bytes(text);
      case otlp::WireType::Fixed32:
        if (end_ - at_ < 4) return fail(ErrorCode::Truncated);
        at_ += 4;
        return true;
      default:
        return skipGroup();
    }
  }

  bool failed() const { return failed_; }
  ErrorCode code() const { return code_; }

 private:
  bool fail(ErrorCode code) {
    failed_ = true;
    code_ = code;
    return false;
  }

  bool longVarint(uint64_t& out) {
    uint64_t value = 0;
    for (int shift = 0; shift < 70; shift += 7) {
      if (at_ == end_) return fail(ErrorCode::Truncated);
      const uint8_t byte = *at_++;
      if (shift == 63 && byte > 1) break;
      value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) {
        out = value;
        return true;
      }
    }
    return fail(ErrorCode::Malformed);
  }

  bool skipGroup() {
    otlp::WireReader reader(Bytes{fieldStart_, static_cast<size_t>(end_ - fieldStart_)});
    if (!reader.next() || !reader.skip()) return fail(reader.error().code);
    at_ = fieldStart_ + reader.offset();
    return true;
  }

  const uint8_t* at_;
  const uint8_t* end_;
  const uint8_t* fieldStart_ = nullptr;
  uint32_t tag_ = 0;
  ErrorCode code_ = ErrorCode::Malformed;
  bool failed_ = false;
};

}  // namespace spandrel::view
