// Writes protobuf's wire format into one byte buffer that grows and is reused.
//
// There are no message objects. A nested message is either written with a length the caller has
// computed (the size functions below), or opened and closed: open() leaves room for the length and
// close() moves the content when the length needs another size. The bytes are the same either way.
// The wire primitives are protobuf's own (CodedOutputStream's …ToArray functions).
//
// If memory for the buffer cannot be had, or the content would pass kMaxBytes, what follows is
// dropped and ok() turns false: a caller checks once, at the end.
#pragma once

#include <google/protobuf/io/coded_stream.h>

#include <cassert>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <utility>

#include "base/text.h"

namespace spandrel::otlp {

enum class WireType : uint8_t { Varint, Fixed64, Bytes, StartGroup, EndGroup, Fixed32 };

inline constexpr size_t kMaxVarintBytes = 10;

constexpr uint32_t makeTag(uint32_t field, WireType type) {
  return field << 3 | static_cast<uint32_t>(type);
}

inline size_t varintSize(uint64_t value) {
  return google::protobuf::io::CodedOutputStream::VarintSize64(value);
}
inline size_t tagSize(uint32_t field) {
  return varintSize(static_cast<uint64_t>(field) << 3);
}
// Tag, length and content of a string, bytes or nested message of `length` bytes.
inline size_t bytesFieldSize(uint32_t field, size_t length) {
  return tagSize(field) + varintSize(length) + length;
}
inline size_t varintFieldSize(uint32_t field, uint64_t value) {
  return tagSize(field) + varintSize(value);
}
inline size_t fixed64FieldSize(uint32_t field) {
  return tagSize(field) + 8;
}
inline size_t fixed32FieldSize(uint32_t field) {
  return tagSize(field) + 4;
}

class WireWriter {
 public:
  static constexpr size_t kMaxBytes = 0x7FFFFFFF;  // protobuf's own limit of a message

  // A nested message that is being written: where its content starts.
  struct OpenMessage {
    size_t contentStart;
    size_t lengthBytes;
  };

  WireWriter() = default;
  WireWriter(const WireWriter&) = delete;
  WireWriter& operator=(const WireWriter&) = delete;
  WireWriter(WireWriter&& other) noexcept { *this = std::move(other); }
  WireWriter& operator=(WireWriter&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
    std::swap(failed_, other.failed_);
    return *this;
  }
  ~WireWriter() { std::free(data_); }

  bool ok() const { return !failed_; }
  size_t size() const { return size_; }
  // Dead after the next write.
  Bytes bytes() const { return {data_, size_}; }

  // Puts `front` right before what was written from `contentStart` on, over earlier content, and
  // gives both together.
  Bytes prepend(size_t contentStart, Bytes front) {
    if (failed_ || front.size() > contentStart) return {};
    uint8_t* start = data_ + contentStart - front.size();
    std::memcpy(start, front.data(), front.size());
    return {start, data_ + size_};
  }

  // Empties the buffer and keeps its memory.
  void clear() {
    size_ = 0;
    failed_ = false;
  }
  void releaseMemory() {
    std::free(std::exchange(data_, nullptr));
    capacity_ = 0;
    clear();
  }
  // Takes back what was written after `size`, which was a size() of before.
  void truncate(size_t size) { size_ = size < size_ ? size : size_; }

  // Room for `count` more bytes, or null (and then ok() is false). Follow with advance().
  uint8_t* reserve(size_t count) {
    if (count > capacity_ - size_ && !grow(count)) return nullptr;
    return data_ + size_;
  }
  void advance(uint8_t* end) { size_ = static_cast<size_t>(end - data_); }

  void varint(uint64_t value) {
    if (uint8_t* at = reserve(kMaxVarintBytes)) advance(Coded::WriteVarint64ToArray(value, at));
  }
  void raw(const void* content, size_t length) {
    uint8_t* at = reserve(length);
    if (!at || length == 0) return;
    std::memcpy(at, content, length);
    size_ += length;
  }

  void varintField(uint32_t field, uint64_t value) {
    uint8_t* at = reserve(2 * kMaxVarintBytes);
    if (!at) return;
    at = Coded::WriteTagToArray(makeTag(field, WireType::Varint), at);
    advance(Coded::WriteVarint64ToArray(value, at));
  }
  void fixed64Field(uint32_t field, uint64_t value) {
    uint8_t* at = reserve(kMaxVarintBytes + 8);
    if (!at) return;
    at = Coded::WriteTagToArray(makeTag(field, WireType::Fixed64), at);
    advance(Coded::WriteLittleEndian64ToArray(value, at));
  }
  void fixed32Field(uint32_t field, uint32_t value) {
    uint8_t* at = reserve(kMaxVarintBytes + 4);
    if (!at) return;
    at = Coded::WriteTagToArray(makeTag(field, WireType::Fixed32), at);
    advance(Coded::WriteLittleEndian32ToArray(value, at));
  }
  void doubleField(uint32_t field, double value) {
    uint64_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    fixed64Field(field, bits);
  }
  void bytesField(uint32_t field, const void* content, size_t length) {
    messageHeader(field, length);
    raw(content, length);
  }
  void stringField(uint32_t field, std::string_view text) {
    bytesField(field, text.data(), text.size());
  }

  // Tag and length of a nested message whose content of `length` bytes the caller writes next.
  void messageHeader(uint32_t field, size_t length) {
    uint8_t* at = reserve(2 * kMaxVarintBytes);
    if (!at) return;
    at = Coded::WriteTagToArray(makeTag(field, WireType::Bytes), at);
    advance(Coded::WriteVarint64ToArray(length, at));
  }

  // `expectedLength` of the content saves close() from moving it (memmove of overlapping bytes is
  // slow in WebAssembly) when its varint is as long as that of the real one.
  OpenMessage open(uint32_t field, size_t expectedLength = 0) {
    const size_t lengthBytes = varintSize(expectedLength);
    messageHeader(field, expectedLength);
    return {size_, lengthBytes};
  }
  void close(OpenMessage message) {
    if (failed_) return;
    assert(data_ != nullptr);  // open() took room
    const size_t length = size_ - message.contentStart;
    const size_t lengthBytes = varintSize(length);
    const size_t lengthStart = message.contentStart - message.lengthBytes;
    if (lengthBytes != message.lengthBytes) {
      if (lengthBytes > message.lengthBytes && !reserve(lengthBytes - message.lengthBytes)) return;
      std::memmove(data_ + lengthStart + lengthBytes, data_ + message.contentStart, length);
      size_ = lengthStart + lengthBytes + length;
    }
    Coded::WriteVarint64ToArray(length, data_ + lengthStart);
  }

 private:
  using Coded = google::protobuf::io::CodedOutputStream;

  bool grow(size_t count) {
    if (failed_ || count > kMaxBytes - size_) {
      failed_ = true;
      return false;
    }
    size_t wanted = capacity_ < 256 ? 512 : capacity_ * 2;
    if (wanted < size_ + count) wanted = size_ + count;
    if (wanted > kMaxBytes) wanted = kMaxBytes;
    void* grown = std::realloc(data_, wanted);
    if (!grown) {
      failed_ = true;
      return false;
    }
    data_ = static_cast<uint8_t*>(grown);
    capacity_ = wanted;
    return true;
  }

  uint8_t* data_ = nullptr;
  size_t size_ = 0;
  size_t capacity_ = 0;
  bool failed_ = false;
};

}  // namespace spandrel::otlp
