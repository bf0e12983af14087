#include "module_manager.h"

#include <memory>
#include <string>

#include "exporting/engine.h"

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

SPANDREL_EXPORT bool managerHasLog() {
  return !moduleLog().isEmpty();
}
SPANDREL_EXPORT int32_t managerTakeLog() {
  return reply(moduleLog().takeJson());
}

}  // namespace spandrel::wasm
