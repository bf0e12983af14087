// Span operations as JSON, one object each: how LiveSpans are driven through `spandrel/wasm`, and
// how the same sequence is played to both implementations of LiveSpan.
//
//   {"op": "set_inputs" | "set_outputs", "value": any}
//   {"op": "set_attribute", "key": text, "value": any}        {"op": "set_attributes", "value":
//   object}
//   {"op": "set_span_type" | "set_description", "value": text}
//   {"op": "set_log_level", "value": text or number}
//   {"op": "set_status", "status_code": text, "description"?: text}
//   {"op": "add_event", "name": text, "timestamp"?: ns, "attributes"?: object}
//   {"op": "add_link", "trace_id": text, "span_id": text, "attributes"?: object, "trace_flags"?:
//   number,
//    "trace_state"?: text}
//   {"op": "record_exception", "type": text, "message": text, "stacktrace"?: text, "timestamp"?:
//   ns}
//   {"op": "end", "end_time_ns"?: ns, "attributes"?: object, "outputs"?: any, "status"?: text}
//
// Values are read as JavaScript would: a number without a fraction and within ±(2^53 − 1) is an
// integer, any other a double. What JSON cannot say: {"$int": digits}, {"$float": "NaN"},
// {"$bytes": hex}. Objects and arrays that are no arrays of one kind of primitive stay JSON text.
// Times are numbers or decimal text.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "manager/live_span.h"

namespace spandrel::manager {

// InvalidParameterValue: no object, an unknown operation, a missing or wrong member, or what the
// setter refuses. `nowNs` is the time where none is given.
Result<Done> applyOperation(LiveSpan& span, std::string_view json, uint64_t nowNs);

// {"trace_id_hex", "span_id_hex", "parent_span_id_hex"?, "name"?, "start_time_ns"?, "span_type"?,
//  "trace_id"? (MLflow's), "experiment_id"?, "kind"?, "trace_flags"?, "trace_state"?,
//  "has_remote_parent"?, "start_time_was_given"?, "ordinal"?}
Result<LiveSpanOptions> parseLiveSpanOptions(std::string_view json, uint64_t nowNs);

// {"span": options, "limits"?: {…}, "ops": […]} played to a C++ LiveSpan; refused operations change
// nothing. The record as it is then, in portable form, decoded and encoded once.
Result<std::vector<uint8_t>> replayOperations(std::string_view json);

}  // namespace spandrel::manager
