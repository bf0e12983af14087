// MLflow's span dictionaries as JSON text.
//
// Written: version 3. Read: version 3, the form of MLflow 3.5.0 (hex ids, status "OK") and
// version 2 (known by its key `context`).
//
// Attributes are the stored JSON texts as strings; those a span got from another SDK stand as they
// are. Ids are base64 of 16 and 8 bytes, those of links are texts. Times are integers of
// nanoseconds, an open span's end is null.
#pragma once

#include <string>
#include <string_view>

#include "base/json_text.h"
#include "base/result.h"
#include "trace/span_data.h"

namespace spandrel::mlflow {

// Exactly what Python's json.dumps(span.to_dict()) gives; with JsonEscapes::Needed what it gives
// with ensure_ascii=False.
std::string toDictText(const trace::SpanData& span, JsonEscapes escapes = JsonEscapes::Ascii);
void appendSpanDict(std::string& out, const trace::SpanData& span, JsonEscapes escapes);

// InvalidParameterValue with the reason and the offset for everything that is no span dictionary,
// broken JSON included. Unknown keys are ignored; null and missing ends are open spans, as is 0.
// Arrays and objects among attributes of events and links are kept as their text.
Result<trace::SpanData> fromDictText(std::string_view json);

}  // namespace spandrel::mlflow
