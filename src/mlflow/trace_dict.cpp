#include "mlflow/trace_dict.h"

#include <map>

#include "base/text.h"
#include "mlflow/span_dict.h"
#include "trace/utc_time.h"

namespace spandrel::mlflow {
namespace {

using trace::TraceInfo;
using trace::TraceLocation;

// Writes `"key": ` with a comma before all but the first key.
class DictWriter {
 public:
  DictWriter(std::string& out, JsonEscapes escapes) : out_(out), escapes_(escapes) {
    out_.push_back('{');
  }
  void key(const char* name) {
    if (!isFirst_) out_.append(", ");
    isFirst_ = false;
    out_.append("\"").append(name).append("\": ");
  }
  void text(const char* name, std::string_view value) {
    key(name);
    appendJsonString(out_, value, escapes_);
  }
  void optionalText(const char* name, const std::optional<std::string>& value) {
    if (value) text(name, *value);
  }
  void integer(const char* name, int64_t value) {
    key(name);
    out_.append(std::to_string(value));
  }
  void end() { out_.push_back('}'); }

 private:
  std::string& out_;
  JsonEscapes escapes_;
  bool isFirst_ = true;
};

void appendLocation(std::string& out, const TraceLocation& location, JsonEscapes escapes) {
  using Type = TraceLocation::Type;
  DictWriter dict(out, escapes);
  dict.text("type", trace::traceLocationTypeName(location.type));
  if (location.type == Type::MlflowExperiment) {
    dict.key("mlflow_experiment");
    DictWriter experiment(out, escapes);
    experiment.text("experiment_id", location.experimentId);
    experiment.end();
  } else if (location.type == Type::InferenceTable) {
    dict.key("inference_table");
    DictWriter table(out, escapes);
    table.text("full_table_name", location.fullTableName);
    table.end();
  } else if (location.type != Type::Unspecified) {
    const bool isPrefix = location.type == Type::UcTablePrefix;
    dict.key(isPrefix ? "uc_table_prefix" : "uc_schema");
    DictWriter schema(out, escapes);
    schema.text("catalog_name", location.catalogName);
    schema.text("schema_name", location.schemaName);
    if (isPrefix) schema.text("table_prefix", location.tablePrefix);
    if (!isPrefix || !location.spansTableName.empty()) {
      schema.text("otel_spans_table_name", location.spansTableName);
    }
    if (!isPrefix || !location.logsTableName.empty()) {
      schema.text("otel_logs_table_name", location.logsTableName);
    }
    schema.end();
  }
  dict.end();
}

void appendMap(std::string& out, const std::map<std::string, std::string>& map, size_t maxKey,
               size_t maxValue, JsonEscapes escapes) {
  // Keys that are equal after the cut: the last one counts.
  std::map<std::string_view, std::string_view> cut;
  for (const auto& [key, value] : map) {
    cut[takeCodePoints(key, maxKey)] = takeCodePoints(value, maxValue);
  }
  const char* separator = "{";
  for (const auto& [key, value] : cut) {
    out.append(separator);
    appendJsonString(out, key, escapes);
    out.append(": ");
    appendJsonString(out, value, escapes);
    separator = ", ";
  }
  out.push_back('}');
}

void appendAssessments(std::string& out, const std::vector<std::string>& assessments,
                       JsonEscapes escapes) {
  const char* separator = "[";
  for (const std::string& assessment : assessments) {
    out.append(separator);
    if (escapes == JsonEscapes::Ascii) {
      appendAsciiJson(out, assessment);
    } else {
      out.append(assessment);
    }
    separator = ", ";
  }
  out.push_back(']');
}

void appendTraceInfo(std::string& out, const TraceInfo& info, JsonEscapes escapes) {
  DictWriter dict(out, escapes);
  dict.text("trace_id", info.traceId);
  dict.optionalText("client_request_id", info.clientRequestId);
  dict.key("trace_location");
  appendLocation(out, info.location, escapes);
  dict.text("request_time", trace::utcTimeText(info.requestTimeMillis));
  dict.text("state", trace::traceStateName(info.state));
  if (!info.traceMetadata.empty()) {
    dict.key("trace_metadata");
    appendMap(out, info.traceMetadata, kMaxMetadataKeyLength, kMaxMetadataValueLength, escapes);
  }
  if (!info.assessments.empty()) {
    dict.key("assessments");
    appendAssessments(out, info.assessments, escapes);
  }
  if (!info.tags.empty()) {
    dict.key("tags");
    appendMap(out, info.tags, kMaxTagKeyLength, kMaxTagValueLength, escapes);
  }
  dict.optionalText("request_preview", info.requestPreview);
  dict.optionalText("response_preview", info.responsePreview);
  if (info.executionDurationMillis) {
    dict.integer("execution_duration_ms", *info.executionDurationMillis);
  }
  dict.end();
}

}  // namespace

std::string toTraceInfoDictText(const TraceInfo& info, JsonEscapes escapes) {
  std::string out;
  appendTraceInfo(out, info, escapes);
  return out;
}

std::string toTraceJson(const trace::Trace& trace, JsonEscapes escapes,
                        std::vector<size_t>* spanBytes) {
  std::string out = "{\"info\": ";
  appendTraceInfo(out, trace.info, escapes);
  out.append(", \"data\": {\"spans\": [");
  for (const trace::SpanData& span : trace.spans) {
    if (&span != trace.spans.data()) out.append(", ");
    const size_t start = out.size();
    appendSpanDict(out, span, escapes);
    if (spanBytes) spanBytes->push_back(out.size() - start);
  }
  out.append("]}}");
  return out;
}

}  // namespace spandrel::mlflow
