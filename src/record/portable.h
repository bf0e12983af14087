// Records that stand alone: every text inside, no ids of a text table.
//
// This is the form in which single spans leave the core (detached snapshots, other workers) and
// come in from outside (dictionaries, OTLP, bytes of an unknown origin).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/text.h"
#include "record/record_ref.h"
#include "record/text_table.h"
#include "trace/span_data.h"

namespace spandrel::record {

// Which attributes a span shows.
enum class Form : uint8_t {
  // As MLflow has it: header fields are written out as attributes; start time where given,
  // experiment
  // id, trace id and span type first, log level last. The trace's own attributes are left out.
  Mlflow,
  // As plain OTLP carries it: what the user set, a span type only where one was set, the trace's
  // attributes, and the mark of a span that has not ended.
  Wire,
};

// A portable record with all attributes in the list (flags::kPlain).
std::vector<uint8_t> encodePortable(const trace::SpanData& span);

// Reads one record from bytes of any origin; lengths, depth and text are checked.
Result<trace::SpanData> decodePortable(Bytes bytes, Form form = Form::Mlflow);

// The first of several records that stand back to back; its length heads it.
Result<Bytes> firstPortable(Bytes records);

// Reads a record of the core.
trace::SpanData decodeRecord(const uint32_t* record, const TextTable& table,
                             Form form = Form::Mlflow);

// The attribute that marks an open span on the wire.
inline constexpr std::string_view kUnfinishedAttribute = "spandrel.unfinished";

// The same record with every text inside. Header and structure stay as they are.
std::vector<uint8_t> toPortable(const uint32_t* record, const TextTable& table);

// Checks the structure of one record: every length, count and text id.
Result<Done> validateRecord(Bytes bytes, const TextTable& table);

// A span made elsewhere as a record of its own block; null when memory cannot be had.
// `routing` and `extraFlags` are the header words of that name.
RecordRef adoptSpan(const trace::SpanData& span, uint32_t routing, uint32_t extraFlags);

// The header fields that MLflow shows as attributes.
struct RecordHead {
  std::string spanType;     // empty: nobody set one
  std::string traceIdText;  // empty: "tr-<hex>"
  std::string experimentId;
  bool startTimeWasGiven = false;
};

// The same with these fields in the header, as the recorder writes its records: the attributes of
// `span` are those the user set.
RecordRef adoptSpan(const trace::SpanData& span, const RecordHead& head, uint32_t routing,
                    uint32_t extraFlags);

}  // namespace spandrel::record
