#include "exporting/engine.h"

#include <set>

#include "exporting/detached_records.h"
#include "otlp/json_writer.h"
#include "record/portable.h"
#include "record/span_view.h"

namespace spandrel::exporting {
namespace {

void append(std::vector<uint8_t>& out, const std::vector<uint8_t>& bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}

}  // namespace

Engine::Engine() {
  scope_.name = "spandrel";
}

uint32_t Engine::addDestination(QueueLimits limits) {
  if (destinationCount_ == kMaxDestinations) return kMaxDestinations;
  destinations_[destinationCount_] = std::make_unique<SpanQueue>(limits);
  return destinationCount_++;
}

SpanQueue& Engine::queue(uint32_t destination) {
  return destination < destinationCount_ ? *destinations_[destination] : nowhere_;
}

Result<Done> Engine::releaseTrace(uint32_t destination, std::string_view traceIdHex) {
  const auto id = trace::parseTraceIdHex(traceIdHex);
  if (!id.ok()) return id.error();
  queue(destination).releaseTrace(id.value());
  return Done{};
}

Result<SpanQueue::BatchId> Engine::takeTrace(uint32_t destination, std::string_view traceIdHex) {
  const auto id = trace::parseTraceIdHex(traceIdHex);
  if (!id.ok()) return id.error();
  return queue(destination).takeTrace(id.value());
}

Result<Done> Engine::discardTrace(uint32_t destination, std::string_view traceIdHex,
                                  LossReason reason) {
  const auto id = trace::parseTraceIdHex(traceIdHex);
  if (!id.ok()) return id.error();
  queue(destination).discardTrace(id.value(), reason);
  return Done{};
}

std::string Engine::heldTraces(uint32_t destination) {
  std::string out;
  for (const trace::TraceId& id : queue(destination).heldTraces()) {
    if (!out.empty()) out += ' ';
    out += id.hex();
  }
  return out;
}

Result<Done> Engine::setOrigin(uint32_t wordBytes, uint32_t ropeBytes, uint32_t ropeUnits) {
  std::vector<record::RecordRef> records;
  auto result = staging_.copy(wordBytes, ropeBytes, ropeUnits, 1, records);
  if (!result.ok() || records.empty()) return result;
  otlp::encodeOrigin(records[0].words(), texts_, origin_);
  trace::SpanData named = record::decodeRecord(records[0].words(), texts_);
  resource_.attributes = std::move(named.attributes);
  scope_.name = std::move(named.name);
  record::Cursor cursor(records[0].words(), texts_);
  cursor.text(records[0].words()[record::header::kName]);
  scope_.version = cursor.text(records[0].words()[record::header::kSpanType]);
  return Done{};
}

Result<Done> Engine::commit(uint32_t wordBytes, uint32_t ropeBytes, uint32_t ropeUnits,
                            uint32_t recordCount) {
  committed_.clear();
  auto result = staging_.commit(wordBytes, ropeBytes, ropeUnits, recordCount, committed_);
  for (const record::RecordRef& each : committed_) route(each);
  if (!result.ok()) {
    // The spans cannot be told apart any more; all destinations lost them.
    const uint64_t lost = recordCount - committed_.size();
    for (uint32_t i = 0; i < destinationCount_; ++i)
      destinations_[i]->countLost(LossReason::TooLarge, lost);
  }
  committed_.clear();
  return result;
}

Result<std::vector<uint8_t>> Engine::portableOfStaged(uint32_t wordBytes, uint32_t ropeBytes,
                                                      uint32_t ropeUnits) {
  std::vector<record::RecordRef> records;
  const auto result = staging_.copy(wordBytes, ropeBytes, ropeUnits, 1, records);
  if (!result.ok()) return result.error();
  return records.empty() ? std::vector<uint8_t>() : record::toPortable(records[0].words(), texts_);
}

void Engine::route(const record::RecordRef& record) {
  if (keeper_) keeper_(keeperContext_, record);
  uint32_t set = record.destinations();
  for (uint32_t i = 0; set != 0 && i < destinationCount_; ++i, set >>= 1) {
    if (set & 1) destinations_[i]->push(record);
  }
}

void Engine::setKeeper(Keeper keeper, void* context) {
  keeper_ = keeper;
  keeperContext_ = context;
}

Bytes Engine::encodeBatch(uint32_t destination, SpanQueue::BatchId batch) {
  return otlp::encodeBatch(queue(destination).records(batch), texts_, origin_, output_);
}

std::string Engine::encodeBatchJson(uint32_t destination, SpanQueue::BatchId batch) {
  return jsonOf(queue(destination).records(batch));
}

Result<Bytes> Engine::encodeRecords(Bytes records) {
  const auto adopted = adoptPortable(records);
  if (!adopted.ok()) return adopted.error();
  return otlp::encodeBatch(adopted.value(), texts_, origin_, output_);
}

Result<std::string> Engine::encodeRecordsJson(Bytes records) {
  const auto adopted = adoptPortable(records);
  if (!adopted.ok()) return adopted.error();
  return jsonOf(adopted.value());
}

std::string Engine::jsonOf(const std::vector<record::RecordRef>& records) const {
  otlp::ResourceSpans group{resource_, {{scope_, {}}}};
  for (const record::RecordRef& each : records) {
    group.scopes[0].spans.push_back(record::decodeRecord(each.words(), texts_, record::Form::Wire));
  }
  std::string out;
  otlp::appendTracesJson(out, std::span(&group, 1), otlp::ValueForm::Wire);
  return out;
}

std::vector<uint8_t> Engine::portableRecords(uint32_t destination, SpanQueue::BatchId batch) {
  std::vector<uint8_t> out;
  for (const record::RecordRef& each : queue(destination).records(batch))
    append(out, record::toPortable(each.words(), texts_));
  return out;
}

Result<std::vector<uint8_t>> Engine::pendingRecords(std::string_view traceIdHex) {
  const auto id = trace::parseTraceIdHex(traceIdHex);
  if (!id.ok()) return id.error();
  std::vector<uint8_t> out;
  std::set<const uint32_t*> seen;
  for (uint32_t i = 0; i < destinationCount_; ++i) {
    for (const record::RecordRef& each : destinations_[i]->pendingOf(id.value())) {
      if (seen.insert(each.words()).second) append(out, record::toPortable(each.words(), texts_));
    }
  }
  return out;
}

Engine& engine() {
  static Engine instance;
  return instance;
}

}  // namespace spandrel::exporting
