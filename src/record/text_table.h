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
#include <string>
#include <string_view>

namespace spandrel::record {

class TextTable {
 public:
  static constexpr uint32_t kMaxTexts = 4096;
  static constexpr uint32_t kMaxTextBytes = 384;  // 128 UTF-16 units

  TextTable();

  // Adds texts with consecutive ids, starting at size(). `joined` separates them by NUL and ends
  // with one. What does not fit is ignored; the number of texts afterwards is returned.
  uint32_t append(std::string_view joined);

  uint32_t size() const { return size_.load(std::memory_order_acquire); }
  std::string_view text(uint32_t id) const {
    return id < size() ? std::string_view(texts_[id]) : std::string_view();
  }

 private:
  std::unique_ptr<std::string[]> texts_;
  std::atomic<uint32_t> size_{0};
  std::mutex writing_;
};

}  // namespace spandrel::record
