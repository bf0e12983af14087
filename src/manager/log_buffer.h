// Messages of the core until the host fetches them: for hosts that cannot be called back.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "base/json_text.h"
#include "manager/log.h"

namespace spandrel::manager {

// Bounded; past the bound the newest messages are lost and counted in the last one.
class LogBuffer {
 public:
  void add(LogSeverity severity, const std::string& message) {
    const std::lock_guard guard(lock_);
    if (entries_.size() < kMaxMessages) {
      entries_.push_back({severity, message});
    } else {
      ++lost_;
    }
  }

  bool isEmpty() const {
    const std::lock_guard guard(lock_);
    return entries_.empty();
  }

  // [["debug" | "info" | "warn" | "error", message], …]; empties the buffer.
  std::string takeJson() {
    static constexpr const char* kNames[] = {"debug", "info", "warn", "error"};
    const std::lock_guard guard(lock_);
    if (lost_ > 0)
      entries_.push_back({LogSeverity::Warning, std::to_string(lost_) + " messages were lost"});
    std::string out = "[";
    for (const Entry& entry : entries_) {
      out += out.size() > 1 ? ",[\"" : "[\"";
      out += std::string(kNames[static_cast<size_t>(entry.severity)]) + "\"," +
             quoteJson(entry.message) + "]";
    }
    entries_.clear();
    lost_ = 0;
    return out + "]";
  }

 private:
  static constexpr size_t kMaxMessages = 64;
  struct Entry {
    LogSeverity severity;
    std::string message;
  };

  mutable std::mutex lock_;
  std::vector<Entry> entries_;
  uint64_t lost_ = 0;
};

}  // namespace spandrel::manager
