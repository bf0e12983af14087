// The traces under way: which there are, what has been said about them, and their spans.
//
// Spans are known in three forms: LiveSpans of the core (registerSpan), ended records, and
// snapshots of spans that run in JavaScript (keep). A trace leaves by popTrace(), by age, or
// because newer traces need its place; what is lost that way is reported with the number of its
// spans, so that exporters can count them.
//
// Time and settings are handed in. All functions are thread-safe and take one lock; the logger and
// everything else outside is called without it. Records are decoded without it too.
//
// Settings change the cache as MLflow does: at the next registerTrace(), only when the timeout
// differs, and with a warning when traces are thrown away by it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "manager/live_span.h"
#include "manager/log.h"
#include "manager/prompts.h"
#include "manager/trace_cache.h"
#include "record/record_ref.h"
#include "record/text_table.h"
#include "trace/ids.h"
#include "trace/previews.h"
#include "trace/trace.h"

namespace spandrel::manager {

struct ManagerSettings {
  uint64_t timeoutSeconds = 0;  // 0: none; traces then expire in silence after ttlSeconds
  uint64_t ttlSeconds = 3600;
  size_t maxTraces = 1000;
  uint64_t maxRecordBytes = 256u << 20;  // kept over all traces
  size_t previewMaxLength = trace::kPreviewMaxLength;
};

// A trace that left without being popped.
struct DroppedTrace {
  enum class Reason : uint8_t {
    Evicted,   // newer traces needed its place, or the timeout changed
    Expired,   // its time to live was over
    Replaced,  // its id was registered again
  };
  std::string traceId;
  std::vector<trace::TraceId> otelIds;
  uint64_t spans = 0;
  Reason reason = Reason::Evicted;
};

// A trace that took too long. Whoever runs its spans ends them; then it is popped as any other.
struct TimedOutTrace {
  std::string traceId;
  std::vector<trace::TraceId> otelIds;
  std::string message;  // for the exception event
};

struct TickReport {
  std::vector<TimedOutTrace> timedOut;
  std::vector<DroppedTrace> expired;
};

struct ManagerTrace {
  trace::Trace trace;
  std::vector<Prompt> prompts;
};

struct ManagerStats {
  uint64_t traces = 0;  // now
  uint64_t spans = 0;   // now
  uint64_t recordBytes = 0;
  uint64_t registered = 0;
  uint64_t popped = 0;
  uint64_t evicted = 0;
  uint64_t expired = 0;
};

enum class KeepOutcome : uint8_t {
  Kept,
  Late,    // the trace is not known, or not any more
  NoRoom,  // beyond maxRecordBytes
};

class TraceManager {
 public:
  // `table` resolves the texts of the records and must outlive the manager; null: records that were
  // adopted (adoptSpan), which need none.
  explicit TraceManager(ManagerSettings settings = {}, const record::TextTable* table = nullptr);
  ~TraceManager();

  // The one of this process, made when first asked for. reset() empties it and the next call makes
  // a new one; who holds the old one may go on using it.
  static std::shared_ptr<TraceManager> getInstance();
  // What instances made from now on start with; `table` as in the constructor.
  static void prepareInstances(const record::TextTable* table, Logger logger);
  static void reset();

  void setLogger(Logger logger);
  // Drops all traces.
  std::vector<DroppedTrace> clear();
  // Size and time to live of the cache count until the first trace is registered, or when the
  // timeout changes.
  void configure(const ManagerSettings& settings);

  // The trace starts without spans and prompts. InvalidParameterValue: it has no id.
  Result<std::vector<DroppedTrace>> registerTrace(const trace::TraceId& otelId,
                                                  trace::TraceInfo info, uint64_t nowMillis);
  // A span of a known id replaces it and keeps its place. A null span is ignored (debug log).
  // ResourceDoesNotExist: its trace is not known.
  Result<Done> registerSpan(std::shared_ptr<LiveSpan> span);
  // The new text of the tag. ResourceDoesNotExist: the trace is not known. InternalError: the tag's
  // text is no list; the prompt is kept all the same.
  Result<std::string> registerPrompt(std::string_view traceId, Prompt prompt);
  KeepOutcome keep(record::RecordRef record);

  // What is not known is absent.
  std::optional<std::string> getRootSpanId(std::string_view traceId);
  std::optional<std::string> getLocalRootSpanId(std::string_view traceId);
  std::shared_ptr<LiveSpan> getSpanFromId(std::string_view traceId,
                                          std::string_view spanId);  // while it is open
  // The same for "<trace id> <span id>".
  std::shared_ptr<LiveSpan> getSpanFromPath(std::string_view path);
  std::optional<trace::Trace> getTrace(std::string_view traceId);
  std::vector<Prompt> getPrompts(std::string_view traceId);
  std::optional<std::string> getMlflowTraceIdFromOtelId(const trace::TraceId& otelId);
  bool hasOpenSpans(const trace::TraceId& otelId);
  // Open LiveSpans of the core, children before their parents (the reverse of start order).
  std::vector<std::shared_ptr<LiveSpan>> openSpans(std::string_view traceId);
  // Replaces what is known of a trace; false if there is none.
  bool updateTraceInfo(std::string_view traceId, trace::TraceInfo info);

  // Takes the trace and its mapping out. Previews, times, state and metadata are set from its root.
  std::optional<ManagerTrace> popTrace(const trace::TraceId& otelId, uint64_t nowMillis);
  // The trace is complete and an exporter comes for it soon: until then neither age nor newer
  // traces take its place. False: it is not known.
  bool setAside(const trace::TraceId& otelId, uint64_t nowMillis);

  // What time brings: to be called about once a second.
  TickReport tick(uint64_t nowMillis);
  ManagerStats stats() const;
  // Seconds; 0 where the cache in use has none.
  uint64_t cacheTimeoutSeconds() const;
  uint64_t cacheTtlSeconds() const;

 private:
  TraceEntry* find(std::string_view traceId);
  TraceEntry* find(const trace::TraceId& otelId);
  uint64_t advance(uint64_t nowMillis);
  std::vector<DroppedTrace> recreateCache();
  DroppedTrace account(CachedTrace gone, DroppedTrace::Reason reason);
  void forget(const TraceEntry& entry, std::string_view traceId);
  void log(LogSeverity severity, const std::string& message);

  mutable std::mutex lock_;
  ManagerSettings settings_;
  std::atomic<uint64_t> wantedTimeoutSeconds_;
  std::atomic<uint64_t> cacheTimeoutSeconds_;
  const record::TextTable& table_;
  std::shared_ptr<const Logger> logger_;
  std::unique_ptr<TraceCache> cache_;
  std::unordered_map<trace::TraceId, std::string, trace::TraceIdHash> traceIds_;
  std::unordered_map<std::string, std::unique_ptr<TraceEntry>> aside_;
  uint64_t nowMillis_ = 0;
  ManagerStats stats_;
};

}  // namespace spandrel::manager
