// The classes of `spandrel/wasm` (js/wasm.ts): TraceManager, Span (does not change) and LiveSpan.
// The objects are shared pointers, so a handle that is deleted in JavaScript takes nothing from the
// core.
#include <emscripten/bind.h>

#include <memory>
#include <string>

#include "exporting/engine.h"
#include "handover.h"
#include "manager/live_span.h"
#include "manager/manager_json.h"
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
using manager::TraceManager;

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

int32_t registerTrace(TraceManager& to, uint32_t length) {
  return reply(registerTraceJson(to, inputText(length)));
}
int32_t registerPrompt(TraceManager& to, uint32_t length) {
  return reply(registerPromptJson(to, inputText(length)));
}
int32_t registerSpan(TraceManager& to, std::shared_ptr<LiveSpan> span) {
  return reply(to.registerSpan(std::move(span)));
}
int32_t popTrace(TraceManager& from, uint32_t length) {
  return reply(popTraceBytes(from, inputText(length)));
}
int32_t getTrace(TraceManager& from, uint32_t length) {
  return reply(getTraceBytes(from, inputText(length)));
}
int32_t getRootSpanId(TraceManager& from, uint32_t length) {
  return reply(from.getRootSpanId(inputText(length)).value_or(""));
}
int32_t getLocalRootSpanId(TraceManager& from, uint32_t length) {
  return reply(from.getLocalRootSpanId(inputText(length)).value_or(""));
}
// "<trace id> <span id>"; null where there is none.
std::shared_ptr<LiveSpan> getSpanFromId(TraceManager& from, uint32_t length) {
  return from.getSpanFromPath(inputText(length));
}
int32_t getMlflowTraceIdFromOtelId(TraceManager& from, uint32_t length) {
  return reply(mlflowTraceIdOf(from, inputText(length)));
}
int32_t hasOpenSpans(TraceManager& from, uint32_t length) {
  return replyBool(hasOpenSpansOf(from, inputText(length)));
}
int32_t configure(TraceManager& of, uint32_t length) {
  return reply(configureJson(of, inputText(length)));
}
int32_t tick(TraceManager& of, double nowMillis) {
  return reply(tickJson(of, static_cast<uint64_t>(nowMillis)));
}
int32_t stats(TraceManager& of) {
  return reply(statsJson(of));
}

int32_t replay(uint32_t length) {
  return reply(manager::replayOperations(inputText(length)));
}

}  // namespace

EMSCRIPTEN_BINDINGS(spandrel_classes) {
  emscripten::class_<TraceManager>("TraceManager")
      .smart_ptr<std::shared_ptr<TraceManager>>("TraceManagerPointer")
      .class_function("getInstance", &moduleManager)
      .class_function("reset", &TraceManager::reset)
      .function("registerTrace", &registerTrace)
      .function("registerPrompt", &registerPrompt)
      .function("registerSpan", &registerSpan)
      .function("popTrace", &popTrace)
      .function("getTrace", &getTrace)
      .function("getRootSpanId", &getRootSpanId)
      .function("getLocalRootSpanId", &getLocalRootSpanId)
      .function("getSpanFromId", &getSpanFromId)
      .function("getMlflowTraceIdFromOtelId", &getMlflowTraceIdFromOtelId)
      .function("hasOpenSpans", &hasOpenSpans)
      .function("configure", &configure)
      .function("tick", &tick)
      .function("stats", &stats);

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
