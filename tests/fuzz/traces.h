// Claims about decoded traces that hold whatever encoding they came in.
#pragma once

#include <string>

#include "fuzz.h"
#include "otlp/json_reader.h"
#include "otlp/json_writer.h"
#include "otlp/span_reader.h"
#include "otlp/span_writer.h"
#include "view/viewer.h"

namespace spandrel::fuzz {

// Takes spans and forgets them.
class CountingSink : public otlp::TraceSink {
 public:
  bool onSpan(trace::SpanData&&) override {
    ++spans_;
    return true;
  }
  size_t spans() const { return spans_; }

 private:
  size_t spans_ = 0;
};

inline std::string protobufOf(const otlp::TracesData& traces) {
  otlp::WireWriter out;
  otlp::encodeTraces(traces, otlp::ValueForm::Typed, out);
  claim(out.ok(), "what was decoded can be encoded");
  return std::string(textOf(out.bytes().data(), out.size()));
}

inline std::string jsonOf(const otlp::TracesData& traces) {
  std::string out;
  otlp::appendTracesJson(out, traces, otlp::ValueForm::Typed);
  return out;
}

inline otlp::TracesData decoded(std::string_view protobuf) {
  otlp::CollectingSink sink;
  claim(!otlp::readTraces(bytesOf(protobuf), sink).failed, "our protobuf can be read");
  return sink.take();
}

inline otlp::TracesData decodedJson(std::string_view json) {
  otlp::CollectingSink sink;
  claim(!otlp::readTracesJson(json, sink).failed, "our JSON can be read");
  return sink.take();
}

// What was read once is written, and read again, the same in both encodings.
inline void claimIsStable(const otlp::TracesData& traces) {
  const std::string protobuf = protobufOf(traces);
  claim(protobufOf(decoded(protobuf)) == protobuf, "protobuf is stable");
  const std::string json = jsonOf(traces);
  claim(jsonOf(decodedJson(json)) == json, "JSON is stable");
  claim(jsonOf(decoded(protobuf)) == json, "both encodings say the same");
}

// Asks a viewer for everything it shows of what it has taken.
inline void look(view::Viewer& viewer) {
  static constexpr uint32_t kMost = 20;
  viewer.stats();
  const uint32_t traces = viewer.traceCount();
  const std::string list = viewer.traceWindow(0, kMost);
  claim(traces == 0 || !list.empty(), "traces are listed");
  // Ids are the runs of 32 digits in quotes.
  for (size_t at = list.find('"'); at != std::string::npos; at = list.find('"', at + 1)) {
    const std::string_view id = std::string_view(list).substr(at + 1, 32);
    if (list.size() <= at + 33 || list[at + 33] != '"' || !viewer.openTrace(id).ok()) continue;
    viewer.traceFacts();
    for (const view::LayoutRow& row : viewer.rows(0, kMost)) {
      char spanId[17];
      for (int i = 0; i < 8; ++i) {
        const unsigned byte = row.spanIdWords[i / 4] >> (i % 4 * 8) & 0xFF;
        std::snprintf(spanId + i * 2, 3, "%02x", byte);
      }
      claim(viewer.spanDetail(spanId, 1024).ok(), "a span that is shown has its detail");
      (void)viewer.spanValueText(spanId, 0).ok();
      viewer.setCollapsed(spanId, true);
      viewer.nextError(spanId, true);
    }
    viewer.collapseAll();
    viewer.expandAll();
  }
}

}  // namespace spandrel::fuzz
