#include "base/number_text.h"
#include "mlflow/dict_fields.h"
#include "mlflow/span_dict.h"
#include "mlflow/trace_dict.h"
#include "trace/utc_time.h"

namespace spandrel::mlflow {
namespace {

using trace::Trace;
using trace::TraceInfo;
using trace::TraceLocation;

// Names of tables where a Unity Catalog location gives none.
constexpr const char* kDefaultSpansTable = "mlflow_experiment_trace_otel_spans";
constexpr const char* kDefaultLogsTable = "mlflow_experiment_trace_otel_logs";

Error invalid(std::string message, size_t offset = 0) {
  return Error{ErrorCode::InvalidParameterValue, std::move(message), offset};
}

Error missing(const char* key) {
  return invalid(std::string("the key '") + key + "' is missing");
}

std::optional<std::string> optionalText(const Field& field) {
  if (!field.isGiven()) return std::nullopt;
  return field.text();
}

Result<Done> readMap(const Field& field, const char* what,
                     std::map<std::string, std::string>& out) {
  if (!field.isGiven()) return Done{};
  JsonMembers members(field.json);
  if (!members.isObject()) return invalid(std::string(what) + " is no dictionary", field.offset);
  while (members.next()) out[members.key()] = members.text();
  if (!members.ok()) return inside(what, members.error(), field.offset);
  return Done{};
}

Result<Done> readAssessments(const Field& field, std::vector<std::string>& out) {
  if (!field.isGiven()) return Done{};
  JsonMembers elements(field.json);
  if (!elements.isArray()) return invalid("assessments is no list", field.offset);
  while (elements.next()) out.emplace_back(elements.value());
  if (!elements.ok()) return inside("assessments", elements.error(), field.offset);
  return Done{};
}

Result<Done> readCatalogLocation(const Field& field, TraceLocation& location) {
  Field catalog, schema, spans, logs, prefix;
  if (!field.isGiven()) return Done{};
  const auto read = readFields(field.json, {{"catalog_name", &catalog},
                                            {"schema_name", &schema},
                                            {"otel_spans_table_name", &spans},
                                            {"otel_logs_table_name", &logs},
                                            {"table_prefix", &prefix}});
  if (!read.ok()) return read.error();
  const bool isSchema = location.type == TraceLocation::Type::UcSchema;
  location.catalogName = catalog.text();
  location.schemaName = schema.text();
  location.tablePrefix = prefix.text();
  location.spansTableName = spans.isGiven() || !isSchema ? spans.text() : kDefaultSpansTable;
  location.logsTableName = logs.isGiven() || !isSchema ? logs.text() : kDefaultLogsTable;
  return Done{};
}

Result<TraceLocation> readLocation(const Field& field) {
  using Type = TraceLocation::Type;
  if (field.isMissing()) return missing("trace_location");
  Field type, experiment, table, schema, prefix;
  const auto read = readFields(field.json, {{"type", &type},
                                            {"mlflow_experiment", &experiment},
                                            {"inference_table", &table},
                                            {"uc_schema", &schema},
                                            {"uc_table_prefix", &prefix}});
  if (!read.ok()) return inside("trace_location", read.error(), field.offset);
  const auto parsed = trace::parseTraceLocationType(type.text());
  if (!parsed.ok()) return parsed.error();

  TraceLocation location;
  location.type = parsed.value();
  Result<Done> part = Done{};
  Field content;
  if (location.type == Type::MlflowExperiment && experiment.isGiven()) {
    part = readFields(experiment.json, {{"experiment_id", &content}});
    location.experimentId = content.text();
  } else if (location.type == Type::InferenceTable && table.isGiven()) {
    part = readFields(table.json, {{"full_table_name", &content}});
    location.fullTableName = content.text();
  } else if (location.type == Type::UcSchema) {
    part = readCatalogLocation(schema, location);
  } else if (location.type == Type::UcTablePrefix) {
    part = readCatalogLocation(prefix, location);
  }
  if (!part.ok()) return inside("trace_location", part.error(), field.offset);
  return location;
}

// "1.500s", as protobuf writes durations.
Result<int64_t> readProtobufDuration(const Field& field) {
  const std::string text = field.text();
  double seconds = 0;
  const bool isDuration = text.ends_with('s') &&
                          parseDouble(std::string_view(text).substr(0, text.size() - 1), seconds);
  if (!isDuration || !(seconds > -1e12 && seconds < 1e12)) {
    return invalid("execution_duration is no duration", field.offset);
  }
  return static_cast<int64_t>(seconds * 1000);
}

struct InfoFields {
  Field traceId, clientRequestId, location, requestTime, state, metadata, assessments, tags;
  Field requestPreview, responsePreview, durationMs, duration;
  // Version 2
  Field requestId, experimentId, timestampMs, executionTimeMs, status, requestMetadata;
};

Result<Done> readCommon(const InfoFields& f, TraceInfo& info) {
  info.clientRequestId = optionalText(f.clientRequestId);
  info.requestPreview = optionalText(f.requestPreview);
  info.responsePreview = optionalText(f.responsePreview);
  Result<Done> part = readMap(f.tags, "tags", info.tags);
  if (!part.ok()) return part;
  return readAssessments(f.assessments, info.assessments);
}

Result<TraceInfo> readInfoV2(const InfoFields& f) {
  TraceInfo info;
  info.traceId = f.requestId.text();
  info.location = TraceLocation::experiment(f.experimentId.text());
  const auto time = readInt64(f.timestampMs, "timestamp_ms");
  if (!time.ok()) return time.error();
  info.requestTimeMillis = time.value();
  if (f.executionTimeMs.isGiven()) {
    const auto duration = readInt64(f.executionTimeMs, "execution_time_ms");
    if (!duration.ok()) return duration.error();
    info.executionDurationMillis = duration.value();
  }
  if (f.status.isMissing()) return missing("status");
  const std::string status = f.status.text();
  const auto state =
      trace::parseTraceState(status == "TRACE_STATUS_UNSPECIFIED" ? "STATE_UNSPECIFIED" : status);
  if (!state.ok()) return state.error();
  info.state = state.value();
  Result<Done> part = readMap(f.requestMetadata, "request_metadata", info.traceMetadata);
  if (part.ok()) part = readCommon(f, info);
  if (!part.ok()) return part.error();
  return info;
}

Result<TraceInfo> readInfoV3(const InfoFields& f) {
  TraceInfo info;
  if (f.traceId.isMissing()) return missing("trace_id");
  info.traceId = f.traceId.text();
  Result<TraceLocation> location = readLocation(f.location);
  if (!location.ok()) return location.error();
  info.location = location.take();
  if (f.requestTime.isMissing()) return missing("request_time");
  if (!f.requestTime.isString()) return invalid("request_time is no text", f.requestTime.offset);
  const auto time = trace::parseUtcTime(f.requestTime.text());
  if (!time.ok()) return inside("request_time", time.error(), f.requestTime.offset);
  info.requestTimeMillis = time.value();
  if (f.state.isMissing()) return missing("state");
  const auto state = trace::parseTraceState(f.state.text());
  if (!state.ok()) return state.error();
  info.state = state.value();
  if (f.durationMs.isGiven() || f.duration.isGiven()) {
    const auto duration = f.durationMs.isGiven() ? readInt64(f.durationMs, "execution_duration_ms")
                                                 : readProtobufDuration(f.duration);
    if (!duration.ok()) return duration.error();
    info.executionDurationMillis = duration.value();
  }
  Result<Done> part = readMap(f.metadata, "trace_metadata", info.traceMetadata);
  if (part.ok()) part = readCommon(f, info);
  if (!part.ok()) return part.error();
  return info;
}

Result<TraceInfo> readInfo(std::string_view json) {
  InfoFields f;
  std::string unknownKey;
  const auto read = readFields(json,
                               {{"trace_id", &f.traceId},
                                {"client_request_id", &f.clientRequestId},
                                {"trace_location", &f.location},
                                {"request_time", &f.requestTime},
                                {"state", &f.state},
                                {"trace_metadata", &f.metadata},
                                {"assessments", &f.assessments},
                                {"tags", &f.tags},
                                {"request_preview", &f.requestPreview},
                                {"response_preview", &f.responsePreview},
                                {"execution_duration_ms", &f.durationMs},
                                {"execution_duration", &f.duration},
                                {"request_id", &f.requestId},
                                {"experiment_id", &f.experimentId},
                                {"timestamp_ms", &f.timestampMs},
                                {"execution_time_ms", &f.executionTimeMs},
                                {"status", &f.status},
                                {"request_metadata", &f.requestMetadata}},
                               &unknownKey);
  if (!read.ok()) return read.error();
  if (f.traceId.isMissing() && f.requestId.isGiven()) return readInfoV2(f);
  if (!unknownKey.empty()) return invalid("unknown key '" + unknownKey.substr(0, 64) + "'");
  return readInfoV3(f);
}

Result<Done> readSpans(const Field& data, std::vector<trace::SpanData>& out) {
  Field spans;
  const auto read = readFields(data.json, {{"spans", &spans}});
  if (!read.ok()) return inside("data", read.error(), data.offset);
  if (!spans.isGiven()) return Done{};
  const size_t offset = data.offset + spans.offset;
  JsonMembers elements(spans.json);
  if (!elements.isArray()) return invalid("spans is no list", offset);
  while (elements.next()) {
    Result<trace::SpanData> span = fromDictText(elements.value());
    if (!span.ok()) return inside("spans", span.error(), offset + elements.offset());
    span.value().ordinal = static_cast<uint32_t>(out.size());
    out.push_back(span.take());
  }
  if (!elements.ok()) return inside("spans", elements.error(), offset);
  return Done{};
}

Result<Trace> readTrace(std::string_view json) {
  Field info, data;
  const auto read = readFields(json, {{"info", &info}, {"data", &data}});
  if (!read.ok()) return read.error();
  if (!info.isGiven()) return missing("info");
  if (!data.isGiven()) return missing("data");
  Trace trace;
  Result<TraceInfo> traceInfo = readInfo(info.json);
  if (!traceInfo.ok()) return inside("info", traceInfo.error(), info.offset);
  trace.info = traceInfo.take();
  const auto spans = readSpans(data, trace.spans);
  if (!spans.ok()) return spans.error();
  return trace;
}

template <typename T>
Result<T> refusedAs(const char* what, Result<T> result) {
  if (result.ok()) return result;
  return Error{ErrorCode::InvalidParameterValue,
               std::string("no ") + what + " can be made from this text: " + result.error().message,
               result.error().offset};
}

}  // namespace

Result<TraceInfo> fromTraceInfoDictText(std::string_view json) {
  return refusedAs("trace info", readInfo(json));
}

Result<Trace> fromTraceJson(std::string_view json) {
  return refusedAs("trace", readTrace(json));
}

}  // namespace spandrel::mlflow
