#include <gtest/gtest.h>

#include "view/json_importer.h"
#include "view/otlp_importer.h"
#include "view/request_builder.h"
#include "view/span_detail.h"

namespace spandrel::view {
namespace {

std::vector<TestSpan> typicalSpans() {
  std::vector<TestSpan> spans(3);
  for (uint32_t i = 0; i < 3; ++i) {
    spans[i].id = i + 1;
    spans[i].parent = i;
    spans[i].start = 1000 + i;
    spans[i].end = 5000;
    spans[i].name = "step " + std::to_string(i);
    spans[i].attributes = {{"mlflow.spanType", "TOOL"}, {"k", "v"}};
    spans[i].numbers = {{"n", -5}};
    spans[i].events = {"happened"};
    spans[i].status = 2;
  }
  spans[2].service = "other";
  return spans;
}

TEST(OtlpImporter, ReadsColumnsFromARequest) {
  TraceStore store;
  const ImportReport report = receive(store, typicalSpans());

  EXPECT_EQ(report.spans, 3u);
  EXPECT_EQ(report.added, 3u);
  EXPECT_TRUE(report.errors.empty());
  const SpanColumns& columns = store.columns();
  EXPECT_EQ(columns.spanId(1), spanIdWord(2));
  EXPECT_EQ(columns.parentSpanId(1), spanIdWord(1));
  EXPECT_EQ(columns.startTimeNs(1), 1001u);
  EXPECT_EQ(columns.endTimeNs(1), 5000u);
  EXPECT_EQ(columns.status(1), 2);
  EXPECT_EQ(columns.kind(1), 1);
  EXPECT_EQ(store.strings().text(columns.name(1)), "step 1");
  EXPECT_EQ(store.strings().text(columns.type(1)), "TOOL");
  EXPECT_EQ(columns.flags(1), span_flag::kHasEvents);
  EXPECT_EQ(store.serviceOf(1), "service");
  EXPECT_EQ(store.serviceOf(2), "other");
}

TEST(OtlpImporter, ARequestCutAnywhereGivesTheSpansBeforeTheCutAndAnError) {
  const std::vector<uint8_t> request = requestOf(typicalSpans());
  uint64_t spansBefore = 0;
  for (size_t length = 0; length < request.size(); ++length) {
    // A copy of the exact size, so that reading past it is seen by the sanitizer.
    const std::vector<uint8_t> cut(request.begin(),
                                   request.begin() + static_cast<ptrdiff_t>(length));
    TraceStore store;

    const ImportReport report = importOtlpProtobuf(store, cut);

    ASSERT_GE(report.spans, spansBefore) << length;
    spansBefore = report.spans;
    ASSERT_LE(report.spans, 3u);
    ASSERT_EQ(store.stats().spans, report.spans);
    const ImportReport checked = checkOtlpProtobuf(cut);
    ASSERT_EQ(checked.spans, report.spans);
    ASSERT_EQ(checked.errors.size(), report.errors.size());
    for (const Error& error : report.errors) ASSERT_LE(error.offset, length);
    // Every cut is told: only one between two ResourceSpans looks like a whole request.
    if (report.errors.empty()) {
      ASSERT_TRUE(length == 0 || report.spans == 2) << length;
    }
  }
  EXPECT_EQ(spansBefore, 2u);
}

TEST(OtlpImporter, EveryFlippedByteIsSurvived) {
  const std::vector<uint8_t> request = requestOf(typicalSpans());
  for (size_t at = 0; at < request.size(); ++at) {
    for (const uint8_t mask : {0x01, 0x80, 0xff}) {
      std::vector<uint8_t> broken = request;
      broken[at] ^= mask;
      TraceStore store;
      const ImportReport report = importOtlpProtobuf(store, broken);
      ASSERT_EQ(store.stats().spans + report.duplicates, report.spans) << at;
      for (Row row = 0; row < store.columns().size(); ++row) {
        ASSERT_FALSE(spanDetailJson(store, row, 10).empty());
      }
    }
  }
}

TEST(OtlpImporter, ASpanWithoutValidIdsIsLeftOutWithItsOffset) {
  std::vector<TestSpan> spans = typicalSpans();
  spans[1].id = 0;
  TraceStore store;

  const ImportReport report = receive(store, spans);

  EXPECT_EQ(report.spans, 2u);
  EXPECT_EQ(report.broken, 1u);
  ASSERT_EQ(report.errors.size(), 1u);
  EXPECT_EQ(report.errors[0].code, ErrorCode::InvalidParameterValue);
  EXPECT_GT(report.errors[0].offset, 0u);
}

TEST(OtlpImporter, BytesOfSomethingElseAreAnError) {
  TraceStore store;
  const std::string text = "<!doctype html><html></html>";
  const ImportReport report =
      importOtlpProtobuf(store, {reinterpret_cast<const uint8_t*>(text.data()), text.size()});

  EXPECT_EQ(report.spans, 0u);
  EXPECT_FALSE(report.errors.empty());
}

TEST(OtlpImporter, AnEmptyRequestIsFine) {
  TraceStore store;
  const ImportReport report = importOtlpProtobuf(store, {});

  EXPECT_EQ(report.spans, 0u);
  EXPECT_TRUE(report.errors.empty());
}

TEST(OtlpImporter, TheSpanTypeComesFromWhatTheVocabulariesSay) {
  const std::vector<std::pair<std::vector<std::pair<std::string, std::string>>, std::string>>
      cases = {
          {{{"mlflow.spanType", "\"LLM\""}}, "LLM"},
          {{{"openinference.span.kind", "RETRIEVER"}}, "RETRIEVER"},
          {{{"gen_ai.operation.name", "execute_tool"}}, "TOOL"},
          {{{"gen_ai.operation.name", "chat"}, {"mlflow.spanType", "AGENT"}}, "AGENT"},
          {{{"mlflow.spanType", "UNKNOWN"}, {"http.request.method", "GET"}}, "HTTP"},
          {{{"db.system", "sqlite"}}, "DATABASE"},
          {{{"anything", "else"}}, ""},
      };
  for (const auto& [attributes, expected] : cases) {
    TraceStore store;
    TestSpan span;
    span.attributes = attributes;
    receive(store, {span});
    EXPECT_EQ(store.strings().text(store.columns().type(0)), expected) << attributes[0].first;
  }
}

TEST(JsonImporter, ReadsTheSameSpansAsProtobuf) {
  const std::string json =
      R"({"resourceSpans":[{"resource":{"attributes":[{"key":"service.name",)"
      R"("value":{"stringValue":"web"}}]},"scopeSpans":[{"scope":{"name":"s"},"spans":[)"
      R"({"traceId":"11111111111111111111111111111101","spanId":"0000000000000001",)"
      R"("name":"one","kind":2,"startTimeUnixNano":"1544712660000000001","endTimeUnixNano":"1544712660000000009",)"
      R"("attributes":[{"key":"mlflow.spanInputs","value":{"stringValue":"{\"q\":1}"}}],)"
      R"("status":{"code":2,"message":"bad"}}]}]}]})";
  TraceStore store;

  const ImportReport report = importOtlpJson(store, json);

  EXPECT_EQ(report.spans, 1u);
  EXPECT_TRUE(report.errors.empty());
  EXPECT_EQ(store.columns().startTimeNs(0), 1544712660000000001u);
  EXPECT_EQ(store.serviceOf(0), "web");
  const std::string detail = spanDetailJson(store, 0, 1000);
  EXPECT_NE(
      detail.find(R"("key":"mlflow.spanInputs","type":"string","number":0,"value":"{\"q\":1}")"),
      std::string::npos)
      << detail;
  EXPECT_NE(detail.find(R"("status":{"code":"ERROR","message":"bad"})"), std::string::npos);
  EXPECT_EQ(checkOtlpJson(json).spans, 1u);
}

TEST(JsonImporter, BrokenTextIsAnErrorWithItsOffset) {
  TraceStore store;
  const ImportReport report = importOtlpJson(store, R"({"resourceSpans":[{"scopeSpans":[{]}]})");

  EXPECT_EQ(report.spans, 0u);
  ASSERT_FALSE(report.errors.empty());
  EXPECT_GT(report.errors[0].offset, 0u);
}

}  // namespace
}  // namespace spandrel::view
