#include "exporting/retry_policy.h"

#include <algorithm>

namespace spandrel::exporting {
namespace {

int64_t backOff(uint32_t attempts, double random) {
  const uint32_t doublings = std::min(attempts > 0 ? attempts - 1 : 0, 5u);  // 2⁵ s is past the cap
  const int64_t cap = std::min(kFirstDelayMillis << doublings, kMaxDelayMillis);
  return static_cast<int64_t>(static_cast<double>(cap) * random);
}

}  // namespace

NextStep nextStep(int status, uint32_t spanCount, bool mayChangeEncoding) {
  if (status >= 200 && status < 300) return NextStep::Deliver;
  switch (status) {
    case 0:
    case 429:
    case 502:
    case 503:
    case 504:
      return NextStep::Retry;
    case 400:
    case 413:
      return spanCount > 1 ? NextStep::Halve : NextStep::GiveUp;
    case 415:
      return mayChangeEncoding ? NextStep::OtherEncoding : NextStep::GiveUp;
    default:
      return NextStep::GiveUp;
  }
}

std::optional<int64_t> retryDelay(uint32_t attempts, double random, int64_t retryAfterMillis,
                                  int64_t firstAttemptAt, int64_t now) {
  const double chance = random >= 0.0 && random < 1.0 ? random : 0.5;  // NaN included
  int64_t delay = backOff(attempts, chance);
  if (retryAfterMillis > 0) {
    const int64_t spread = std::min<int64_t>(retryAfterMillis / 10, 1'000);
    delay = retryAfterMillis + static_cast<int64_t>(static_cast<double>(spread) * chance);
  }
  const int64_t age = std::max<int64_t>(now - firstAttemptAt, 0);
  if (age + delay > kBatchLifeMillis) return std::nullopt;
  return delay;
}

}  // namespace spandrel::exporting
