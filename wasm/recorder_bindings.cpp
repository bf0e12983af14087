// The hot path's bindings: staging area, commit, destinations and batches.

#include <array>

#include "exporting/engine.h"
#include "handover.h"
#include "record/portable.h"

namespace spandrel::wasm {

using exporting::engine;
using exporting::LossReason;
using exporting::SpanQueue;

namespace {

uint32_t addressOfWords() {
  return reinterpret_cast<uintptr_t>(engine().staging().words());
}

}  // namespace

// Moves the areas; 0 when memory cannot be had, and then there are none.
SPANDREL_EXPORT uint32_t stagingAddress(uint32_t wordBytes, uint32_t ropeBytes) {
  engine().staging().place(wordBytes, ropeBytes);
  return addressOfWords();
}

SPANDREL_EXPORT uint32_t ropeAddress() {
  return reinterpret_cast<uintptr_t>(engine().staging().rope());
}

SPANDREL_EXPORT uint32_t grammarVersion() {
  return record::kGrammarVersion;
}

SPANDREL_EXPORT uint32_t appendTexts(uint32_t length) {
  return engine().texts().append(inputText(length));
}

// Where words are staged from now on; 0: there is no area. Losses are counted by the queues.
SPANDREL_EXPORT uint32_t commitStaged(uint32_t wordBytes, uint32_t ropeBytes, uint32_t ropeUnits,
                                      uint32_t recordCount) {
  engine().commit(wordBytes, ropeBytes, ropeUnits, recordCount);
  return addressOfWords();
}

SPANDREL_EXPORT int32_t stagedPortable(uint32_t wordBytes, uint32_t ropeBytes, uint32_t ropeUnits) {
  return reply(engine().portableOfStaged(wordBytes, ropeBytes, ropeUnits));
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
  return reply(engine().setOrigin(wordBytes, ropeBytes, ropeUnits));
}

}  // namespace spandrel::wasm
