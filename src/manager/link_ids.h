// The ids of a link as users write them.
#pragma once

#include <string_view>

#include "base/result.h"
#include "trace/span_data.h"

namespace spandrel::manager {

// "tr-<hex>", "trace:/<location>/<hex>" or bare hex, of at most 32 digits, and a span id of at most
// 16: shorter ones are padded with zeros. What the caller wrote is kept beside the bytes. Zero ids,
// anything else than hex, and an id of another location than the span's own trace are refused.
Result<trace::Link> linkWithIds(std::string_view traceId, std::string_view spanId,
                                std::string_view ownTraceId);

}  // namespace spandrel::manager
