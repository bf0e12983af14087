#include "mlflow/size_stats.h"

#include <algorithm>

#include "base/json_text.h"
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

namespace {

struct SizeTexts {
  std::string stats;
  std::string bytes;
};

SizeTexts sizeTextsOf(const trace::Trace& trace) {
  std::vector<size_t> spanBytes;
  const size_t total = toTraceJson(trace, JsonEscapes::Ascii, &spanBytes).size();
  return {sizeStatsText(total, std::move(spanBytes)), std::to_string(total)};
}

}  // namespace

std::string sizeStatsObject(const trace::Trace& trace) {
  if (trace.spans.empty()) return "{}";
  const SizeTexts texts = sizeTextsOf(trace);
  return "{" + quoteJson(trace::metadata_key::kSizeStats) + ":" + quoteJson(texts.stats) + "," +
         quoteJson(trace::metadata_key::kSizeBytes) + ":" + quoteJson(texts.bytes) + "}";
}

void addSizeStats(trace::Trace& trace) {
  if (trace.spans.empty()) return;
  SizeTexts texts = sizeTextsOf(trace);
  auto& metadata = trace.info.traceMetadata;
  metadata[std::string(trace::metadata_key::kSizeStats)] = std::move(texts.stats);
  metadata[std::string(trace::metadata_key::kSizeBytes)] = std::move(texts.bytes);
}

}  // namespace spandrel::mlflow
