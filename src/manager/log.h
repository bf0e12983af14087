// Where the core's messages go: a function that the host hands in. The core prints nothing itself.
// It is never called with a lock held, so it may call back into whatever called it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace spandrel::manager {

enum class LogSeverity : uint8_t { Debug, Info, Warning, Error };

using Logger = std::function<void(LogSeverity, const std::string&)>;

}  // namespace spandrel::manager
