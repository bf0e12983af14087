// What is known about a trace besides its spans: MLflow's tags, metadata, previews, assessments.
//
// It comes in one of two ways: as an info dictionary beside the spans, which is kept as its text
// and read where it is shown (js/viewer/trace_facts.ts), or on a root span that came by OTLP, as
// attributes mlflow.traceTag.… and mlflow.traceMetadata.….
#pragma once

#include <string>
#include <string_view>

#include "view/trace_store.h"

namespace spandrel::view {

// Remembers an info dictionary of any version, with its name and token usage for the list.
void keepFacts(TraceStore& store, uint32_t traceSlot, std::string_view infoJson);

// The info dictionary as it came; without one the detail of the root span that has such attributes
// (span_detail.h); without either "".
std::string traceFacts(const TraceStore& store, uint32_t traceSlot);

}  // namespace spandrel::view
