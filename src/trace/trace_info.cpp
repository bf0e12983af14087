#include "trace/trace_info.h"

#include <array>

#include "trace/constants.h"
#include "trace/json_value.h"

namespace spandrel::trace {
namespace {

constexpr std::array<const char*, 4> kStateNames = {"STATE_UNSPECIFIED", "IN_PROGRESS", "OK",
                                                    "ERROR"};
constexpr std::array<const char*, 5> kLocationNames = {"TRACE_LOCATION_TYPE_UNSPECIFIED",
                                                       "MLFLOW_EXPERIMENT", "INFERENCE_TABLE",
                                                       "UC_SCHEMA", "UC_TABLE_PREFIX"};

template <typename Enum, size_t size>
Result<Enum> fromName(const std::array<const char*, size>& names, std::string_view name,
                      const char* what) {
  for (size_t i = 0; i < size; ++i) {
    if (name == names[i]) return static_cast<Enum>(i);
  }
  std::string message = "'" + std::string(name) + "' is not a valid " + what + "; valid are";
  for (const char* valid : names) message.append(" ").append(valid);
  return Error{ErrorCode::InvalidParameterValue, std::move(message)};
}

std::optional<AnyValue> parsedMetadata(const TraceInfo& info, std::string_view key) {
  const auto found = info.traceMetadata.find(std::string(key));
  if (found == info.traceMetadata.end()) return std::nullopt;
  Result<AnyValue> value = parseJsonValue(found->second);
  if (!value.ok()) return std::nullopt;
  return value.take();
}

}  // namespace

const char* traceStateName(TraceState state) {
  return kStateNames[static_cast<size_t>(state)];
}

Result<TraceState> parseTraceState(std::string_view name) {
  return fromName<TraceState>(kStateNames, name, "trace state");
}

TraceLocation TraceLocation::experiment(std::string experimentId) {
  TraceLocation location;
  location.type = Type::MlflowExperiment;
  location.experimentId = std::move(experimentId);
  return location;
}

const char* traceLocationTypeName(TraceLocation::Type type) {
  return kLocationNames[static_cast<size_t>(type)];
}

Result<TraceLocation::Type> parseTraceLocationType(std::string_view name) {
  return fromName<TraceLocation::Type>(kLocationNames, name, "trace location type");
}

std::optional<std::string> TraceInfo::experimentId() const {
  if (location.type != TraceLocation::Type::MlflowExperiment) return std::nullopt;
  return location.experimentId;
}

std::optional<AnyValue> TraceInfo::tokenUsage() const {
  return parsedMetadata(*this, metadata_key::kTokenUsage);
}

std::optional<AnyValue> TraceInfo::cost() const {
  return parsedMetadata(*this, metadata_key::kCost);
}

}  // namespace spandrel::trace
