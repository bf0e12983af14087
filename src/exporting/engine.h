// The whole core of one realm: the text table, the destinations with their queues, and the manager.
//
// Records come in by commit(), go to the queues of their destinations and, where traces are kept,
// to the manager; batches go out as OTLP. It decides nothing about time or the network.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "exporting/span_queue.h"
#include "otlp/record_encoder.h"
#include "otlp/traces_data.h"
#include "record/staging.h"
#include "record/text_table.h"

namespace spandrel::exporting {

class Engine {
 public:
  // Records name their destinations by a set of this many bits.
  static constexpr uint32_t kMaxDestinations = 24;

  Engine();

  record::TextTable& texts() { return texts_; }
  record::Staging& staging() { return staging_; }

  // The next destination, 0, 1, …; kMaxDestinations when there are too many.
  uint32_t addDestination(QueueLimits limits);
  // A number that was never given has an empty queue of its own: calls on it do nothing that
  // counts.
  SpanQueue& queue(uint32_t destination);
  // Whole-trace destinations: what is held of this trace (32 hex digits) becomes ready.
  Result<Done> releaseTrace(uint32_t destination, std::string_view traceIdHex);
  // … becomes a batch, or is lost under a reason.
  Result<SpanQueue::BatchId> takeTrace(uint32_t destination, std::string_view traceIdHex);
  Result<Done> discardTrace(uint32_t destination, std::string_view traceIdHex, LossReason reason);
  // Ids of 32 hex digits with a space between them.
  std::string heldTraces(uint32_t destination);

  // Resource and scope of all exports, from one staged record (otlp::encodeOrigin).
  Result<Done> setOrigin(uint32_t wordBytes, uint32_t ropeBytes, uint32_t ropeUnits);
  const trace::Resource& resource() const { return resource_; }

  // Takes the staged chunk over (record/staging.h) and routes its records.
  Result<Done> commit(uint32_t wordBytes, uint32_t ropeBytes, uint32_t ropeUnits,
                      uint32_t recordCount);
  // The one staged record as a portable record; nothing is routed.
  Result<std::vector<uint8_t>> portableOfStaged(uint32_t wordBytes, uint32_t ropeBytes,
                                                uint32_t ropeUnits);
  // A record made elsewhere (a C++ LiveSpan), routed like the others.
  void route(const record::RecordRef& record);

  // Told of every record that is routed; set by whoever keeps traces.
  using Keeper = void (*)(void* context, const record::RecordRef& record);
  void setKeeper(Keeper keeper, void* context);

  // The batch as an ExportTraceServiceRequest; valid until the next call, empty for an unknown one.
  Bytes encodeBatch(uint32_t destination, SpanQueue::BatchId batch);
  std::string encodeBatchJson(uint32_t destination, SpanQueue::BatchId batch);
  // The batch's spans as portable records, back to back.
  std::vector<uint8_t> portableRecords(uint32_t destination, SpanQueue::BatchId batch);
  // The same two forms for portable records that somebody else holds (detached_records.h).
  Result<Bytes> encodeRecords(Bytes records);
  Result<std::string> encodeRecordsJson(Bytes records);
  // What no batch has taken yet of one trace, each span once.
  Result<std::vector<uint8_t>> pendingRecords(std::string_view traceIdHex);

 private:
  std::string jsonOf(const std::vector<record::RecordRef>& records) const;

  record::TextTable texts_;
  record::Staging staging_;
  std::array<std::unique_ptr<SpanQueue>, kMaxDestinations> destinations_;
  uint32_t destinationCount_ = 0;
  SpanQueue nowhere_{QueueLimits{}};
  trace::Resource resource_;
  trace::Scope scope_;
  otlp::EncodedOrigin origin_;
  otlp::WireWriter output_;
  std::vector<record::RecordRef> committed_;
  Keeper keeper_ = nullptr;
  void* keeperContext_ = nullptr;
};

// The engine of this module or process.
Engine& engine();

}  // namespace spandrel::exporting
