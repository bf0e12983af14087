// OTLP protobuf (TracesData, ExportTraceServiceRequest) into the store, in one pass and without
// message objects.
//
// A span's ids, times, name, kind and status go into columns; what only the detail pane needs is
// copied as it is encoded. Bad input never costs the good: a span that cannot be read is left out
// with its error, and where the bytes end inside a message the spans before the end are kept.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/result.h"
#include "base/text.h"
#include "view/trace_store.h"

namespace spandrel::view {

struct ImportReport {
  uint64_t spans = 0;  // readable, whatever became of them
  uint64_t added = 0;
  uint64_t replaced = 0;    // snapshots that gave way to a newer state
  uint64_t duplicates = 0;  // complete spans whose id was there already
  uint64_t refused = 0;     // no room
  uint64_t broken = 0;      // left out; the first kMaxErrors are in `errors`
  std::vector<Error> errors;

  static constexpr size_t kMaxErrors = 16;
  void addError(ErrorCode code, const char* message, size_t offset);
  void count(TraceStore::Added added);
};

ImportReport importOtlpProtobuf(TraceStore& store, Bytes request);
// The same reading without a store: what importOtlpProtobuf() would find.
ImportReport checkOtlpProtobuf(Bytes request);

}  // namespace spandrel::view
