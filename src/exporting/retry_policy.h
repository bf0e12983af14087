// What to do after an answer, or after none: deliver, wait, halve, re-encode or give up.
// Pure decisions: time is handed in as milliseconds of a monotonic clock, chance as a number.
#pragma once

#include <cstdint>
#include <optional>

namespace spandrel::exporting {

inline constexpr int64_t kFirstDelayMillis = 1'000;
inline constexpr int64_t kMaxDelayMillis = 30'000;
// From the first attempt; a batch that would have to wait beyond it is given up.
inline constexpr int64_t kBatchLifeMillis = 15ll * 60 * 1000;

enum class NextStep : uint8_t {
  Deliver,        // 2xx, whatever the body says
  Retry,          // 429, 502, 503, 504 and no answer at all
  Halve,          // 400 and 413: one bad span, or too much at once; halves are new bytes
  OtherEncoding,  // 415: JSON in place of protobuf or the other way round, once
  GiveUp,         // everything else; the same bytes are never sent again
};

// `status` 0: the connection failed, broke or timed out before the answer was complete.
// Redirects are not followed, so 3xx is final.
NextStep nextStep(int status, uint32_t spanCount, bool mayChangeEncoding);

// Milliseconds until the next attempt; nothing: the batch is given up.
// `attempts` made so far (≥ 1), `random` in [0, 1), `retryAfterMillis` ≤ 0: the receiver named no
// wait.
//
// Back-off doubles from 1 s to 30 s with full jitter, so that many clients spread out. A wait the
// receiver names is kept to and lengthened by up to a tenth (a second at most), for the same
// reason.
std::optional<int64_t> retryDelay(uint32_t attempts, double random, int64_t retryAfterMillis,
                                  int64_t firstAttemptAt, int64_t now);

}  // namespace spandrel::exporting
