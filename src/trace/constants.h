// MLflow's names: attribute, tag and metadata keys.
//
// Order of a span's attributes, as MLflow 3.17.2 writes them in dictionaries and on the wire:
//   mlflow.spanStartTimeNs    where the caller gave a start time
//   mlflow.experimentId       where the caller gave one (roots only)
//   mlflow.traceRequestId
//   mlflow.spanType
//   everything else in the order in which it was set last: setting a key again moves it to the end
//   (that holds for mlflow.spanType too); start options count as inputs, attributes, description
//   mlflow.spanLogLevel       last, where end() adds the default; else where it was set
// A span that another SDK made keeps its own order; reading it as OTLP replaces
// mlflow.traceRequestId where it stands, or appends it.
#pragma once

#include <string_view>

namespace spandrel::trace {

namespace attribute_key {
inline constexpr std::string_view kTraceId = "mlflow.traceRequestId";
inline constexpr std::string_view kExperimentId = "mlflow.experimentId";
inline constexpr std::string_view kSpanType = "mlflow.spanType";
inline constexpr std::string_view kInputs = "mlflow.spanInputs";
inline constexpr std::string_view kOutputs = "mlflow.spanOutputs";
inline constexpr std::string_view kFunctionName = "mlflow.spanFunctionName";
inline constexpr std::string_view kStartTimeNs = "mlflow.spanStartTimeNs";
inline constexpr std::string_view kChatTools = "mlflow.chat.tools";
inline constexpr std::string_view kTokenUsage = "mlflow.chat.tokenUsage";
inline constexpr std::string_view kCost = "mlflow.llm.cost";
inline constexpr std::string_view kModel = "mlflow.llm.model";
inline constexpr std::string_view kProvider = "mlflow.llm.provider";
inline constexpr std::string_view kMessageFormat = "mlflow.message.format";
inline constexpr std::string_view kLogLevel = "mlflow.spanLogLevel";
inline constexpr std::string_view kDescription = "mlflow.spanDescription";
}  // namespace attribute_key

namespace tag_key {
inline constexpr std::string_view kTraceName = "mlflow.traceName";
inline constexpr std::string_view kEvalRequestId = "mlflow.eval.requestId";
inline constexpr std::string_view kSpansLocation = "mlflow.trace.spansLocation";
inline constexpr std::string_view kLinkedPrompts = "mlflow.linkedPrompts";
inline constexpr std::string_view kArtifactLocation = "mlflow.artifactLocation";
}  // namespace tag_key

namespace metadata_key {
inline constexpr std::string_view kInputs = "mlflow.traceInputs";
inline constexpr std::string_view kOutputs = "mlflow.traceOutputs";
inline constexpr std::string_view kSourceRun = "mlflow.sourceRun";
inline constexpr std::string_view kModelId = "mlflow.modelId";
inline constexpr std::string_view kSizeBytes = "mlflow.trace.sizeBytes";
inline constexpr std::string_view kSizeStats = "mlflow.trace.sizeStats";
inline constexpr std::string_view kTokenUsage = "mlflow.trace.tokenUsage";
inline constexpr std::string_view kCost = "mlflow.trace.cost";
inline constexpr std::string_view kSchemaVersion = "mlflow.trace_schema.version";
inline constexpr std::string_view kUser = "mlflow.trace.user";
inline constexpr std::string_view kSession = "mlflow.trace.session";
}  // namespace metadata_key

// Places where a store promotes span attributes to the trace.
namespace promoted_key {
inline constexpr std::string_view kSession = "session.id";
inline constexpr std::string_view kUser = "user.id";
inline constexpr std::string_view kTagPrefix = "mlflow.traceTag.";
}  // namespace promoted_key

inline constexpr std::string_view kTraceSchemaVersion = "3";
inline constexpr std::string_view kUnknownSpanType = "UNKNOWN";

}  // namespace spandrel::trace
