// OTLP JSON (one request, JSON lines, arrays of requests) into the store.
//
// Spans are written as protobuf while the text is read and go in by the way of all others, so the
// store knows one encoding only.
#pragma once

#include <string_view>

#include "view/otlp_importer.h"

namespace spandrel::view {

ImportReport importOtlpJson(TraceStore& store, std::string_view text);
ImportReport checkOtlpJson(std::string_view text);

}  // namespace spandrel::view
