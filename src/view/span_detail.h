// Everything about one span, as JSON text: made only for the span that is looked at.
//
// {"traceId","spanId","parentSpanId","name","type","service","kind","flags","traceState",
//  "startTimeNs","endTimeNs","isOpen","isDuplicate","status":{"code","message"},
//  "attributes":[V…],"events":[{"name","timeNs","attributes","dropped"}…],
//  "links":[{"traceId","spanId","traceState","attributes","dropped"}…],
//  "dropped":{"attributes","events","links"},
//  "resource":{"attributes","schemaUrl","dropped"},"scope":{"name","version","attributes",…}}
//
// V is {"key","type","value","number"}: the value is text (any_value_text.h); where it is longer
// than the caller's limit it is cut and "bytes" says how long it is. "number" names it to
// spanValue(). Times are decimal text: nanoseconds do not fit a double.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "view/trace_store.h"

namespace spandrel::view {

std::string spanDetailJson(const TraceStore& store, Row row, size_t maxValueBytes);

// The whole text of one value of the detail; an error where the number names none.
Result<std::string> spanValue(const TraceStore& store, Row row, uint32_t number);

}  // namespace spandrel::view
