// The trace manager of the package itself: js/load/manager_core.ts. Texts and bytes go through the
// hand-over buffers.
#include "handover.h"
#include "manager/manager_json.h"
#include "module_manager.h"

namespace spandrel::wasm {

using manager::TraceManager;

SPANDREL_EXPORT int32_t managerRegisterTrace(uint32_t length) {
  return reply(registerTraceJson(*moduleManager(), inputText(length)));
}
SPANDREL_EXPORT int32_t managerRegisterPrompt(uint32_t length) {
  return reply(registerPromptJson(*moduleManager(), inputText(length)));
}
SPANDREL_EXPORT int32_t managerPopTrace(uint32_t length) {
  return reply(popTraceBytes(*moduleManager(), inputText(length)));
}
SPANDREL_EXPORT int32_t managerGetTrace(uint32_t length) {
  return reply(getTraceBytes(*moduleManager(), inputText(length)));
}
SPANDREL_EXPORT int32_t managerGetRootSpanId(uint32_t length) {
  return reply(moduleManager()->getRootSpanId(inputText(length)).value_or(""));
}
SPANDREL_EXPORT int32_t managerGetLocalRootSpanId(uint32_t length) {
  return reply(moduleManager()->getLocalRootSpanId(inputText(length)).value_or(""));
}
SPANDREL_EXPORT int32_t managerGetMlflowTraceId(uint32_t length) {
  return reply(mlflowTraceIdOf(*moduleManager(), inputText(length)));
}
SPANDREL_EXPORT int32_t managerHasOpenSpans(uint32_t length) {
  return replyBool(hasOpenSpansOf(*moduleManager(), inputText(length)));
}
SPANDREL_EXPORT int32_t managerSetAside(uint32_t length, double nowMillis) {
  return replyBool(
      setAsideOf(*moduleManager(), inputText(length), static_cast<uint64_t>(nowMillis)));
}
SPANDREL_EXPORT int32_t managerConfigure(uint32_t length) {
  return reply(configureJson(*moduleManager(), inputText(length)));
}
SPANDREL_EXPORT int32_t managerTick(double nowMillis) {
  return reply(tickJson(*moduleManager(), static_cast<uint64_t>(nowMillis)));
}
SPANDREL_EXPORT int32_t managerStats() {
  return reply(statsJson(*moduleManager()));
}
SPANDREL_EXPORT void managerReset() {
  TraceManager::reset();
}

}  // namespace spandrel::wasm
