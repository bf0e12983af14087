// What receivers answer to an export request.
//
// Success and failure are told by the HTTP status alone; these bodies only add to it. Receivers
// send nothing, `{}`, `{"partialSuccess":null}`, HTML, or another encoding than they announce:
// whatever cannot be read counts as an empty answer, and nothing here fails.
#pragma once

#include <cstdint>
#include <string>

#include "base/text.h"

namespace spandrel::otlp {

// Messages are for people: longer ones are cut at this many code points and end in "...".
inline constexpr size_t kMaxMessageCodePoints = 500;

struct ExportAnswer {
  int64_t rejectedSpans = 0;  // never negative; 0 with a message is a warning
  std::string errorMessage;   // well-formed UTF-8, shortened
};

// The body of a 2xx: ExportTraceServiceResponse.
ExportAnswer parseExportAnswer(Bytes body, bool isJson);

// The message in the body of a 4xx or 5xx: google.rpc.Status. Empty when there is none to read.
std::string parseErrorMessage(Bytes body, bool isJson);

}  // namespace spandrel::otlp
