// The viewer's core as one object: what is loaded, the list of traces, and the one trace shown.
//
// Everything that JavaScript asks for is answered here, as JSON text or as the bytes of rows, so
// that the bindings only name things.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/text.h"
#include "view/otlp_importer.h"
#include "view/trace_layout.h"
#include "view/trace_store.h"
#include "view/trace_summary.h"

namespace spandrel::view {

class Viewer {
 public:
  Viewer() : list_(store_), layout_(store_) {}
  Viewer(const Viewer&) = delete;
  Viewer& operator=(const Viewer&) = delete;

  void setMaxBytes(double maxBytes);

  // Answers
  // {"spans","added","replaced","duplicates","refused","broken","errors":[{code,message,offset}]}.
  // An input of which nothing can be read is an answer too, not a failure.
  std::string importProtobuf(Bytes request);
  // OTLP JSON or MLflow's dictionaries and REST answers, told apart by their keys.
  std::string importJson(std::string_view text);
  // The same report without keeping anything.
  static std::string checkProtobuf(Bytes request);
  static std::string checkJson(std::string_view text);
  // {"spans","traces","bytes","evictedTraces","evictedSpans","duplicates","refusedSpans","generation"}
  std::string stats() const;

  uint32_t traceCount();
  std::string traceWindow(uint32_t first, uint32_t count);
  int32_t traceIndex(std::string_view traceId);

  // Shows a trace: answers as traceHead().
  Result<std::string> openTrace(std::string_view traceId);
  // The summary of the trace shown with what its tree says:
  // {…summary,"rows","rootCount","maxDepth","cycles","endsBeforeStart","collapsed","treeStartNs","treeDurationNs"}.
  // An error if it has been evicted or none is shown.
  Result<std::string> traceHead();
  // What is known about the trace shown besides its spans (trace_facts.h).
  std::string traceFacts();
  const std::vector<LayoutRow>& rows(uint32_t first, uint32_t count);
  // A JSON array of texts, each cut at `maxBytes`.
  std::string strings(Bytes ids, uint32_t maxBytes) const;
  uint32_t generation() const { return static_cast<uint32_t>(store_.generation()); }

  // Row indexes of what is visible; −1 where the span is not in the trace shown.
  int32_t reveal(std::string_view spanId);
  int32_t visibleIndex(std::string_view spanId);
  // Answers the new count of visible rows, −1 if nothing changed.
  int32_t setCollapsed(std::string_view spanId, bool isCollapsed);
  uint32_t collapseAll();
  uint32_t expandAll();
  // The id of the next span with an error from that one (or from the first or last), as text;
  // empty: none.
  std::string nextError(std::string_view spanId, bool isForward);

  Result<std::string> spanDetail(std::string_view spanId, uint32_t maxValueBytes);
  Result<std::string> spanValueText(std::string_view spanId, uint32_t number);

 private:
  Result<Row> shownSpan(std::string_view spanId);

  TraceStore store_;
  TraceList list_;
  TraceLayout layout_;
  std::vector<LayoutRow> window_;
};

}  // namespace spandrel::view
