// Spans for bindings: made from and shown as JSON.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/text.h"
#include "manager/live_span.h"
#include "manager/span.h"

namespace spandrel::manager {

// What the getters of a span give, values decoded. Times are decimal text, null while open:
// {"traceId", "spanId", "parentId", "name", "startTimeNs", "endTimeNs", "status": {"statusCode",
//  "description"}, "spanType", "attributes": {…}, "events": [{"name", "timestamp", "attributes"}],
//  "links": [{"traceId", "spanId", "attributes"}]}
std::string spanViewJson(const trace::SpanData& span);
// The decoded value as JSON text; empty where the key is missing.
std::string attributeJson(const Span& span, std::string_view key);

// Null for bytes that are no portable record.
std::shared_ptr<Span> spanFromRecord(Bytes record);

Result<Done> checkLiveSpanOptions(std::string_view json);
// Null where the options are refused.
std::shared_ptr<LiveSpan> startLiveSpan(std::string_view json,
                                        std::shared_ptr<const SpanRuntime> runtime);

}  // namespace spandrel::manager
