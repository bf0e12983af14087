// The trace manager's functions with JSON in and out: what bindings offer. Times in milliseconds.
//
// A trace comes out as bytes: the length of a JSON text (4 bytes, little-endian), that text padded
// with spaces to a multiple of 4, then its spans as portable records in start order. The text is
// {"info": TraceInfo dictionary, "prompts": […]}.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "manager/trace_manager.h"

namespace spandrel::manager {

// {"otelTraceId": hex, "info": dictionary, "nowMillis": number}
//   → {"dropped": [{"traceId", "otelTraceIds": [hex], "spans", "reason": "evicted" | "expired" |
//   "replaced"}]}
Result<std::string> registerTraceJson(TraceManager& manager, std::string_view json);
// {"traceId", "prompt": {"name", "version", …}} → the new text of the tag.
Result<std::string> registerPromptJson(TraceManager& manager, std::string_view json);
// {"otelTraceId": hex, "nowMillis": number, "info"?: dictionary that replaces what was registered}
//   → the trace; nothing where there is none.
Result<std::vector<uint8_t>> popTraceBytes(TraceManager& manager, std::string_view json);
// {"traceId", "info"?: as above} → the trace as it is now; nothing where there is none.
Result<std::vector<uint8_t>> getTraceBytes(TraceManager& manager, std::string_view json);
// {"timeoutSeconds"?, "ttlSeconds"?, "maxTraces"?, "maxRecordBytes"?, "previewMaxLength"?}; null is
// the default.
Result<Done> configureJson(TraceManager& manager, std::string_view json);
// → {"timedOut": [{"traceId", "otelTraceIds", "message"}], "expired": [as dropped]}
std::string tickJson(TraceManager& manager, uint64_t nowMillis);
std::string statsJson(const TraceManager& manager);
// Hex digits → MLflow's id, "" where there is none.
Result<std::string> mlflowTraceIdOf(TraceManager& manager, std::string_view otelIdHex);
Result<bool> hasOpenSpansOf(TraceManager& manager, std::string_view otelIdHex);
Result<bool> setAsideOf(TraceManager& manager, std::string_view otelIdHex, uint64_t nowMillis);

}  // namespace spandrel::manager
