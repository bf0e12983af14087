// The hot path's bindings: staging area, commit, destinations and batches.

#include <array>
#include <cstdlib>
#include <string>

#include "exporting/engine.h"
#include "handover.h"
#include "record/commit.h"
#include "record/portable.h"

namespace spandrel::wasm {

using exporting::engine;
using exporting::LossReason;
using exporting::SpanQueue;

namespace {

// Words first, the rope behind them. js/load/staging.ts writes it.
struct Staging {
  uint8_t* memory = nullptr;
  uint32_t wordBytes = 0;

  const uint32_t* words() const { return reinterpret_cast<const uint32_t*>(memory); }
  std::string_view rope(uint32_t length) const {
    return {reinterpret_cast<const char*>(memory) + wordBytes, length};
  }
};

Staging& staging() {
  static Staging instance;
  return instance;
}

}  // namespace

// Moves the area; 0 when memory cannot be had, and then there is none.
SPANDREL_EXPORT uint32_t stagingAddress(uint32_t wordBytes, uint32_t ropeBytes) {
  Staging& area = staging();
  std::free(area.memory);
  area.memory = static_cast<uint8_t*>(std::malloc(wordBytes + ropeBytes));
  area.wordBytes = wordBytes;
  return reinterpret_cast<uintptr_t>(area.memory);
}

SPANDREL_EXPORT uint32_t grammarVersion() {
  return record::kGrammarVersion;
}

SPANDREL_EXPORT uint32_t appendTexts(uint32_t length) {
  return engine().texts().append(inputText(length));
}

SPANDREL_EXPORT int32_t commitStaged(uint32_t wordBytes, uint32_t ropeBytes, uint32_t ropeUnits,
                                     uint32_t recordCount) {
  return reply(engine().commit(staging().words(), wordBytes, staging().rope(ropeBytes), ropeUnits,
                               recordCount));
}

SPANDREL_EXPORT int32_t stagedPortable(uint32_t wordBytes, uint32_t ropeBytes, uint32_t ropeUnits) {
  return reply(engine().portableOfStaged(staging().words(), wordBytes, staging().rope(ropeBytes),
                                         ropeUnits));
}

SPANDREL_EXPORT uint32_t addDestination() {
  return engine().addDestination({});
}

SPANDREL_EXPORT void setDestinationLimits(uint32_t destination, double maxBytes, uint32_t maxSpans,
                                          bool holdsTraces) {
  engine().queue(destination).setLimits({static_cast<uint64_t>(maxBytes), maxSpans, holdsTraces});
}

SPANDREL_EXPORT uint32_t readySpans(uint32_t destination) {
  return engine().queue(destination).readySpans();
}

SPANDREL_EXPORT uint32_t takeBatch(uint32_t destination, uint32_t maxSpans, double maxBytes) {
  return engine().queue(destination).take(maxSpans, static_cast<uint64_t>(maxBytes));
}

SPANDREL_EXPORT uint32_t batchSpanCount(uint32_t destination, uint32_t batch) {
  return engine().queue(destination).spanCount(batch);
}

SPANDREL_EXPORT int32_t encodeBatch(uint32_t destination, uint32_t batch) {
  const Bytes bytes = engine().encodeBatch(destination, batch);
  return reply(bytes.data(), bytes.size());
}

SPANDREL_EXPORT int32_t encodeBatchJson(uint32_t destination, uint32_t batch) {
  return reply(engine().encodeBatchJson(destination, batch));
}

SPANDREL_EXPORT int32_t batchRecords(uint32_t destination, uint32_t batch) {
  return reply(engine().portableRecords(destination, batch));
}

SPANDREL_EXPORT void settleDelivered(uint32_t destination, uint32_t batch, double rejected) {
  engine().queue(destination).settleDelivered(batch, static_cast<uint64_t>(rejected));
}

SPANDREL_EXPORT void settleLost(uint32_t destination, uint32_t batch, uint32_t reason) {
  engine().queue(destination).settleLost(batch, static_cast<LossReason>(reason));
}

SPANDREL_EXPORT uint32_t splitBatch(uint32_t destination, uint32_t batch) {
  return engine().queue(destination).split(batch).first;
}

SPANDREL_EXPORT int32_t releaseTrace(uint32_t destination, uint32_t length) {
  return reply(engine().releaseTrace(destination, inputText(length)));
}

SPANDREL_EXPORT void releaseAllTraces(uint32_t destination) {
  engine().queue(destination).releaseAll();
}

SPANDREL_EXPORT void drainDestination(uint32_t destination, uint32_t reason) {
  engine().queue(destination).drain(static_cast<LossReason>(reason));
}

SPANDREL_EXPORT void countLost(uint32_t destination, uint32_t reason, double spans) {
  engine()
      .queue(destination)
      .countLost(static_cast<LossReason>(reason), static_cast<uint64_t>(spans));
}

SPANDREL_EXPORT int32_t destinationCounters(uint32_t destination) {
  // Asked for with every batch.
  static std::array<double, 2 + exporting::kLossReasons> numbers;
  numbers = engine().queue(destination).counters().numbers();
  return reply(reinterpret_cast<const uint8_t*>(numbers.data()), sizeof numbers);
}

SPANDREL_EXPORT int32_t pendingRecords(uint32_t length) {
  return reply(engine().pendingRecords(inputText(length)));
}

SPANDREL_EXPORT int32_t setOrigin(uint32_t wordBytes, uint32_t ropeBytes, uint32_t ropeUnits) {
  return reply(
      engine().setOrigin(staging().words(), wordBytes, staging().rope(ropeBytes), ropeUnits));
}

}  // namespace spandrel::wasm
