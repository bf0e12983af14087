// What is known about a trace besides its spans: MLflow's TraceInfo.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "trace/any_value.h"

namespace spandrel::trace {

enum class TraceState : uint8_t { Unspecified, InProgress, Ok, Error };

// "STATE_UNSPECIFIED", "IN_PROGRESS", "OK", "ERROR".
const char* traceStateName(TraceState state);
Result<TraceState> parseTraceState(std::string_view name);

// Where a trace is kept. Only the members of its type have a meaning.
struct TraceLocation {
  enum class Type : uint8_t {
    Unspecified,
    MlflowExperiment,
    InferenceTable,
    UcSchema,
    UcTablePrefix
  };

  Type type = Type::Unspecified;
  std::string experimentId;    // MlflowExperiment
  std::string fullTableName;   // InferenceTable
  std::string catalogName;     // UcSchema, UcTablePrefix
  std::string schemaName;      // UcSchema, UcTablePrefix
  std::string spansTableName;  // UcSchema, UcTablePrefix
  std::string logsTableName;   // UcSchema, UcTablePrefix
  std::string tablePrefix;     // UcTablePrefix

  static TraceLocation experiment(std::string experimentId);
  bool operator==(const TraceLocation&) const = default;
};

// "MLFLOW_EXPERIMENT", …; "TRACE_LOCATION_TYPE_UNSPECIFIED".
const char* traceLocationTypeName(TraceLocation::Type type);
Result<TraceLocation::Type> parseTraceLocationType(std::string_view name);

struct TraceInfo {
  std::string traceId;  // MLflow's id: "tr-<hex>" or "trace:/<location>/<hex>"
  std::optional<std::string> clientRequestId;
  TraceLocation location;
  int64_t requestTimeMillis = 0;  // since 1970
  TraceState state = TraceState::InProgress;
  std::optional<int64_t> executionDurationMillis;  // absent while open
  std::optional<std::string> requestPreview;
  std::optional<std::string> responsePreview;
  std::map<std::string, std::string> traceMetadata;
  std::map<std::string, std::string> tags;
  std::vector<std::string> assessments;  // each a JSON object, kept as text

  // Alias of traceId.
  const std::string& requestId() const { return traceId; }
  // Only of traces in an experiment.
  std::optional<std::string> experimentId() const;
  // From the metadata; absent where there is none or it is no JSON.
  std::optional<AnyValue> tokenUsage() const;
  std::optional<AnyValue> cost() const;

  bool operator==(const TraceInfo&) const = default;
};

}  // namespace spandrel::trace
