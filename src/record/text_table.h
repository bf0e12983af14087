// Names and keys that repeat, kept once: id ↔ text.
//
// Bounded (4,096 texts of at most 128 characters each); beyond that texts travel in the records.
// Texts are never removed, so an id stays valid as long as the table. Reading is lock-free and
// may run beside one writer.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>

namespace spandrel::record {

class TextTable {
 public:
  static constexpr uint32_t kMaxTexts = 4096;
  static constexpr uint32_t kMaxTextBytes = 384;  // 128 UTF-16 units
  // What may be read behind a field: copying in steps of 16 bytes needs no look at the end.
  static constexpr uint32_t kPadding = 16;

  TextTable();

  // Adds texts with consecutive ids, starting at size(). `joined` separates them by NUL and ends
  // with one. What does not fit is ignored; the number of texts afterwards is returned.
  uint32_t append(std::string_view joined);

  uint32_t size() const { return size_.load(std::memory_order_acquire); }
  std::string_view text(uint32_t id) const {
    const std::string_view whole = field(id);
    const size_t head = whole.size() < 130 ? 2 : 3;  // tag, and a length of one or two bytes
    return whole.size() < head ? std::string_view() : whole.substr(head);
  }
  // The text as field 1 of a protobuf message, which is what a key is in OTLP's KeyValue: tag,
  // length, text. kPadding bytes behind it may be read.
  std::string_view field(uint32_t id) const {
    return id < size() ? std::string_view(fields_[id].bytes.get(), fields_[id].length)
                       : std::string_view();
  }

 private:
  struct Field {
    std::unique_ptr<char[]> bytes;
    uint32_t length = 0;
  };

  std::unique_ptr<Field[]> fields_;
  std::atomic<uint32_t> size_{0};
  std::mutex writing_;
};

}  // namespace spandrel::record
