// Spans of the core as classes of `spandrel/wasm`: Span (does not change) and LiveSpan. The objects
// are shared pointers, so a handle that is deleted in JavaScript takes nothing from the core.
#include <emscripten/bind.h>

#include <memory>
#include <string>

#include "exporting/engine.h"
#include "handover.h"
#include "manager/live_span.h"
#include "manager/operations.h"
#include "manager/span.h"
#include "manager/span_json.h"
#include "mlflow/span_dict.h"
#include "module_manager.h"
#include "otlp/span_codecs.h"
#include "record/portable.h"

namespace spandrel::wasm {
namespace {

using manager::LiveSpan;
using manager::Span;

// Ended spans go where the recorder's go, and to the manager.
std::shared_ptr<const manager::SpanRuntime> moduleRuntime() {
  static const auto runtime = [] {
    auto made = std::make_shared<manager::SpanRuntime>();
    made->logger = [](manager::LogSeverity severity, const std::string& message) {
      moduleLog().add(severity, message);
    };
    made->spanHasEnded = [](const LiveSpan&, record::RecordRef record, manager::EndOutcome) {
      if (record) exporting::engine().route(record);
    };
    return made;
  }();
  return runtime;
}

int32_t checkLiveSpanOptions(uint32_t length) {
  return reply(manager::checkLiveSpanOptions(inputText(length)));
}
// Null unless checkLiveSpanOptions() accepted the same text.
std::shared_ptr<LiveSpan> startLiveSpan(uint32_t length) {
  return manager::startLiveSpan(inputText(length), moduleRuntime());
}
// Times are in the operation: the core has no clock.
int32_t apply(LiveSpan& span, uint32_t length) {
  return reply(applyOperation(span, inputText(length), 0));
}
bool hasEnded(LiveSpan& span) {
  return span.hasEnded();
}
int32_t liveRecord(LiveSpan& span) {
  return reply(record::encodePortable(span.data()));
}
int32_t liveView(LiveSpan& span) {
  return reply(manager::spanViewJson(span.data()));
}
std::shared_ptr<Span> toImmutableSpan(LiveSpan& span) {
  return std::make_shared<Span>(span.data());
}

// Null for bytes that are no portable record.
std::shared_ptr<Span> spanFromRecord(uint32_t length) {
  return manager::spanFromRecord(inputBytes(length));
}
int32_t spanRecord(const Span& span) {
  return reply(record::encodePortable(span.data()));
}
int32_t spanView(const Span& span) {
  return reply(manager::spanViewJson(span.data()));
}
int32_t spanDict(const Span& span) {
  return reply(mlflow::toDictText(span.data()));
}
int32_t spanOtlpBytes(const Span& span) {
  return reply(otlp::spanBytesOfRecord(record::encodePortable(span.data())));
}
int32_t spanOtlp(const Span& span) {
  return reply(otlp::spanJsonOfRecord(record::encodePortable(span.data())));
}
// Nothing where the key is missing.
int32_t spanAttribute(const Span& span, uint32_t length) {
  return reply(manager::attributeJson(span, inputText(length)));
}

int32_t replay(uint32_t length) {
  return reply(manager::replayOperations(inputText(length)));
}

}  // namespace

SPANDREL_LATE_BINDINGS(bindSpan) {
  emscripten::class_<Span>("Span")
      .smart_ptr<std::shared_ptr<Span>>("SpanPointer")
      .class_function("fromRecord", &spanFromRecord)
      .function("record", &spanRecord)
      .function("view", &spanView)
      .function("toDict", &spanDict)
      .function("toOtlpBytes", &spanOtlpBytes)
      .function("toOtlp", &spanOtlp)
      .function("getAttribute", &spanAttribute);

  emscripten::class_<LiveSpan>("LiveSpan")
      .smart_ptr<std::shared_ptr<LiveSpan>>("LiveSpanPointer")
      .class_function("start", &startLiveSpan)
      .function("apply", &apply)
      .function("hasEnded", &hasEnded)
      .function("record", &liveRecord)
      .function("view", &liveView)
      .function("toImmutableSpan", &toImmutableSpan);

  emscripten::function("checkLiveSpanOptions", &checkLiveSpanOptions);
  emscripten::function("replayOperations", &replay);
}

}  // namespace spandrel::wasm
