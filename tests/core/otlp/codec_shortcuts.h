// Shortcuts of the codec tests: bytes from hex, spans through one call.
#pragma once

#include <string>
#include <string_view>

#include "golden.h"
#include "otlp/json_writer.h"
#include "otlp/span_reader.h"
#include "otlp/span_writer.h"

namespace spandrel::otlp {

inline Bytes bytesOf(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

inline std::string written(const WireWriter& out) {
  EXPECT_TRUE(out.ok());
  return std::string(reinterpret_cast<const char*>(out.bytes().data()), out.size());
}

inline std::string encoded(const trace::AnyValue& value, ValueForm form = ValueForm::Reference) {
  WireWriter out;
  encodeAnyValue(value, form, out);
  return written(out);
}

inline std::string encoded(const trace::SpanData& span, ValueForm form = ValueForm::Wire) {
  WireWriter out;
  encodeSpan(span, form, out);
  return written(out);
}

inline std::string encoded(const TracesData& traces, ValueForm form = ValueForm::Typed) {
  WireWriter out;
  encodeTraces(traces, form, out);
  return written(out);
}

inline std::string jsonOf(const TracesData& traces, ValueForm form = ValueForm::Typed) {
  std::string out;
  appendTracesJson(out, traces, form);
  return out;
}

// Refused because a varint does not fit its 64 bits or a tag its 32.
inline bool isOverflow(const Error& error) {
  return error.message == "a varint has more than 64 bits" ||
         error.message == "a tag has more than 32 bits";
}

// Decodes and requires success.
inline TracesData decodedTraces(std::string_view bytes) {
  CollectingSink sink;
  const ReadReport report = readTraces(bytesOf(bytes), sink);
  EXPECT_FALSE(report.failed) << report.error.message << " at " << report.error.offset;
  return sink.take();
}

}  // namespace spandrel::otlp
