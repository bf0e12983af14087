#include "mlflow/size_stats.h"

#include <algorithm>

#include "mlflow/trace_dict.h"
#include "trace/constants.h"

namespace spandrel::mlflow {

uint64_t percentile(const std::vector<size_t>& sorted, uint32_t percent) {
  const uint64_t position = static_cast<uint64_t>(percent) * (sorted.size() - 1);  // hundredths
  const size_t below = static_cast<size_t>(position / 100);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (position % 100) / 100;
}

std::string sizeStatsText(size_t totalBytes, std::vector<size_t> spanBytes) {
  std::sort(spanBytes.begin(), spanBytes.end());
  const auto at = [&](uint32_t percent) { return std::to_string(percentile(spanBytes, percent)); };
  return "{\"total_size_bytes\": " + std::to_string(totalBytes) +
         ", \"num_spans\": " + std::to_string(spanBytes.size()) +
         ", \"max\": " + std::to_string(spanBytes.back()) + ", \"p25\": " + at(25) +
         ", \"p50\": " + at(50) + ", \"p75\": " + at(75) + "}";
}

void addSizeStats(trace::Trace& trace) {
  if (trace.spans.empty()) return;
  std::vector<size_t> spanBytes;
  const size_t total = toTraceJson(trace, JsonEscapes::Ascii, &spanBytes).size();
  auto& metadata = trace.info.traceMetadata;
  metadata[std::string(trace::metadata_key::kSizeStats)] =
      sizeStatsText(total, std::move(spanBytes));
  metadata[std::string(trace::metadata_key::kSizeBytes)] = std::to_string(total);
}

}  // namespace spandrel::mlflow
