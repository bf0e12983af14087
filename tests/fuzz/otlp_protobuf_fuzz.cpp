// OTLP protobuf: the codec's reader, the viewer's importer, single messages, receivers' answers.
#include "otlp/response.h"
#include "traces.h"
#include "view/otlp_importer.h"

using namespace spandrel;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Bytes input(data, size);
  otlp::ReadReport report;
  {
    const fuzz::MemoryWatch memory;
    fuzz::CountingSink sink;
    report = otlp::readTraces(input, sink);
    memory.claimWithin(size);
    fuzz::claim(sink.spans() == report.spanCount, "each span that was read was delivered");
  }
  if (report.failed) fuzz::claimIsClear(report.error, size);

  otlp::CollectingSink kept;
  otlp::readTraces(input, kept);
  fuzz::claimIsStable(kept.take());

  {
    const fuzz::MemoryWatch memory;
    view::checkOtlpProtobuf(input);
    memory.claimWithin(size);
  }
  view::TraceStore store;
  const view::ImportReport checked = view::checkOtlpProtobuf(input);
  const view::ImportReport imported = view::importOtlpProtobuf(store, input);
  fuzz::claim(checked.spans == imported.spans && checked.broken == imported.broken,
              "a check finds what an import finds");
  fuzz::claim(report.failed || imported.spans >= report.spanCount || imported.broken > 0,
              "the viewer reads what the codec reads");
  view::Viewer viewer;
  viewer.importProtobuf(input);
  fuzz::look(viewer);

  const std::string repeated = fuzz::manyTimes(fuzz::textOf(data, size));
  const Bytes many = fuzz::bytesOf(repeated);
  if (!many.empty()) {
    const fuzz::MemoryWatch memory;
    fuzz::CountingSink sink;
    otlp::readTraces(many, sink);
    memory.claimWithin(many.size());
  }
  if (!many.empty()) {
    const fuzz::MemoryWatch memory;
    view::TraceStore large;
    view::importOtlpProtobuf(large, many);
    memory.claimWithin(many.size());
  }

  otlp::ReadReport single;
  (void)otlp::decodeSpan(input, single).ok();
  (void)otlp::decodeAnyValue(input, single).ok();
  fuzz::claim(otlp::parseExportAnswer(input, false).rejectedSpans >= 0, "no count is negative");
  otlp::parseErrorMessage(input, false);
  return 0;
}
