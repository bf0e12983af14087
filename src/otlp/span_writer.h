// Spans as OTLP protobuf bytes, from plain data. (Records on the hot path: record_encoder.h.)
//
// Fields are written in the order of their numbers, which makes the bytes equal to those of every
// other careful writer. Fields at their default are left out; ids that are zero are left out.
#pragma once

#include <span>

#include "otlp/outgoing_value.h"
#include "otlp/traces_data.h"
#include "otlp/wire_writer.h"

namespace spandrel::otlp {

// Each writes the content of its message; a caller that nests it writes tag and length around it.
void encodeAnyValue(const trace::AnyValue& value, ValueForm form, WireWriter& out);
void encodeAttribute(const trace::Attribute& attribute, ValueForm form, WireWriter& out);
void encodeSpan(const trace::SpanData& span, ValueForm form, WireWriter& out);
void encodeResource(const trace::Resource& resource, WireWriter& out);
void encodeScope(const trace::Scope& scope, WireWriter& out);

// A whole TracesData or ExportTraceServiceRequest: the bytes are the same. Groups without spans are
// left out, so an empty batch is no bytes at all.
void encodeTraces(std::span<const ResourceSpans> traces, ValueForm form, WireWriter& out);

}  // namespace spandrel::otlp
