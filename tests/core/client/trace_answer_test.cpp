#include "client/trace_answer.h"

#include <gtest/gtest.h>

#include <cstring>

#include "record/portable.h"
#include "trace/attribute_text.h"

namespace spandrel::client {
namespace {

constexpr const char* kSpan =
    R"({"trace_id":"ZuMj2zmxR7rNoYIKVSG7zQ==","span_id":"qF89NOQ5vhM=","name":"root",)"
    R"("start_time_unix_nano":1700000000123456789,"end_time_unix_nano":1700000000129802467,)"
    R"("attributes":[{"key":"big","value":{"int_value":9007199254740993}},)"
    R"({"key":"mlflow.spanInputs","value":{"kvlist_value":{"values":[{"key":"n","value":{"int_value":0}}]}}}],)"
    R"("status":{"code":"STATUS_CODE_OK"}})";

std::string traceOf(const std::string& spans) {
  return R"({"trace_info":{"trace_id":"tr-1"},"spans":[)" + spans + "]}";
}

struct ReadTrace {
  std::string info;
  std::vector<trace::SpanData> spans;
};

std::vector<ReadTrace> read(const std::string& json, std::string_view location = {}) {
  const auto answer = tracesOfAnswer(json, location);
  EXPECT_TRUE(answer.ok()) << (answer.ok() ? "" : answer.error().message);
  std::vector<ReadTrace> traces;
  if (!answer.ok()) return traces;
  const std::vector<uint8_t>& bytes = answer.value();
  for (size_t at = 0; at < bytes.size();) {
    uint32_t lengths[2];
    std::memcpy(lengths, bytes.data() + at, 8);
    at += 8;
    ReadTrace trace;
    trace.info.assign(bytes.begin() + at, bytes.begin() + at + lengths[0]);
    at = (at + lengths[0] + 3) & ~size_t{3};
    Bytes records = Bytes(bytes).subspan(at, lengths[1]);
    at += lengths[1];
    while (!records.empty()) {
      const Bytes first = record::firstPortable(records).take();
      trace.spans.push_back(record::decodePortable(first).take());
      records = records.subspan(first.size());
    }
    traces.push_back(std::move(trace));
  }
  return traces;
}

TEST(TracesOfAnswer, ReadsOneTraceExactly) {
  const auto traces = read("{\"trace\":" + traceOf(kSpan) + "}");
  ASSERT_EQ(traces.size(), 1u);
  EXPECT_EQ(traces[0].info, R"({"trace_id":"tr-1"})");
  const trace::SpanData& span = traces[0].spans.at(0);
  EXPECT_EQ(span.startTimeNs, 1700000000123456789u);
  EXPECT_EQ(trace::attributeText(*span.find("big")), "9007199254740993");
  EXPECT_EQ(trace::attributeText(*span.find("mlflow.spanInputs")), R"({"n": 0})");
  EXPECT_EQ(trace::attributeText(*span.find("mlflow.traceRequestId")),
            "\"tr-66e323db39b147bacda1820a5521bbcd\"");
}

TEST(TracesOfAnswer, ReadsSeveralInOrder) {
  const auto traces = read("{\"traces\":[" + traceOf(kSpan) + "," + traceOf("") + "," +
                           traceOf(std::string(kSpan) + "," + kSpan) + "]}");
  ASSERT_EQ(traces.size(), 3u);
  EXPECT_EQ(traces[0].spans.size(), 1u);
  EXPECT_EQ(traces[1].spans.size(), 0u);
  EXPECT_EQ(traces[2].spans.size(), 2u);
}

TEST(TracesOfAnswer, GivesIdsOfALocation) {
  const auto traces = read("{\"trace\":" + traceOf(kSpan) + "}", "catalog.schema");
  EXPECT_EQ(trace::attributeText(*traces.at(0).spans.at(0).find("mlflow.traceRequestId")),
            "\"trace:/catalog.schema/66e323db39b147bacda1820a5521bbcd\"");
}

TEST(TracesOfAnswer, IsNothingWhereTheServerFoundNothing) {
  EXPECT_TRUE(read("{}").empty());
  EXPECT_TRUE(read("{\"traces\":[]}").empty());
}

TEST(TracesOfAnswer, RefusesWhatIsNoTrace) {
  for (const char* json : {"", "[]", "{\"trace\":1}", "{\"trace\":{}}", "{\"traces\":[{}]}",
                           "{\"trace\":{\"trace_info\":{},\"spans\":[{}]}}",
                           "{\"trace\":{\"trace_info\":{},\"spans\":[7]}}"})
    EXPECT_FALSE(tracesOfAnswer(json).ok()) << json;
}

TEST(TracesOfAnswer, RefusesEachCut) {
  const std::string whole = "{\"traces\":[" + traceOf(kSpan) + "]}";
  for (size_t length = 0; length < whole.size(); ++length)
    EXPECT_FALSE(tracesOfAnswer(std::string_view(whole).substr(0, length)).ok()) << length;
}

}  // namespace
}  // namespace spandrel::client
