// Short forms of a trace's inputs and outputs: previews for lists, copies in the metadata.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "trace/trace.h"

namespace spandrel::trace {

inline constexpr size_t kPreviewMaxLength = 1000;             // code points
inline constexpr size_t kPreviewMaxLengthDatabricks = 10000;  // with a Databricks tracking URI
inline constexpr size_t kMetadataCopyMaxLength = 250;

// Text of more than `maxLength` code points becomes maxLength − 3 of them and "...".
std::string truncateText(std::string_view text, size_t maxLength);

// The message a reader wants to see in an object that holds chat messages: the last one of `role`,
// else the last. Messages are looked for in `messages`, `choices[0].message`, `input`, `output`,
// and in the same keys inside `request`. Empty: none found, show the whole JSON.
std::string chatMessageText(std::string_view json, std::string_view role);

// The preview of a stored attribute text, truncated. `role` is "user" for requests, "assistant" for
// responses.
std::string previewOf(std::string_view storedText, std::string_view role,
                      size_t maxLength = kPreviewMaxLength);

// Sets the previews from the root span. A preview that is set is the user's own and stays (the
// surface never sets an empty one); a root without inputs or outputs, or no root, gives "".
void setRequestResponsePreview(TraceInfo& info, const SpanData* root,
                               size_t maxLength = kPreviewMaxLength);

// The copies of inputs and outputs under mlflow.traceInputs and mlflow.traceOutputs ("" if absent).
void setInputsOutputsMetadata(TraceInfo& info, const SpanData& root);

}  // namespace spandrel::trace
