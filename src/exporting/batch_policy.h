// When the spans that wait become a batch: at once when there are enough of them, by count or by
// bytes, otherwise a fixed delay after the first of them ended.
#pragma once

#include <cstdint>

namespace spandrel::exporting {

struct BatchPolicy {
  uint32_t maxSpans = 512;
  uint64_t maxBytes = 2u << 20;  // of record bytes: about what the request will have
  int64_t delayMillis = 5'000;   // browsers: 1,000, a page does not live long

  static constexpr int64_t kNotYet = -1;

  // Milliseconds until a batch should leave: 0 now, kNotYet when nothing waits.
  // `firstEndedAt` and `now` are milliseconds of one monotonic clock.
  int64_t waitMillis(uint32_t spans, uint64_t bytes, int64_t firstEndedAt, int64_t now) const;
};

}  // namespace spandrel::exporting
