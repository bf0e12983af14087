// The hot path's bindings: staging area, commit, destinations and batches.
#include <emscripten/bind.h>

#include <array>
#include <cstdlib>
#include <string>

#include "exporting/engine.h"
#include "handover.h"
#include "record/commit.h"
#include "record/portable.h"

namespace spandrel::wasm {
namespace {

using exporting::engine;
using exporting::LossReason;
using exporting::SpanQueue;

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

// Moves the area; 0 when memory cannot be had, and then there is none.
uint32_t stagingAddress(uint32_t wordBytes, uint32_t ropeBytes) {
  Staging& area = staging();
  std::free(area.memory);
  area.memory = static_cast<uint8_t*>(std::malloc(wordBytes + ropeBytes));
  area.wordBytes = wordBytes;
  return reinterpret_cast<uintptr_t>(area.memory);
}

uint32_t grammarVersion() {
  return record::kGrammarVersion;
}

uint32_t appendTexts(uint32_t length) {
  return engine().texts().append(inputText(length));
}

int32_t commitStaged(uint32_t wordBytes, uint32_t ropeBytes, uint32_t ropeUnits,
                     uint32_t recordCount) {
  return reply(engine().commit(staging().words(), wordBytes, staging().rope(ropeBytes), ropeUnits,
                               recordCount));
}

int32_t stagedPortable(uint32_t wordBytes, uint32_t ropeBytes, uint32_t ropeUnits) {
  return reply(engine().portableOfStaged(staging().words(), wordBytes, staging().rope(ropeBytes),
                                         ropeUnits));
}

uint32_t addDestination() {
  return engine().addDestination({});
}

void setDestinationLimits(uint32_t destination, double maxBytes, uint32_t maxSpans,
                          bool holdsTraces) {
  engine().queue(destination).setLimits({static_cast<uint64_t>(maxBytes), maxSpans, holdsTraces});
}

uint32_t readySpans(uint32_t destination) {
  return engine().queue(destination).readySpans();
}

uint32_t takeBatch(uint32_t destination, uint32_t maxSpans, double maxBytes) {
  return engine().queue(destination).take(maxSpans, static_cast<uint64_t>(maxBytes));
}

uint32_t batchSpanCount(uint32_t destination, uint32_t batch) {
  return engine().queue(destination).spanCount(batch);
}

int32_t encodeBatch(uint32_t destination, uint32_t batch) {
  const Bytes bytes = engine().encodeBatch(destination, batch);
  return reply(bytes.data(), bytes.size());
}

int32_t encodeBatchJson(uint32_t destination, uint32_t batch) {
  return reply(engine().encodeBatchJson(destination, batch));
}

int32_t batchRecords(uint32_t destination, uint32_t batch) {
  return reply(engine().portableRecords(destination, batch));
}

void settleDelivered(uint32_t destination, uint32_t batch, double rejected) {
  engine().queue(destination).settleDelivered(batch, static_cast<uint64_t>(rejected));
}

void settleLost(uint32_t destination, uint32_t batch, uint32_t reason) {
  engine().queue(destination).settleLost(batch, static_cast<LossReason>(reason));
}

uint32_t splitBatch(uint32_t destination, uint32_t batch) {
  return engine().queue(destination).split(batch).first;
}

int32_t releaseTrace(uint32_t destination, uint32_t length) {
  return reply(engine().releaseTrace(destination, inputText(length)));
}

void releaseAllTraces(uint32_t destination) {
  engine().queue(destination).releaseAll();
}

void drainDestination(uint32_t destination, uint32_t reason) {
  engine().queue(destination).drain(static_cast<LossReason>(reason));
}

void countLost(uint32_t destination, uint32_t reason, double spans) {
  engine()
      .queue(destination)
      .countLost(static_cast<LossReason>(reason), static_cast<uint64_t>(spans));
}

int32_t destinationCounters(uint32_t destination) {
  // Asked for with every batch.
  static std::array<double, 2 + exporting::kLossReasons> numbers;
  numbers = engine().queue(destination).counters().numbers();
  return reply(reinterpret_cast<const uint8_t*>(numbers.data()), sizeof numbers);
}

int32_t pendingRecords(uint32_t length) {
  return reply(engine().pendingRecords(inputText(length)));
}

int32_t setOrigin(uint32_t wordBytes, uint32_t ropeBytes, uint32_t ropeUnits) {
  return reply(
      engine().setOrigin(staging().words(), wordBytes, staging().rope(ropeBytes), ropeUnits));
}

}  // namespace

EMSCRIPTEN_BINDINGS(spandrel_recorder) {
  emscripten::function("grammarVersion", &grammarVersion);
  emscripten::function("stagingAddress", &stagingAddress);
  emscripten::function("appendTexts", &appendTexts);
  emscripten::function("commitStaged", &commitStaged);
  emscripten::function("stagedPortable", &stagedPortable);
  emscripten::function("addDestination", &addDestination);
  emscripten::function("setDestinationLimits", &setDestinationLimits);
  emscripten::function("readySpans", &readySpans);
  emscripten::function("takeBatch", &takeBatch);
  emscripten::function("batchSpanCount", &batchSpanCount);
  emscripten::function("encodeBatch", &encodeBatch);
  emscripten::function("encodeBatchJson", &encodeBatchJson);
  emscripten::function("batchRecords", &batchRecords);
  emscripten::function("settleDelivered", &settleDelivered);
  emscripten::function("settleLost", &settleLost);
  emscripten::function("splitBatch", &splitBatch);
  emscripten::function("releaseTrace", &releaseTrace);
  emscripten::function("releaseAllTraces", &releaseAllTraces);
  emscripten::function("drainDestination", &drainDestination);
  emscripten::function("countLost", &countLost);
  emscripten::function("destinationCounters", &destinationCounters);
  emscripten::function("pendingRecords", &pendingRecords);
  emscripten::function("setOrigin", &setOrigin);
}

}  // namespace spandrel::wasm
