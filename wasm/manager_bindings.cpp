// The trace manager: as functions for the package itself (js/load/manager_core.ts) and as the class
// TraceManager of `spandrel/wasm`. Texts and bytes go through the hand-over buffers.
#include <emscripten/bind.h>

#include <memory>
#include <string>

#include "exporting/engine.h"
#include "handover.h"
#include "manager/log_buffer.h"
#include "manager/manager_json.h"
#include "manager/trace_manager.h"
#include "module_manager.h"

namespace spandrel::wasm {

using manager::TraceManager;

manager::LogBuffer& moduleLog() {
  static manager::LogBuffer buffer;
  return buffer;
}

namespace {

void keepRecord(void*, const record::RecordRef& record) {
  TraceManager::getInstance()->keep(record);
}

bool prepare() {
  TraceManager::prepareInstances(&exporting::engine().texts(),
                                 [](manager::LogSeverity severity, const std::string& message) {
                                   moduleLog().add(severity, message);
                                 });
  exporting::engine().setKeeper(&keepRecord, nullptr);
  return true;
}

}  // namespace

// Until it is first asked for, records do not pass through a manager at all.
std::shared_ptr<TraceManager> moduleManager() {
  static const bool isPrepared = prepare();
  static_cast<void>(isPrepared);
  return TraceManager::getInstance();
}

namespace {

int32_t registerTrace(TraceManager& to, uint32_t length) {
  return reply(registerTraceJson(to, inputText(length)));
}
int32_t registerPrompt(TraceManager& to, uint32_t length) {
  return reply(registerPromptJson(to, inputText(length)));
}
int32_t registerSpan(TraceManager& to, std::shared_ptr<manager::LiveSpan> span) {
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
std::shared_ptr<manager::LiveSpan> getSpanFromId(TraceManager& from, uint32_t length) {
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

int32_t managerRegisterTrace(uint32_t length) {
  return registerTrace(*moduleManager(), length);
}
int32_t managerRegisterPrompt(uint32_t length) {
  return registerPrompt(*moduleManager(), length);
}
int32_t managerPopTrace(uint32_t length) {
  return popTrace(*moduleManager(), length);
}
int32_t managerGetTrace(uint32_t length) {
  return getTrace(*moduleManager(), length);
}
int32_t managerGetRootSpanId(uint32_t length) {
  return getRootSpanId(*moduleManager(), length);
}
int32_t managerGetLocalRootSpanId(uint32_t length) {
  return getLocalRootSpanId(*moduleManager(), length);
}
int32_t managerGetMlflowTraceId(uint32_t length) {
  return getMlflowTraceIdFromOtelId(*moduleManager(), length);
}
int32_t managerHasOpenSpans(uint32_t length) {
  return hasOpenSpans(*moduleManager(), length);
}
int32_t managerSetAside(uint32_t length, double nowMillis) {
  return replyBool(
      setAsideOf(*moduleManager(), inputText(length), static_cast<uint64_t>(nowMillis)));
}
int32_t managerConfigure(uint32_t length) {
  return configure(*moduleManager(), length);
}
int32_t managerTick(double nowMillis) {
  return tick(*moduleManager(), nowMillis);
}
int32_t managerStats() {
  return stats(*moduleManager());
}
void managerReset() {
  TraceManager::reset();
}
bool managerHasLog() {
  return !moduleLog().isEmpty();
}
int32_t managerTakeLog() {
  return reply(moduleLog().takeJson());
}

}  // namespace

SPANDREL_LATE_BINDINGS(bindManager) {
  using emscripten::function;
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

  function("managerRegisterTrace", &managerRegisterTrace);
  function("managerRegisterPrompt", &managerRegisterPrompt);
  function("managerPopTrace", &managerPopTrace);
  function("managerGetTrace", &managerGetTrace);
  function("managerGetRootSpanId", &managerGetRootSpanId);
  function("managerGetLocalRootSpanId", &managerGetLocalRootSpanId);
  function("managerGetMlflowTraceId", &managerGetMlflowTraceId);
  function("managerHasOpenSpans", &managerHasOpenSpans);
  function("managerSetAside", &managerSetAside);
  function("managerConfigure", &managerConfigure);
  function("managerTick", &managerTick);
  function("managerStats", &managerStats);
  function("managerReset", &managerReset);
  function("managerHasLog", &managerHasLog);
  function("managerTakeLog", &managerTakeLog);
}

}  // namespace spandrel::wasm
