#include "exporting/batch_policy.h"

#include <algorithm>

namespace spandrel::exporting {

int64_t BatchPolicy::waitMillis(uint32_t spans, uint64_t bytes, int64_t firstEndedAt,
                                int64_t now) const {
  if (spans == 0) return kNotYet;
  if (spans >= maxSpans || bytes >= maxBytes) return 0;
  // A clock that went back must not lengthen the wait.
  return std::clamp<int64_t>(firstEndedAt + delayMillis - now, 0,
                             std::max<int64_t>(delayMillis, 0));
}

}  // namespace spandrel::exporting
