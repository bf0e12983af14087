// Contents in base64 inside a JSON text: where they stand and what they are.
//
// The shapes are those MLflow 3.17.2 knows: data URIs anywhere, and the parts in which OpenAI,
// Anthropic, Bedrock and Gemini carry audio and images. As there, an object gives up one content a
// pass, the first shape that fits; text that is no strict base64 stays, and so does base64 outside
// of these shapes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace spandrel::mlflow {

// Views are into the text that was searched, with its escapes.
struct FoundContent {
  // Of the string with its quotes, in the text.
  size_t offset = 0;
  size_t length = 0;
  std::string_view base64;
  std::string_view typePrefix;  // "image/" where `type` is a format alone
  std::string_view type;
  std::string_view id;  // given by whoever made an Attachment; empty: none
};

// In the order of their offsets, `maxCount` at most. `explicitOnly`: those that came as an
// Attachment object (kAttachmentParameter), which are always data URIs.
// A text that is no JSON, or nested too deep, holds none.
std::vector<FoundContent> findContents(std::string_view json, bool explicitOnly, size_t maxCount);

// The content of a part of a JSON string.
std::string unescaped(std::string_view written);

// The parameter of a data URI by which JavaScript's Attachment says who it is:
// data:image/png;spandrel-attachment=<uuid>;base64,…
inline constexpr std::string_view kAttachmentParameter = ";spandrel-attachment=";

// What Python 3.11's b64decode(validate=True) takes: the standard alphabet, whole groups, padding
// at the end where the last group needs it; padding behind a whole group is passed over.
bool isStrictBase64(std::string_view text);

// Whether a record or text can hold any content at all; false positives are fine.
bool mayHoldContents(std::string_view bytes);

}  // namespace spandrel::mlflow
