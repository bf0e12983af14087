// MLflow's JSON into the store: recorded traces and dictionaries, every wrapping, broken input.
#include "view/mlflow_importer.h"

#include <gtest/gtest.h>

#include "golden.h"
#include "golden_count.h"
#include "mlflow/trace_dict.h"
#include "trace/attribute_text.h"
#include "trace/json_value.h"
#include "view/span_detail.h"
#include "view/trace_facts.h"
#include "view/trace_summary.h"

namespace spandrel::view {
namespace {

using golden::Json;
using trace::AnyValue;

std::string spanDict(int number, const std::string& attributes = "") {
  const std::string id = "AAAAAAAAAA" + std::string(1, static_cast<char>('A' + 4 * number)) + "=";
  return R"({"trace_id": "F+I/sf23wInFh4ihQ/bbNw==", "span_id": ")" + id +
         R"(", "parent_span_id": null, "name": "step )" + std::to_string(number) +
         R"(", "start_time_unix_nano": 1700000000123456789, )"
         R"("end_time_unix_nano": 1700000000123456790, "events": [], )"
         R"("status": {"code": "STATUS_CODE_OK", "message": ""}, "attributes": )"
         R"({"mlflow.traceRequestId": "\"tr-17e23fb1fdb7c089c58788a143f6db37\"")" +
         attributes + R"(}, "links": []})";
}

std::string infoDict(const std::string& more = "") {
  return R"({"trace_id": "tr-17e23fb1fdb7c089c58788a143f6db37", "trace_location": {"type": )"
         R"("MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "7"}}, "request_time": )"
         R"("2023-11-14T22:13:20.123Z", "state": "OK")" +
         more + "}";
}

std::string traceDict() {
  return R"({"info": )" + infoDict() + R"(, "data": {"spans": [)" + spanDict(1) + ", " +
         spanDict(2) + "]}}";
}

struct Imported {
  TraceStore store;
  ImportReport report;
};

ImportReport importExactly(TraceStore& store, std::string_view text) {
  const std::vector<char> copy(text.begin(), text.end());
  return importMlflowJson(store, {copy.data(), copy.size()});
}

Json detailOf(const TraceStore& store, Row row) {
  return Json::parse(spanDetailJson(store, row, size_t{1} << 30), nullptr, false);
}

Json factsOf(const TraceStore& store, uint32_t slot) {
  const std::string text = traceFacts(store, slot);
  return text.empty() ? Json::object() : Json::parse(text, nullptr, false);
}

// An attribute as the page shows it against the value MLflow's getter gives.
std::string shownValue(const Json& attribute, bool isText) {
  const std::string text = attribute["value"].get<std::string>();
  if (attribute["type"] == "empty") return "null";
  if (isText) return quoteJson(text);
  const auto value = trace::parseJsonValue(text);
  return value.ok() ? trace::dumpJson(value.value()) : "not JSON: " + text;
}

void compareAttributes(golden::GoldenCount& count, const Json& shown,
                       const std::vector<std::pair<std::string, AnyValue>>& expected) {
  count.compare("number of attributes", std::to_string(shown.size()),
                std::to_string(expected.size()));
  for (size_t i = 0; i < shown.size() && i < expected.size(); ++i) {
    const auto& [key, value] = expected[i];
    count.compare("key", shown[i]["key"].get<std::string>(), key);
    const bool isJson = key == "mlflow.spanInputs" || key == "mlflow.spanOutputs";
    const bool isText = value.kind == AnyValue::Kind::String && !isJson;
    count.compare(key.c_str(), shownValue(shown[i], isText),
                  isText ? quoteJson(value.text) : trace::dumpJson(value));
  }
}

TEST(GoldenImport, SpanDictionariesOfEveryVersionAreShownAsMlflowReadsThem) {
  const Json file = golden::load("span_dict_v2.json");
  golden::GoldenCount count(
      "span_dict_v2.json (page)",
      {{"v2 event attributes null", "MLflow's getter fails; the event is shown without attributes"},
       {"v2 times as floats", "times are whole nanoseconds"},
       {"v2 trace id too long", "129 bits are no trace id"},
       {"v3 name null", "names are texts"},
       {"v3 name a number", "names are texts"}});
  for (const Json& test : file["cases"]) {
    count.begin(test["name"].get<std::string>());
    TraceStore store;
    const ImportReport report =
        importExactly(store, "{\"spans\": [" + test["input_text"].get<std::string>() + "]}");
    const Json& expected = test["expected"];
    const bool isRead = expected.contains("view") && !expected["view"].contains("error");
    count.compare("spans", std::to_string(report.spans), isRead ? "1" : "0");
    count.expect("an error for what is left out", isRead == report.errors.empty());
    if (isRead && report.spans == 1) {
      const Json& view = expected["view"];
      const Json detail = detailOf(store, 0);
      count.compare("name", detail["name"].dump(), view["name"].dump());
      count.compare("span_id", detail["spanId"].dump(), view["span_id"].dump());
      count.compare("parent", detail["parentSpanId"].dump(),
                    view["parent_id"].is_null() ? "\"\"" : view["parent_id"].dump());
      for (const auto& [ours, theirs] :
           {std::pair{"startTimeNs", "start_time_ns"}, std::pair{"endTimeNs", "end_time_ns"}}) {
        const AnyValue time = golden::untag(view[theirs]);
        count.compare(ours, detail[ours].get<std::string>(),
                      time.kind == AnyValue::Kind::Empty    ? "0"
                      : time.kind == AnyValue::Kind::String ? time.text
                                                            : trace::dumpJson(time));
      }
      count.compare("status", detail["status"]["code"].dump(),
                    view["status"]["status_code"].dump());
      std::vector<std::pair<std::string, AnyValue>> attributes;
      const AnyValue values = golden::untag(view["attributes"]);
      for (const auto& member : values.members) attributes.push_back(member);
      compareAttributes(count, detail["attributes"], attributes);
      count.compare("events", std::to_string(detail["events"].size()),
                    std::to_string(view["events"].size()));
    }
    count.end();
  }
}

void compareTrace(golden::GoldenCount& count, const std::string& text) {
  const auto trace = mlflow::fromTraceJson(text);
  TraceStore store;
  const ImportReport report = importExactly(store, text);
  if (!trace.ok()) return;
  const auto& spans = trace.value().spans;
  count.compare("spans", std::to_string(report.spans), std::to_string(spans.size()));
  count.expect("no errors", spans.empty() || report.errors.empty());
  if (report.spans != spans.size() || spans.empty()) return;
  for (Row row = 0; row < spans.size(); ++row) {
    const Json detail = detailOf(store, row);
    count.compare("name", detail["name"].get<std::string>(), spans[row].name);
    count.compare("id", detail["spanId"].get<std::string>(), spans[row].spanId.hex());
    count.compare("start", detail["startTimeNs"].get<std::string>(),
                  std::to_string(spans[row].startTimeNs));
    count.compare("end", detail["endTimeNs"].get<std::string>(),
                  std::to_string(spans[row].endTimeNs));
    count.expect("open or not", detail["isOpen"].get<bool>() == spans[row].isOpen);
    std::vector<std::pair<std::string, AnyValue>> attributes;
    for (const trace::Attribute& attribute : spans[row].attributes) {
      attributes.emplace_back(attribute.key, trace::attributeValue(attribute.value));
    }
    compareAttributes(count, detail["attributes"], attributes);
    count.compare("events", std::to_string(detail["events"].size()),
                  std::to_string(spans[row].events.size()));
    count.compare("links", std::to_string(detail["links"].size()),
                  std::to_string(spans[row].links.size()));
  }
  const trace::TraceInfo& info = trace.value().info;
  const auto kept = mlflow::fromTraceInfoDictText(traceFacts(store, 0));
  count.expect("the info is kept", kept.ok() && kept.value() == info);
  const auto usage = info.tokenUsage();
  const TraceSummary summary = summarize(store, 0);
  const bool hasUsage = usage && usage->kind == AnyValue::Kind::Map;
  if (hasUsage) count.expect("token usage", summary.tokens.isKnown);
}

TEST(GoldenImport, WholeTracesAreShownWithWhatIsKnownAboutThem) {
  const Json file = golden::load("trace_json.json");
  golden::GoldenCount count("trace_json.json (page)", {});
  for (const Json& test : file["cases"]) {
    count.begin(test["name"].get<std::string>());
    if (test.contains("exported")) {
      for (const Json& exported : test["exported"]) {
        compareTrace(count, exported["trace_text"].get<std::string>());
      }
    } else {
      compareTrace(count, test["source_text"].get<std::string>());
    }
    count.end();
  }
}

TEST(MlflowImporter, TakesEveryWrapping) {
  const std::string spans = "[" + spanDict(1) + ", " + spanDict(2) + "]";
  const std::string texts[] = {
      traceDict(),
      "\xEF\xBB\xBF \n" + traceDict(),
      "[" + traceDict() + "]",
      traceDict() + "\n" + traceDict() + "\n",
      traceDict() + traceDict(),
      R"({"spans": )" + spans + "}",
      R"({"data": {"spans": )" + spans + R"(}, "info": )" + infoDict() + "}",
      R"({"trace": {"trace_info": )" + infoDict() + R"(, "spans": )" + spans + "}}",
      R"({"traces": [{"trace_info": )" + infoDict() + R"(, "spans": )" + spans +
          R"(}], "next_page_token": ""})",
      R"({"request": {"a": [1]}, "response": null, "spans": )" + spans + "}",
  };
  for (const std::string& text : texts) {
    EXPECT_TRUE(looksLikeMlflow(text)) << text;
    TraceStore store;
    const ImportReport report = importExactly(store, text);
    EXPECT_EQ(store.stats().spans, 2u) << text;
    EXPECT_TRUE(report.errors.empty()) << text << report.errors[0].message;
    EXPECT_EQ(checkMlflowJson(text).spans, report.spans);
    const bool hasInfo = text.find("info") != std::string::npos;
    EXPECT_EQ(factsOf(store, 0).contains("trace_location"), hasInfo) << text;
  }
}

TEST(MlflowImporter, OtlpJsonAndOtherFormatsAreNotTakenForMlflow) {
  for (const char* text :
       {R"({"resourceSpans": [{"scopeSpans": [{"spans": []}]}]})",
        R"([{"resource_spans": [{"info": {}}]}])", R"({"result": {}})",
        R"({"data": [{"traceID": "1", "spans": []}]})", R"([{"traceId": "1", "id": "2"}])", "",
        "[]", "{", "nonsense", R"({"trace": {"resourceSpans": []}})"}) {
    EXPECT_FALSE(looksLikeMlflow(text)) << text;
  }
}

TEST(MlflowImporter, SpansOfRestAnswersKeepEveryDigit) {
  const std::string text =
      R"({"trace": {"trace_info": )" + infoDict() +
      R"(, "spans": [{"trace_id": "F+I/sf23wInFh4ihQ/bbNw==", "span_id": "AAAAAAAAAAE=", )"
      R"("parent_span_id": "AAAAAAAAAAI=", "name": "call", "kind": "SPAN_KIND_CLIENT", )"
      R"("start_time_unix_nano": 1700000000123456789, "end_time_unix_nano": 1700000000123456791, )"
      R"("attributes": [{"key": "mlflow.spanType", "value": {"string_value": "LLM"}}, )"
      R"({"key": "mlflow.spanInputs", "value": {"kvlist_value": {"values": [{"key": "n", )"
      R"("value": {"int_value": 9007199254740993}}]}}}, )"
      R"({"key": "mlflow.spanOutputs", "value": {"string_value": "done"}}, )"
      R"({"key": "big", "value": {"int_value": "-9223372036854775808"}}], )"
      R"("events": [{"name": "e", "time_unix_nano": 1700000000123456790}], )"
      R"("status": {"code": "STATUS_CODE_ERROR", "message": "no"}}]}})";
  TraceStore store;
  const ImportReport report = importExactly(store, text);
  ASSERT_EQ(report.spans, 1u);
  EXPECT_TRUE(report.errors.empty());
  const Json detail = detailOf(store, 0);
  EXPECT_EQ(detail["startTimeNs"], "1700000000123456789");
  EXPECT_EQ(detail["endTimeNs"], "1700000000123456791");
  EXPECT_EQ(detail["parentSpanId"], "0000000000000002");
  EXPECT_EQ(detail["kind"], "CLIENT");
  EXPECT_EQ(detail["type"], "LLM");
  EXPECT_EQ(detail["status"]["message"], "no");
  EXPECT_EQ(detail["attributes"][1]["value"], "{\"n\":9007199254740993}");
  EXPECT_EQ(detail["attributes"][2]["value"], "\"done\"");
  EXPECT_EQ(detail["attributes"][3]["value"], "-9223372036854775808");
  EXPECT_EQ(detail["events"][0]["timeNs"], "1700000000123456790");
}

TEST(MlflowImporter, InfosOfVersion2AreShown) {
  const std::string text =
      R"({"info": {"request_id": "tr-1", "experiment_id": "3", "timestamp_ms": 5, "status": "ERROR",)"
      R"("request_metadata": [{"key": "mlflow.trace.cost", "value": "{\"total_cost\": 0.25}"},)"
      R"({"key": "mlflow.trace.tokenUsage", "value": "{\"input_tokens\": 3, \"output_tokens\": 4}"}],)"
      R"("tags": [{"key": "mlflow.traceName", "value": "agent"}]}, "data": {"spans": [)" +
      spanDict(1) + "]}}";
  TraceStore store;
  ASSERT_EQ(importExactly(store, text).spans, 1u);
  EXPECT_EQ(factsOf(store, 0)["request_id"], "tr-1");
  const TraceSummary summary = summarize(store, 0);
  EXPECT_EQ(store.strings().text(summary.name), "agent");
  EXPECT_EQ(summary.tokens.totalTokens, 7);
}

TEST(MlflowImporter, FactsOfARootThatCameByOtlpAreItsAttributes) {
  TraceStore store;
  const std::string attributes =
      R"(, "mlflow.traceTag.env": "prod", "mlflow.traceMetadata.mlflow.trace.user": "ada")";
  importExactly(store, R"({"spans": [)" + spanDict(1, attributes) + "]}");
  const Json facts = factsOf(store, 0);
  EXPECT_EQ(facts["attributes"][1]["key"], "mlflow.traceTag.env");
  EXPECT_EQ(facts["attributes"][2]["value"], "ada");
}

TEST(MlflowImporter, ABrokenSpanIsLeftOutWithItsPlaceAndTheOthersStay) {
  const std::string broken = R"({"name": "no ids", "attributes": {}})";
  const std::string text =
      R"({"spans": [)" + spanDict(1) + ", " + broken + ", 5, " + spanDict(2) + "]}";
  TraceStore store;
  const ImportReport report = importExactly(store, text);
  EXPECT_EQ(report.spans, 2u);
  EXPECT_EQ(report.broken, 2u);
  ASSERT_EQ(report.errors.size(), 2u);
  EXPECT_EQ(report.errors[0].code, ErrorCode::InvalidParameterValue);
  EXPECT_GE(report.errors[0].offset, text.find(broken));
  EXPECT_LT(report.errors[0].offset, text.find(broken) + broken.size());
  EXPECT_EQ(report.errors[1].offset, text.find(" 5,") + 1);
}

TEST(MlflowImporter, ATextCutAnywhereKeepsTheSpansBeforeTheCut) {
  const std::string text = traceDict();
  const size_t firstEnd = text.find(spanDict(1)) + spanDict(1).size();
  for (size_t length = 1; length < text.size(); ++length) {
    TraceStore store;
    const ImportReport report = importExactly(store, std::string_view(text).substr(0, length));
    EXPECT_EQ(report.spans, (length >= firstEnd ? 1u : 0u) + (length + 3 >= text.size() ? 1u : 0u))
        << length;
    ASSERT_EQ(report.errors.size(), 1u) << length;
    EXPECT_EQ(report.errors[0].code, ErrorCode::Truncated) << length;
    EXPECT_TRUE(report.spans == 0 || factsOf(store, 0).contains("trace_location"));
  }
}

TEST(MlflowImporter, ABrokenLineDoesNotCostTheOthers) {
  std::string cut = traceDict();
  cut.resize(cut.size() / 2);
  for (const std::string& broken : {cut, std::string("oops"), std::string("{\"info\": 5")}) {
    TraceStore store;
    const ImportReport report = importExactly(store, R"({"spans": []})"
                                                     "\n" +
                                                         broken + "\n" + traceDict());
    EXPECT_EQ(store.stats().spans, 2u) << broken;
    EXPECT_FALSE(report.errors.empty());
  }
}

TEST(MlflowImporter, AnInfoWithoutSpansIsToldOf) {
  for (const std::string& text :
       {R"({"traces": [)" + infoDict() + "]}", R"({"info": )" + infoDict() + R"(, "data": {}})",
        R"({"trace_info": )" + infoDict() + R"(, "spans": []})"}) {
    TraceStore store;
    const ImportReport report = importExactly(store, text);
    EXPECT_EQ(report.spans, 0u);
    ASSERT_EQ(report.errors.size(), 1u) << text;
    EXPECT_NE(report.errors[0].message.find("without spans"), std::string::npos);
  }
}

TEST(MlflowImporter, NestingIsBounded) {
  for (const char* part : {"[", R"({"trace":)", R"({"traces":[)", R"({"data":)", R"({"spans":[)"}) {
    std::string text;
    for (int i = 0; i < 100000; ++i) text += part;
    TraceStore store;
    EXPECT_EQ(importExactly(store, text).spans, 0u);
    EXPECT_FALSE(looksLikeMlflow("[" + text) && part[0] == '[');
  }
}

TEST(MlflowImporter, ManyTinyAttributesAreKept) {
  std::string attributes;
  for (int i = 0; i < 20000; ++i) attributes += ",\"" + std::to_string(i) + "\":1";
  TraceStore store;
  const ImportReport report =
      importExactly(store, R"({"spans": [)" + spanDict(1, attributes) + ", " + spanDict(2) + "]}");
  EXPECT_EQ(report.spans, 2u);
  EXPECT_EQ(detailOf(store, 0)["attributes"].size(), 20001u);
}

TEST(MlflowImporter, AVeryLargeValueIsKeptWhole) {
  const std::string value(size_t{2} << 20, 'x');
  TraceStore store;
  const ImportReport report = importExactly(
      store, R"({"spans": [)" + spanDict(1, R"(, "v": "\")" + value + R"(\"")") + "]}");
  ASSERT_EQ(report.spans, 1u);
  EXPECT_EQ(detailOf(store, 0)["attributes"][1]["value"].get<std::string>().size(), value.size());
}

TEST(MlflowImporter, AnEvictedTraceTakesItsFactsAlong) {
  TraceStore store(size_t{3} << 20);
  const std::string large = infoDict(R"(, "request_preview": ")" + std::string(300000, 'x') + "\"");
  for (int i = 0; i < 20; ++i) {
    std::string span = spanDict(1);
    span.replace(span.find("F+I/"), 4, "F+" + std::to_string(10 + i));
    importExactly(store, R"({"info": )" + large + R"(, "data": {"spans": [)" + span + "]}}");
  }
  EXPECT_LE(store.stats().bytes, size_t{4} << 20);
  EXPECT_GT(store.stats().evictedTraces, 10u);
}

}  // namespace
}  // namespace spandrel::view
