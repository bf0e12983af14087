// How large a trace is: the numbers that MLflow puts into the metadata before a trace is sent.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "trace/trace.h"

namespace spandrel::mlflow {

// At p · (n − 1) between the sorted sizes, cut to an integer. `percent` is 0 to 100; `sorted` is
// not empty.
uint64_t percentile(const std::vector<size_t>& sorted, uint32_t percent);

// {"total_size_bytes", "num_spans", "max", "p25", "p50", "p75"}
std::string sizeStatsText(size_t totalBytes, std::vector<size_t> spanBytes);

// Both as an object of strings: {"mlflow.trace.sizeStats": …, "mlflow.trace.sizeBytes": …}; sizes
// of toTraceJson() as the trace is. A trace without spans has none.
std::string sizeStatsObject(const trace::Trace& trace);

// Adds mlflow.trace.sizeStats and mlflow.trace.sizeBytes: sizes of toTraceJson() as it is before
// (values that these keys had already are counted, as MLflow does). A trace without spans gets
// none.
void addSizeStats(trace::Trace& trace);

}  // namespace spandrel::mlflow
