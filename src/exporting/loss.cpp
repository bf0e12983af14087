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

std::array<double, 2 + kLossReasons> Counters::numbers() const {
  std::array<double, 2 + kLossReasons> all{static_cast<double>(produced),
                                           static_cast<double>(delivered)};
  for (size_t i = 0; i < kLossReasons; i++) all[2 + i] = static_cast<double>(dropped[i]);
  return all;
}

}  // namespace spandrel::exporting
