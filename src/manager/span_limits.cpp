#include "manager/span_limits.h"

#include "base/text.h"

namespace spandrel::manager {
namespace {

// JavaScript counts text in UTF-16 code units, and so does the limit.
void truncateText(std::string& text, uint32_t limit) {
  if (text.size() <= limit) return;  // a character has at least as many bytes as units
  size_t position = 0;
  uint32_t units = 0;
  while (position < text.size()) {
    size_t next = position;
    units += nextCodePoint(text, next) > 0xFFFF ? 2 : 1;
    if (units > limit) break;
    position = next;
  }
  text.resize(position);
}

}  // namespace

void truncateValue(trace::AnyValue& value, uint32_t limit) {
  using Kind = trace::AnyValue::Kind;
  if (value.kind == Kind::String) truncateText(value.text, limit);
  if (value.kind == Kind::Bytes && value.text.size() > limit) value.text.resize(limit);
  if (value.kind != Kind::Array) return;
  for (trace::AnyValue& item : value.items) {
    if (item.kind == Kind::String) truncateText(item.text, limit);
  }
}

}  // namespace spandrel::manager
