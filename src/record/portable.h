// Records that stand alone: every text inside, no ids of a text table.
//
// This is the form in which single spans leave the core (detached snapshots, other workers) and
// come in from outside (dictionaries, OTLP, bytes of an unknown origin).
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "base/text.h"
#include "record/record_ref.h"
#include "record/text_table.h"
#include "trace/span_data.h"

namespace spandrel::record {

// A portable record with all attributes in the list (flags::kPlain).
std::vector<uint8_t> encodePortable(const trace::SpanData& span);

// Reads one record from bytes of any origin; lengths, depth and text are checked.
Result<trace::SpanData> decodePortable(Bytes bytes);

// Reads a record of the core. Header fields are written out as the attributes that MLflow shows:
// trace id, experiment id, start time where given and span type first, log level last.
trace::SpanData decodeRecord(const uint32_t* record, const TextTable& table);

// Checks the structure of one record: every length, count and text id.
Result<Done> validateRecord(Bytes bytes, const TextTable& table);

// A span made elsewhere as a record of its own block; null when memory cannot be had.
// `routing` and `extraFlags` are the header words of that name.
RecordRef adoptSpan(const trace::SpanData& span, uint32_t routing, uint32_t extraFlags);

}  // namespace spandrel::record
