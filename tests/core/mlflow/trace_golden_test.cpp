// Recorded programs as traces, recorded trace dictionaries, and sizes of recorded traces.
#include <gtest/gtest.h>

#include <algorithm>

#include "golden_count.h"
#include "mlflow/size_stats.h"
#include "mlflow/trace_dict.h"
#include "recorded_value.h"
#include "trace_program.h"

namespace spandrel::golden {
namespace {

AnyValue optionalView(const std::optional<std::string>& text) {
  return text ? AnyValue::string(*text) : AnyValue::empty();
}

AnyValue mapView(const std::map<std::string, std::string>& map) {
  std::vector<AnyValue::Member> members;
  for (const auto& [key, value] : map) members.emplace_back(key, AnyValue::string(value));
  return AnyValue::map(std::move(members));
}

// Getters of an info, in the shape of the recorded ones (without `status`, Python's old enum).
std::string infoViewText(const trace::TraceInfo& info) {
  const auto usage = info.tokenUsage();
  const auto cost = info.cost();
  return trace::dumpJson(AnyValue::map(
      {{"trace_id", AnyValue::string(info.traceId)},
       {"request_id", AnyValue::string(info.requestId())},
       {"experiment_id", optionalView(info.experimentId())},
       {"state", AnyValue::string(trace::traceStateName(info.state))},
       {"request_time", AnyValue::of(info.requestTimeMillis)},
       {"execution_duration", info.executionDurationMillis
                                  ? AnyValue::of(*info.executionDurationMillis)
                                  : AnyValue::empty()},
       {"request_preview", optionalView(info.requestPreview)},
       {"response_preview", optionalView(info.responsePreview)},
       {"client_request_id", optionalView(info.clientRequestId)},
       {"trace_metadata", mapView(info.traceMetadata)},
       {"tags", mapView(info.tags)},
       {"token_usage", usage.value_or(AnyValue::empty())},
       {"cost", cost.value_or(AnyValue::empty())},
       {"assessments", AnyValue::of(static_cast<int64_t>(info.assessments.size()))}}));
}

// Values of tags and metadata are text here; MLflow's live info keeps what the user gave.
std::string recordedInfoText(Json info) {
  info.erase("status");
  for (const char* map : {"tags", "trace_metadata"}) {
    for (auto& [key, value] : info[map].items()) value = pythonText(recorded(value));
  }
  return trace::dumpJson(recorded(info));
}

// A root without inputs has the preview "" here and null in MLflow 3.17.2 (features PV-02).
void dropEmptyPreviews(trace::TraceInfo& info) {
  if (info.requestPreview == "") info.requestPreview.reset();
  if (info.responsePreview == "") info.responsePreview.reset();
}

// Only "^.*[a-c]" and plain words are recorded.
bool matchesPattern(std::string_view pattern, std::string_view name) {
  if (pattern == "^.*[a-c]") return name.find_first_of("abc") != std::string_view::npos;
  return name.find(pattern) != std::string_view::npos;
}

void compareSearch(GoldenCount& count, const trace::Trace& trace, const Json& searches) {
  for (const Json& search : searches) {
    const Json& arguments = search["arguments"];
    const auto text = [&](const char* key) -> std::optional<std::string> {
      if (!arguments.contains(key)) return std::nullopt;
      return arguments[key].get<std::string>();
    };
    trace::SpanFilter filter{text("span_type"), text("name"), text("span_id"), {}};
    if (const auto pattern = text("name_pattern")) {
      filter.nameMatches = [pattern](std::string_view name) {
        return matchesPattern(*pattern, name);
      };
    }
    Json found = Json::array();
    for (const trace::SpanData* span : trace::searchSpans(trace, filter)) {
      found.push_back(span->spanId.hex());
    }
    count.compare("search_spans", found.dump(), search["span_ids"].dump());
  }
}

void compareExported(GoldenCount& count, trace::Trace trace, const Json& expected) {
  dropEmptyPreviews(trace.info);
  const std::string text = mlflow::toTraceJson(trace);
  count.compare("to_json", text, expected["trace_text"].get<std::string>());
  count.compare("info.to_dict", mlflow::toTraceInfoDictText(trace.info),
                expected["info_dict_text"].get<std::string>());
  Json order = Json::array();
  for (const trace::SpanData& span : trace.spans) order.push_back(span.spanId.hex());
  count.compare("span order", order.dump(), expected["span_order"].dump());
  compareSearch(count, trace, expected["search_spans"]);

  const auto read = mlflow::fromTraceJson(text);
  count.expect("from_json reads it", read.ok());
  if (!read.ok()) return;
  count.compare("to_json of from_json", mlflow::toTraceJson(read.value()), text);
  count.compare("info", infoViewText(trace.info), recordedInfoText(expected["info"]));
}

void compareRead(GoldenCount& count, const Json& entry) {
  const Json& expected = entry["expected"];
  const auto trace = mlflow::fromTraceJson(entry["source_text"].get<std::string>());
  if (expected.contains("error")) {
    count.expect("it is refused", !trace.ok());
    if (trace.ok()) return;
    count.compare("error code", errorCodeName(trace.error().code), "INVALID_PARAMETER_VALUE");
    return;
  }
  count.compare("error", trace.ok() ? "" : trace.error().message, "");
  if (!trace.ok()) return;
  const Json& text = expected["to_dict_text"];
  count.compare("to_dict", mlflow::toTraceJson(trace.value()),
                text.is_string() ? text.get<std::string>() : text.dump());
  count.compare("info", infoViewText(trace.value().info), recordedInfoText(expected["info"]));
}

TEST(TraceJsonGolden, ProgramsAndDictionariesGiveTheRecordedTraces) {
  const Json file = load("trace_json.json");
  GoldenCount count("trace_json",
                    {{"Trace.from_dict: duration in the protobuf form",
                      "MLflow keeps the text and fails to write it; here it is 1500 ms"}});
  for (const Json& entry : file["cases"]) {
    count.begin(entry["name"].get<std::string>());
    if (entry.contains("source_text")) {
      compareRead(count, entry);
    } else {
      TraceProgram program(entry["ids"], entry["input"]["experiment_id"].get<std::string>());
      for (const Json& step : entry["input"]["steps"]) program.run(step);
      const Json& exported = entry["exported"];
      count.expect("the number of traces", program.exported().size() == exported.size());
      for (size_t i = 0; i < std::min(program.exported().size(), exported.size()); ++i) {
        compareExported(count, program.exported()[i], exported[i]);
      }
    }
    count.end();
  }
}

TEST(SizeStatsGolden, SizesAndPercentilesAreTheRecordedOnes) {
  const Json file = load("size_stats.json");
  GoldenCount count("size_stats", {});
  for (const Json& entry : file["cases"]) {
    const Json& expected = entry["expected"];
    count.begin(entry["name"].get<std::string>());
    auto trace = mlflow::fromTraceJson(entry["trace_text"].get<std::string>());
    count.expect("the trace is read", trace.ok());
    if (trace.ok()) {
      std::vector<size_t> spanBytes;
      const std::string text = mlflow::toTraceJson(trace.value(), JsonEscapes::Ascii, &spanBytes);
      count.compare("text", text, entry["trace_text"].get<std::string>());
      count.compare("bytes", std::to_string(text.size()), expected["trace_text_bytes"].dump());
      count.compare("span bytes", Json(spanBytes).dump(), expected["span_bytes"].dump());
      mlflow::addSizeStats(trace.value());
      const auto& metadata = trace.value().info.traceMetadata;
      const auto value = [&](const char* key) {
        const auto found = metadata.find(key);
        return found == metadata.end() ? Json() : Json(found->second);
      };
      count.compare("stats", value("mlflow.trace.sizeStats").dump(),
                    expected["size_stats_text"].dump());
      count.compare("size", value("mlflow.trace.sizeBytes").dump(),
                    expected["size_bytes_text"].dump());
    }
    count.end();
  }
  size_t index = 0;
  for (const Json& entry : file["percentiles"]) {
    count.begin("percentiles#" + std::to_string(index++));
    const auto sizes = entry["sorted_sizes"].get<std::vector<size_t>>();
    for (uint32_t percent : {25u, 50u, 75u}) {
      count.compare("percentile", std::to_string(mlflow::percentile(sizes, percent)),
                    entry["p" + std::to_string(percent)].dump());
    }
    count.end();
  }
}

TEST(DedupeGolden, EqualNamesStayAsTheyAre) {
  const Json file = load("dedupe.json");
  GoldenCount count("dedupe", {});
  size_t index = 0;
  for (const Json& entry : file["cases"]) {
    count.begin("dedupe#" + std::to_string(index++));
    trace::Trace trace;
    for (const Json& name : entry["names_in_start_order"]) {
      trace::SpanData span;
      span.name = name.get<std::string>();
      span.traceId.bytes[15] = 1;
      span.spanId.bytes[7] = static_cast<uint8_t>(trace.spans.size() + 1);
      if (!trace.spans.empty()) span.parentSpanId = trace.spans.front().spanId;
      trace.spans.push_back(mlflow::spanFromOtlp(std::move(span)).take());
    }
    trace.info.location = trace::TraceLocation::experiment("7");
    EXPECT_TRUE(trace::finishTrace(trace).ok());
    const auto read = mlflow::fromTraceJson(mlflow::toTraceJson(trace));
    Json names = Json::array();
    if (read.ok()) {
      for (const trace::SpanData& span : read.value().spans) names.push_back(span.name);
    }
    count.compare("names", names.dump(), entry["mlflow_3_17_2"].dump());
    count.end();
  }
}

}  // namespace
}  // namespace spandrel::golden
