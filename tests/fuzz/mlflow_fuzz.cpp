// MLflow's JSON: dictionaries of spans and infos, whole traces, files in the viewer, a server's
// answers.
#include "client/trace_answer.h"
#include "mlflow/record_codecs.h"
#include "mlflow/span_dict.h"
#include "mlflow/trace_dict.h"
#include "traces.h"
#include "view/mlflow_importer.h"

using namespace spandrel;

namespace {

// What was read once is written, and read again, the same.
template <typename T>
void claimIsStable(const Result<T>& read, Result<T> (*reader)(std::string_view),
                   std::string (*writer)(const T&), size_t size) {
  if (!read.ok()) return fuzz::claimIsClear(read.error(), size);
  const std::string text = writer(read.value());
  const Result<T> again = reader(text);
  fuzz::claim(again.ok(), "our dictionary can be read");
  fuzz::claim(writer(again.value()) == text, "dictionaries are stable");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = fuzz::textOf(data, size);
  claimIsStable<trace::SpanData>(
      mlflow::fromDictText(text), mlflow::fromDictText,
      [](const trace::SpanData& span) { return mlflow::toDictText(span); }, size);
  claimIsStable<trace::TraceInfo>(
      mlflow::fromTraceInfoDictText(text), mlflow::fromTraceInfoDictText,
      [](const trace::TraceInfo& info) { return mlflow::toTraceInfoDictText(info); }, size);
  claimIsStable<trace::Trace>(
      mlflow::fromTraceJson(text), mlflow::fromTraceJson,
      [](const trace::Trace& trace) { return mlflow::toTraceJson(trace); }, size);
  const auto records = mlflow::recordsOfTraceJson(text);
  if (!records.ok()) fuzz::claimIsClear(records.error(), size);
  const auto answer = client::tracesOfAnswer(text);
  if (!answer.ok()) fuzz::claimIsClear(answer.error(), size);

  {
    const fuzz::MemoryWatch memory;
    view::checkMlflowJson(text);
    memory.claimWithin(size);
  }
  view::looksLikeMlflow(text);
  view::TraceStore store;
  const view::ImportReport checked = view::checkMlflowJson(text);
  const view::ImportReport imported = view::importMlflowJson(store, text);
  fuzz::claim(checked.spans == imported.spans && checked.broken == imported.broken,
              "a check finds what an import finds");
  const std::string many = fuzz::manyTimes(text);
  if (!many.empty()) {
    const fuzz::MemoryWatch memory;
    view::TraceStore large;
    view::importMlflowJson(large, many);
    memory.claimWithin(many.size());
  }
  view::Viewer viewer;
  viewer.importJson(text);
  fuzz::look(viewer);
  return 0;
}
