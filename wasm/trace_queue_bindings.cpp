// Destinations that send whole traces, each as a batch of its own. js/load/trace_queue.ts.
#include "exporting/engine.h"
#include "handover.h"

namespace spandrel::wasm {

using exporting::engine;
using exporting::LossReason;

SPANDREL_EXPORT void setTraceDestinationLimits(uint32_t destination, double maxBytes,
                                               uint32_t maxSpans) {
  engine().queue(destination).setLimits({static_cast<uint64_t>(maxBytes), maxSpans, true, true});
}

// The batch, or an error as reply() gives it.
SPANDREL_EXPORT int32_t takeTrace(uint32_t destination, uint32_t length) {
  const auto batch = engine().takeTrace(destination, inputText(length));
  return batch.ok() ? static_cast<int32_t>(batch.value()) : reply(batch.error());
}

SPANDREL_EXPORT int32_t discardTrace(uint32_t destination, uint32_t length, uint32_t reason) {
  return reply(
      engine().discardTrace(destination, inputText(length), static_cast<LossReason>(reason)));
}

SPANDREL_EXPORT int32_t heldTraces(uint32_t destination) {
  return reply(engine().heldTraces(destination));
}

}  // namespace spandrel::wasm
