// The manager of this module, with the texts and the log of this module.
#pragma once

#include <cstdint>
#include <memory>

#include "handover.h"
#include "manager/log_buffer.h"
#include "manager/trace_manager.h"

namespace spandrel::wasm {

std::shared_ptr<manager::TraceManager> moduleManager();
manager::LogBuffer& moduleLog();

// 1 or 0; or an error as reply() gives it.
inline int32_t replyBool(const Result<bool>& result) {
  return result.ok() ? static_cast<int32_t>(result.value()) : reply(result.error());
}

}  // namespace spandrel::wasm
