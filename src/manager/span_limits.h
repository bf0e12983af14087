// How much one span may hold, and which keys the limits do not touch.
#pragma once

#include <cstdint>
#include <limits>
#include <string_view>

#include "trace/any_value.h"
#include "trace/constants.h"

namespace spandrel::manager {

inline constexpr uint32_t kNoLimit = std::numeric_limits<uint32_t>::max();

// OpenTelemetry's limits and defaults. What is over a limit is counted on the span.
struct SpanLimits {
  uint32_t attributes = 128;
  uint32_t events = 128;  // the newest are kept
  uint32_t links = 128;   // the first are kept
  uint32_t attributesPerEvent = 128;
  uint32_t attributesPerLink = 128;
  uint32_t valueLength = kNoLimit;  // UTF-16 code units of text, bytes of bytes
};

// Keys that carry the span's meaning neither count against the limits nor are cut or dropped.
inline bool isReservedKey(std::string_view key) {
  return key.substr(0, 7) == "mlflow." || key == trace::promoted_key::kSession ||
         key == trace::promoted_key::kUser;
}

// Cuts text, bytes and the texts of an array; never inside a character.
void truncateValue(trace::AnyValue& value, uint32_t limit);

}  // namespace spandrel::manager
