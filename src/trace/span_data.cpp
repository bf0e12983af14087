#include "trace/span_data.h"

namespace spandrel::trace {

const AnyValue* SpanData::find(std::string_view key) const {
  for (const Attribute& attribute : attributes) {
    if (attribute.key == key) return &attribute.value;
  }
  return nullptr;
}

}  // namespace spandrel::trace
