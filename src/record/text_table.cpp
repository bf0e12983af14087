#include "record/text_table.h"

#include <cstring>

namespace spandrel::record {
namespace {

constexpr char kFieldOneTag = 0x0A;  // field 1, length-delimited

}  // namespace

TextTable::TextTable() : fields_(new Field[kMaxTexts]) {}

uint32_t TextTable::append(std::string_view joined) {
  std::lock_guard lock(writing_);
  uint32_t count = size_.load(std::memory_order_relaxed);
  while (!joined.empty() && count < kMaxTexts) {
    const size_t end = joined.find('\0');
    if (end == std::string_view::npos) break;
    const std::string_view text = joined.substr(0, end < kMaxTextBytes ? end : kMaxTextBytes);
    joined.remove_prefix(end + 1);

    Field& field = fields_[count++];
    const size_t head = text.size() < 128 ? 2 : 3;
    field.length = static_cast<uint32_t>(head + text.size());
    field.bytes.reset(new char[field.length + kPadding]());
    char* at = field.bytes.get();
    *at++ = kFieldOneTag;
    if (head == 3) *at++ = static_cast<char>(text.size() | 0x80);
    *at++ = static_cast<char>(head == 3 ? text.size() >> 7 : text.size());
    std::memcpy(at, text.data(), text.size());
  }
  size_.store(count, std::memory_order_release);
  return count;
}

}  // namespace spandrel::record
