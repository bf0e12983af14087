// Spans as OTLP/JSON.
//
// By the JSON encoding of the OTLP specification: ids in hex, enums as numbers, 64-bit integers as
// decimal strings, keys in lowerCamelCase, NaN and infinities as strings, bytes in base64. Defaults
// and empty lists are left out. Texts are well-formed UTF-8; controls, U+2028 and U+2029 are
// escaped, so one TracesData is always one line (JSON lines, the file form of OTLP).
#pragma once

#include <span>
#include <string>

#include "otlp/outgoing_value.h"
#include "otlp/traces_data.h"

namespace spandrel::otlp {

void appendAnyValueJson(std::string& out, const trace::AnyValue& value, ValueForm form);
void appendSpanJson(std::string& out, const trace::SpanData& span, ValueForm form);

// {"resourceSpans":[…]}; groups without spans are left out.
void appendTracesJson(std::string& out, std::span<const ResourceSpans> traces, ValueForm form);

}  // namespace spandrel::otlp
