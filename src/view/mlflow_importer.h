// MLflow traces as JSON into the store: what its clients write, what its servers answer.
//
//   {"info": …, "data": {"spans": […]}}                  Trace.to_json(), of version 3 and 2
//   {"spans": […]}                                       a trace's artifact
//   {"trace": {"trace_info": …, "spans": […]}}           REST: one trace
//   {"traces": [{"trace_info": …, "spans": […]}, …]}     REST: several
//
// and arrays of these, one behind the other, or one a line. Spans are MLflow's dictionaries of any
// version (attributes are an object) or OTLP/JSON in snake_case (attributes are a list).
//
// The text is read once, span by span. A span that cannot be read is left out with its error; where
// the text breaks, the spans before that place are kept. Memory stays within four times the text
// and 1 MiB. What is known about a trace goes to the trace of the first span beside it.
#pragma once

#include <string_view>

#include "view/otlp_importer.h"

namespace spandrel::view {

// Told by the first key that only one of the formats has; a text that says nothing is not MLflow's.
bool looksLikeMlflow(std::string_view text);

ImportReport importMlflowJson(TraceStore& store, std::string_view text);
ImportReport checkMlflowJson(std::string_view text);

}  // namespace spandrel::view
