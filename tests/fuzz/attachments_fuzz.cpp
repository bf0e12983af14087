// Contents in base64 inside of JSON texts.
#include "fuzz.h"
#include "mlflow/attachment_finder.h"
#include "mlflow/attachments.h"
#include "trace/attribute_text.h"
#include "trace/constants.h"

using namespace spandrel;

namespace {

trace::SpanData spanOf(std::string_view text) {
  trace::SpanData span;
  span.traceId.bytes[0] = 1;
  span.spanId.bytes[0] = 2;
  span.attributes.push_back(
      {std::string(trace::attribute_key::kInputs), trace::AnyValue::json(std::string(text))});
  return span;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = fuzz::textOf(data, size);
  size_t end = 0;
  for (const mlflow::FoundContent& found : mlflow::findContents(text, false, 100)) {
    fuzz::claim(found.offset >= end && found.length >= 2, "contents do not overlap");
    end = found.offset + found.length;
    fuzz::claim(end <= size, "contents are inside of the text");
    fuzz::claim(text[found.offset] == '"' && text[end - 1] == '"', "contents are strings");
    fuzz::claim(mlflow::isStrictBase64(mlflow::unescaped(found.base64)), "contents are base64");
  }
  trace::SpanData span = spanOf(text);
  const mlflow::DetachedContents detached = mlflow::detachContents(span, {});
  const std::string& left = span.attributes.front().value.text;
  fuzz::claim(detached.isChanged || left == text, "what holds nothing stays as it is");
  fuzz::claim(!detached.isChanged || checkJson(left).ok(), "what is left is JSON");
  trace::SpanData again = spanOf(text);
  fuzz::claim(mlflow::detachContents(again, {.maxBytes = 1}).isChanged == detached.isChanged,
              "a limit takes the same contents");
  return 0;
}
