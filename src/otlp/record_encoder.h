// Records straight to OTLP protobuf bytes: the hot path of every export.
//
// No message objects and no intermediate values; what a record holds is written as it is read. The
// bytes are those that span_writer.h makes of decodeRecord(record, Form::Wire).
#pragma once

#include <span>

#include "otlp/wire_writer.h"
#include "record/record_ref.h"
#include "record/text_table.h"

namespace spandrel::otlp {

// Resource and scope of everything one process exports, encoded once.
struct EncodedOrigin {
  WireWriter resource;  // content of the Resource message
  WireWriter scope;     // content of the InstrumentationScope message
};

// What an origin record says: its attributes are the resource's, its name and span type the name
// and version of the scope.
void encodeOrigin(const uint32_t* record, const record::TextTable& table, EncodedOrigin& out);

// The records as an ExportTraceServiceRequest with one resource and one scope, in `out`, which is
// emptied first. Nothing for no records; check out.ok().
Bytes encodeBatch(std::span<const record::RecordRef> records, const record::TextTable& table,
                  const EncodedOrigin& origin, WireWriter& out);

// The content of one Span message.
void encodeRecord(const uint32_t* record, const record::TextTable& table, WireWriter& out);

}  // namespace spandrel::otlp
