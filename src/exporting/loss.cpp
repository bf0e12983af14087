#include "exporting/loss.h"

#include <numeric>

namespace spandrel::exporting {

std::string_view lossReasonName(LossReason reason) {
  static constexpr std::array<std::string_view, kLossReasons> kNames = {
      "queue_full",    "too_large",       "rejected",       "http_4xx",  "gave_up",
      "shutdown",      "unknown_outcome", "late",           "not_ready", "module_dead",
      "trace_evicted", "trace_expired",   "redaction_error"};
  const auto place = static_cast<size_t>(reason);
  return place < kNames.size() ? kNames[place] : std::string_view("unknown_outcome");
}

uint64_t Counters::droppedTotal() const {
  return std::accumulate(dropped.begin(), dropped.end(), uint64_t{0});
}

std::string Counters::text() const {
  std::string out = std::to_string(produced) + ' ' + std::to_string(delivered);
  for (const uint64_t each : dropped) out += ' ' + std::to_string(each);
  return out;
}

}  // namespace spandrel::exporting
