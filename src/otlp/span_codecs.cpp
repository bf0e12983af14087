#include "otlp/span_codecs.h"

#include "otlp/json_reader.h"
#include "otlp/json_writer.h"
#include "otlp/span_reader.h"
#include "otlp/span_writer.h"
#include "record/portable.h"
#include "trace/json_value.h"

namespace spandrel::otlp {
namespace {

std::string_view textOf(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Result<std::vector<uint8_t>> written(const WireWriter& out) {
  if (!out.ok()) return Error{ErrorCode::TooLarge, "the message is too large"};
  const Bytes bytes = out.bytes();
  return std::vector<uint8_t>(bytes.begin(), bytes.end());
}

}  // namespace

Result<std::vector<uint8_t>> spanBytesOfRecord(Bytes record) {
  const Result<trace::SpanData> span = record::decodePortable(record);
  if (!span.ok()) return span.error();
  WireWriter out;
  encodeSpan(span.value(), ValueForm::Reference, out);
  return written(out);
}

Result<std::string> spanJsonOfRecord(Bytes record) {
  const Result<trace::SpanData> span = record::decodePortable(record);
  if (!span.ok()) return span.error();
  std::string out;
  appendSpanJson(out, span.value(), ValueForm::Reference);
  return out;
}

Result<trace::SpanData> decodeSpanOfEither(Bytes input) {
  const std::string_view text = textOf(input);
  const size_t first = text.find_first_not_of(" \t\r\n");
  const bool isJson = first != std::string_view::npos && text[first] == '{';
  ReadReport report;
  return isJson ? decodeSpanJson(text, report) : decodeSpan(input, report);
}

Result<std::vector<uint8_t>> anyValueBytesOfJson(std::string_view json) {
  const Result<trace::AnyValue> value = trace::parseJsonValue(json);
  if (!value.ok()) return value.error();
  WireWriter out;
  encodeAnyValue(value.value(), ValueForm::Reference, out);
  return written(out);
}

Result<std::string> jsonOfAnyValueBytes(Bytes message) {
  ReadReport report;
  const Result<trace::AnyValue> value = decodeAnyValue(message, report);
  if (!value.ok()) return value.error();
  return trace::dumpJson(value.value());
}

}  // namespace spandrel::otlp
