// What is known about a trace besides its spans: MLflow's tags, metadata, previews, assessments.
//
// It comes in one of two ways: as an info dictionary beside the spans (kept as its text, read when
// shown), or on a root span that came by OTLP (attributes mlflow.traceTag.… and
// mlflow.traceMetadata.…). An info that cannot be read as a whole gives what can be read.
#pragma once

#include <string>
#include <string_view>

#include "view/trace_store.h"

namespace spandrel::view {

// Remembers an info dictionary of any version, with its name and token usage for the list.
void keepFacts(TraceStore& store, uint32_t traceSlot, std::string_view infoJson);

// {"traceId","experimentId","state","clientRequestId","requestPreview","responsePreview",
//  "tags":[[key,value]],"metadata":[[key,value]],
//  "assessments":[{"name","kind","value","rationale","error","source","spanId","isValid"}],
//  "cost":{"input","output","total"},"omitted"}
// Members are absent where nothing was said; long texts are cut, `omitted` counts entries beyond
// the limits. "{}": nothing is known.
std::string traceFactsJson(const TraceStore& store, uint32_t traceSlot);

}  // namespace spandrel::view
