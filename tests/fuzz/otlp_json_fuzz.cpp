// OTLP/JSON: the codec's reader, the viewer's importer, single messages, receivers' answers.
#include "otlp/response.h"
#include "traces.h"
#include "view/json_importer.h"

using namespace spandrel;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = fuzz::textOf(data, size);
  otlp::ReadReport report;
  {
    const fuzz::MemoryWatch memory;
    fuzz::CountingSink sink;
    report = otlp::readTracesJson(text, sink);
    memory.claimWithin(size);
    fuzz::claim(sink.spans() == report.spanCount, "each span that was read was delivered");
  }
  if (report.failed) fuzz::claimIsClear(report.error, size);

  otlp::CollectingSink kept;
  otlp::readTracesJson(text, kept);
  fuzz::claimIsStable(kept.take());

  {
    const fuzz::MemoryWatch memory;
    view::checkOtlpJson(text);
    memory.claimWithin(size);
  }
  view::TraceStore store;
  const view::ImportReport checked = view::checkOtlpJson(text);
  const view::ImportReport imported = view::importOtlpJson(store, text);
  fuzz::claim(checked.spans == imported.spans && checked.broken == imported.broken,
              "a check finds what an import finds");
  view::Viewer viewer;
  viewer.importJson(text);
  fuzz::look(viewer);

  const std::string many = fuzz::manyTimes(text);
  if (!many.empty()) {
    const fuzz::MemoryWatch memory;
    fuzz::CountingSink sink;
    otlp::readTracesJson(many, sink);
    memory.claimWithin(many.size());
  }
  if (!many.empty()) {
    const fuzz::MemoryWatch memory;
    view::TraceStore large;
    view::importOtlpJson(large, many);
    memory.claimWithin(many.size());
  }

  otlp::ReadReport single;
  (void)otlp::decodeSpanJson(text, single).ok();
  (void)otlp::decodeAnyValueJson(text, single).ok();
  fuzz::claim(otlp::parseExportAnswer({data, size}, true).rejectedSpans >= 0,
              "no count is negative");
  otlp::parseErrorMessage({data, size}, true);
  return 0;
}
