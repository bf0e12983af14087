// A span while it runs, held by the core: for native programs and for `spandrel/wasm`.
//
// (The package's own LiveSpan lives in JavaScript, where a setter costs no crossing; both keep the
// same rules and make the same record, which a differential test compares.)
//
// Setters return what was wrong as a value and change nothing then. After end() they change nothing
// and say nothing. Safe to use from several threads; hooks run without the span's lock, so they may
// call setters.
//
// end() keeps this order: end time → attributes → outputs → status → default log level → processors
// (setters still work, a nested end() is ignored) → OK where the status is still UNSET → the hook
// before sealing → sealed → record.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "manager/log.h"
#include "manager/span_limits.h"
#include "record/record_ref.h"
#include "trace/span_data.h"

namespace spandrel::manager {

class LiveSpan;
class Span;

enum class EndOutcome : uint8_t {
  Recorded,
  Withheld,  // the hook before sealing refused: there is no record
  NoMemory,  // no room for the record
};

// What the spans of one tracer share. Handed in, so the core keeps no state of its own.
struct SpanRuntime {
  SpanLimits limits;
  Logger logger;
  std::vector<std::function<void(LiveSpan&)>> processors;
  std::function<bool(LiveSpan&)> beforeSeal;  // false withholds the span
  // Told of each ended span. The record is null unless the outcome is Recorded.
  std::function<void(const LiveSpan&, record::RecordRef, EndOutcome)> spanHasEnded;
};

struct LiveSpanOptions {
  trace::TraceId traceId;
  trace::SpanId spanId;
  trace::SpanId parentSpanId;
  bool hasRemoteParent = false;
  bool isLocalRoot = false;
  std::string traceIdText;  // MLflow's id; empty: "tr-<hex>"
  std::string experimentId;
  std::string traceState;
  uint8_t traceFlags = 1;
  std::string name = "span";
  trace::SpanKind kind = trace::SpanKind::Internal;
  std::string spanType;  // empty: UNKNOWN, not set by the user
  uint64_t startTimeNs = 0;
  bool startTimeWasGiven = false;
  uint32_t ordinal = 0;       // place in start order within the trace
  uint32_t destinations = 0;  // as in record::header::kRouting, from bit 0
};

struct LinkInput {
  std::string traceId;  // "tr-<hex>", "trace:/<location>/<hex>" or up to 32 hex digits
  std::string spanId;   // up to 16 hex digits
  std::vector<trace::Attribute> attributes;
  std::string traceState;
  uint32_t flags = 0;
};

struct EndOptions {
  std::optional<uint64_t> endTimeNs;
  std::vector<trace::Attribute> attributes;
  std::optional<std::string> outputsJson;
  std::optional<std::string> status;  // "OK", "ERROR", "UNSET"
};

inline constexpr int kLogLevelDebug = 10;
inline constexpr int kLogLevelInfo = 20;
inline constexpr int kLogLevelError = 40;

// "DEBUG", "info", … to 10 … 50.
Result<int> parseLogLevel(std::string_view name);
// What a span of this type gets when nobody set a level.
int defaultLogLevel(std::string_view spanType);
// All of one kind of primitive; JavaScript has one kind of number, so integers and doubles may
// stand together.
bool isHomogeneous(const std::vector<trace::AnyValue>& items);
// "OK", "ERROR", "UNSET", exactly so.
Result<trace::StatusCode> parseStatusCode(std::string_view name);

class LiveSpan {
 public:
  static std::shared_ptr<LiveSpan> start(LiveSpanOptions options,
                                         std::shared_ptr<const SpanRuntime> runtime = nullptr);

  const trace::TraceId& otelTraceId() const { return options_.traceId; }
  const std::string& traceId() const { return options_.traceIdText; }
  const trace::SpanId& spanId() const { return options_.spanId; }
  const trace::SpanId& parentSpanId() const { return options_.parentSpanId; }
  const std::string& name() const { return options_.name; }
  uint64_t startTimeNs() const { return options_.startTimeNs; }
  uint64_t endTimeNs() const;  // 0 while open
  trace::Status status() const;
  std::string spanType() const;
  std::optional<trace::AnyValue> attribute(std::string_view key) const;
  bool hasEnded() const;

  // Primitives and arrays of one kind of primitive stay as they are, any other structure becomes
  // JSON text. Setting a key again replaces the value and moves the key to the end.
  Result<Done> setAttribute(std::string_view key, trace::AnyValue value);
  Result<Done> setAttributes(std::vector<trace::Attribute> attributes);
  // JSON text; InvalidParameterValue if it is none.
  Result<Done> setInputs(std::string json);
  Result<Done> setOutputs(std::string json);
  void setSpanType(std::string spanType);
  void setDescription(std::string description);
  void setLogLevel(int level);
  // OK is final, ERROR may still become OK, UNSET changes nothing; a description stays with ERROR
  // only.
  void setStatus(trace::StatusCode code, std::string description = {});
  Result<Done> setStatus(std::string_view code, std::string description = {});
  // An event named "exception" raises the log level to ERROR.
  void addEvent(trace::Event event);
  Result<Done> addLink(LinkInput link);
  // An `exception` event, and status ERROR with "Type: message".
  void recordException(std::string_view type, std::string_view message, std::string_view stacktrace,
                       uint64_t timeNs);

  // False when it had ended before (or is ending). An end before the start gives length zero.
  // What is wrong in the options is logged, never a reason to stay open.
  bool end(EndOptions options, uint64_t nowNs);

  // Everything as it is now; detached from the span.
  trace::SpanData data() const;
  Span toImmutableSpan() const;
  // A record of the span as it is now; null when memory cannot be had.
  record::RecordRef snapshot() const;

 private:
  enum class State : uint8_t { Open, Ending, Ended };

  LiveSpan(LiveSpanOptions options, std::shared_ptr<const SpanRuntime> runtime);

  void put(std::string_view key, trace::AnyValue value);
  void raiseLogLevel();
  Result<Done> putJson(std::string_view key, std::string json);
  trace::SpanData dataLocked() const;
  trace::SpanData ownDataLocked() const;
  record::RecordRef recordLocked() const;
  std::string typeLocked() const;
  void log(LogSeverity severity, const std::string& message) const;
  void logRefusal(const Result<Done>& result) const;

  const LiveSpanOptions options_;
  const std::shared_ptr<const SpanRuntime> runtime_;
  mutable std::mutex lock_;
  State state_ = State::Open;
  uint64_t endTimeNs_ = 0;
  trace::Status status_;
  std::string spanType_;
  int defaultLogLevel_ = 0;
  std::vector<trace::Attribute> attributes_;
  uint32_t ordinaryAttributes_ = 0;
  uint32_t droppedAttributes_ = 0;
  std::vector<trace::Event> events_;
  uint32_t droppedEvents_ = 0;
  std::vector<trace::Link> links_;
  uint32_t droppedLinks_ = 0;
};

}  // namespace spandrel::manager
