#include "record/text_table.h"

namespace spandrel::record {

TextTable::TextTable() : texts_(new std::string[kMaxTexts]) {}

uint32_t TextTable::append(std::string_view joined) {
  std::lock_guard lock(writing_);
  uint32_t count = size_.load(std::memory_order_relaxed);
  while (!joined.empty() && count < kMaxTexts) {
    const size_t end = joined.find('\0');
    if (end == std::string_view::npos) break;
    texts_[count++].assign(joined.substr(0, end));
    joined.remove_prefix(end + 1);
  }
  size_.store(count, std::memory_order_release);
  return count;
}

}  // namespace spandrel::record
