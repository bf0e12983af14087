// Why a span did not reach a destination. Every lost span is counted under exactly one reason, so
// that produced = delivered + pending + the sum over the reasons.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace spandrel::exporting {

enum class LossReason : uint8_t {
  QueueFull,       // the queue's byte or count limit was reached
  TooLarge,        // one span alone is over a limit
  Rejected,        // partial success: the receiver took the batch but refused this many
  Http4xx,         // a status that must not be retried
  GaveUp,          // retried until the batch was too old
  Shutdown,        // still pending when time for the shutdown ran out
  UnknownOutcome,  // sent while the page went away; nobody heard the answer
  Late,            // a whole-trace destination had sent the trace already
  NotReady,        // kept before the module was ready, beyond the budget
  ModuleDead,      // the WebAssembly module aborted
  TraceEvicted,    // its trace was pushed out of the manager
  TraceExpired,    // its trace outlived its time to live
  RedactionError,  // the hook before sealing failed, so the span was withheld
};
inline constexpr size_t kLossReasons = 13;

// The spelling users see in stats(): "queue_full", "http_4xx", ….
std::string_view lossReasonName(LossReason reason);

struct Counters {
  uint64_t produced = 0;
  uint64_t delivered = 0;
  std::array<uint64_t, kLossReasons> dropped{};

  uint64_t droppedTotal() const;
  // produced, delivered, then a number for each reason; exact up to 2^53.
  std::array<double, 2 + kLossReasons> numbers() const;
  uint64_t pending() const { return produced - delivered - droppedTotal(); }
};

}  // namespace spandrel::exporting
