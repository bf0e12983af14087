// Dictionaries read back, and broken ones refused.
#include <gtest/gtest.h>

#include <random>

#include "mlflow/from_otlp.h"
#include "mlflow/record_codecs.h"
#include "mlflow/span_dict.h"
#include "mlflow/trace_dict.h"
#include "record/portable.h"
#include "trace/attribute_text.h"
#include "trace/constants.h"

namespace spandrel::mlflow {
namespace {

using trace::AnyValue;
using trace::SpanData;

SpanData sampleSpan() {
  SpanData span;
  span.traceId = trace::parseTraceIdHex("0af7651916cd43dd8448eb211c80319c").take();
  span.spanId = trace::parseSpanIdHex("b7ad6b7169203331").take();
  span.parentSpanId = trace::parseSpanIdHex("00f067aa0ba902b7").take();
  span.name = "Grüße \"😀\"";
  span.startTimeNs = 1700000000123456789;
  span.endTimeNs = 1700000000128456789;
  span.status = {trace::StatusCode::Error, "why\n"};
  span.attributes = {
      {"mlflow.traceRequestId", trace::storedAttribute("\"tr-0af7651916cd43dd8448eb211c80319c\"")},
      {"mlflow.spanInputs", trace::storedAttribute("{\"a\":[1,2.50,null],\"é\":\"x\"}")},
      {"plain", trace::storedAttribute("no json")}};
  span.events = {
      {"e", 1700000000123456790, {{"n", AnyValue::of(int64_t{1})}, {"d", AnyValue::of(1.5)}}, 0}};
  trace::Link link;
  link.traceId = span.traceId;
  link.spanId = span.spanId;
  link.attributes = {{"k", AnyValue::string("v")}};
  span.links = {link};
  return span;
}

trace::Trace sampleTrace() {
  trace::Trace trace;
  trace.info.traceId = "tr-0af7651916cd43dd8448eb211c80319c";
  trace.info.location = trace::TraceLocation::experiment("7");
  trace.info.requestTimeMillis = 1700000000123;
  trace.info.state = trace::TraceState::Ok;
  trace.info.executionDurationMillis = 5;
  trace.info.clientRequestId = "c";
  trace.info.requestPreview = "p";
  trace.info.traceMetadata = {{"m", "ü"}};
  trace.info.tags = {{"t", "1"}};
  trace.info.assessments = {"{\"assessment_id\": \"a-1\", \"feedback\": {\"value\": true}}"};
  trace.spans = {sampleSpan()};
  return trace;
}

TEST(SpanDict, TenThousandRandomIdsComeBack) {
  std::mt19937_64 random(20231114);
  const auto fill = [&](auto& bytes) {
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
  };
  SpanData span = sampleSpan();
  span.events.clear();
  span.links.clear();
  for (int i = 0; i < 10000; ++i) {
    fill(span.traceId.bytes);
    fill(span.spanId.bytes);
    fill(span.parentSpanId.bytes);
    if (i % 7 == 0) span.traceId.bytes[0] = span.spanId.bytes[0] = 0;
    if (i % 11 == 0) span.parentSpanId = {};

    const auto read = fromDictText(toDictText(span));

    ASSERT_TRUE(read.ok());
    ASSERT_EQ(read.value().traceId, span.traceId);
    ASSERT_EQ(read.value().spanId, span.spanId);
    ASSERT_EQ(read.value().parentSpanId, span.parentSpanId);
  }
}

TEST(SpanDict, ASpanComesBackWholeInBothEscapings) {
  const SpanData span = sampleSpan();

  for (JsonEscapes escapes : {JsonEscapes::Ascii, JsonEscapes::Needed}) {
    const auto read = fromDictText(toDictText(span, escapes));
    ASSERT_TRUE(read.ok()) << read.error().message;
    EXPECT_EQ(read.value(), span);
  }
}

TEST(SpanDict, TextsReadFromADictionaryStayAsTheyAre) {
  const auto read = fromDictText(toDictText(sampleSpan()));

  ASSERT_TRUE(read.ok());
  EXPECT_NE(toDictText(read.value()).find("{\\\"a\\\":[1,2.50,null]"), std::string::npos);
}

TEST(SpanDict, TruncatedDictionariesAreRefusedAtEveryByte) {
  const std::string text = toDictText(sampleSpan());
  for (size_t length = 0; length < text.size(); ++length) {
    const auto read = fromDictText(std::string(text.data(), length));
    ASSERT_FALSE(read.ok()) << length;
    EXPECT_EQ(read.error().code, ErrorCode::InvalidParameterValue);
    EXPECT_LE(read.error().offset, length);
  }
}

TEST(SpanDict, ChangedBytesNeverCrashTheReader) {
  const std::string text = toDictText(sampleSpan());
  std::mt19937 random(7);
  for (int i = 0; i < 5000; ++i) {
    std::string broken = text;
    for (int k = 0; k < 3; ++k) broken[random() % broken.size()] = static_cast<char>(random());
    const auto read = fromDictText(broken);
    if (!read.ok()) continue;
    EXPECT_TRUE(fromDictText(toDictText(read.value())).ok());
  }
}

TEST(SpanDict, ErrorsTellThePlace) {
  std::string text = toDictText(sampleSpan());
  const size_t place = text.find("1700000000123456790");
  text.replace(place, 19, "\"soon and not before\"");

  const auto read = fromDictText(text);

  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().offset, place);
  EXPECT_NE(read.error().message.find("time_unix_nano"), std::string::npos);
}

TEST(SpanDict, DeepAttributesAreKeptAsText) {
  const std::string deep = std::string(300, '[') + std::string(300, ']');
  SpanData span = sampleSpan();
  span.attributes.push_back({"deep", trace::storedAttribute(deep)});

  const auto read = fromDictText(toDictText(span));

  ASSERT_TRUE(read.ok());
  EXPECT_EQ(trace::attributeValue(read.value(), "deep"), AnyValue::string(deep));
  EXPECT_EQ(fromDictText(std::string(100000, '[')).error().code, ErrorCode::InvalidParameterValue);
}

TEST(TraceDict, ATraceComesBackWhole) {
  const trace::Trace trace = sampleTrace();

  const auto read = fromTraceJson(toTraceJson(trace));

  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(read.value(), trace);
}

TEST(TraceDict, EveryLocationComesBack) {
  using Type = trace::TraceLocation::Type;
  trace::TraceInfo info = sampleTrace().info;
  for (Type type : {Type::Unspecified, Type::InferenceTable, Type::UcSchema, Type::UcTablePrefix}) {
    info.location = {};
    info.location.type = type;
    if (type == Type::InferenceTable) info.location.fullTableName = "a.b.c";
    if (type == Type::UcSchema || type == Type::UcTablePrefix) {
      info.location.catalogName = "c";
      info.location.schemaName = "s";
    }
    if (type == Type::UcSchema) info.location.spansTableName = info.location.logsTableName = "t";
    if (type == Type::UcTablePrefix) info.location.tablePrefix = "p";

    const auto read = fromTraceInfoDictText(toTraceInfoDictText(info));

    ASSERT_TRUE(read.ok()) << read.error().message;
    EXPECT_EQ(read.value(), info);
  }
}

TEST(TraceDict, TruncatedTracesAreRefusedAtEveryByte) {
  const std::string text = toTraceJson(sampleTrace());
  for (size_t length = 0; length < text.size(); ++length) {
    const auto read = fromTraceJson(std::string(text.data(), length));
    ASSERT_FALSE(read.ok()) << length;
    EXPECT_EQ(read.error().code, ErrorCode::InvalidParameterValue);
  }
}

TEST(FromOtlp, TheServersRuleUndoesDoubleEncoding) {
  SpanData sent = sampleSpan();
  sent.attributes = {{"mlflow.spanInputs", AnyValue::string("{\"x\": 1}")},
                     {"text", AnyValue::string("123")},
                     {"quoted", AnyValue::string("\"x\"")},
                     {"number", AnyValue::of(int64_t{5})}};

  SpanData span = spanFromOtlp(sent).take();
  EXPECT_EQ(trace::attributeValue(span, "mlflow.spanInputs"), AnyValue::string("{\"x\": 1}"));
  undoDoubleEncoding(span);

  EXPECT_EQ(trace::attributeText(*span.find("mlflow.spanInputs")), "{\"x\": 1}");
  EXPECT_EQ(trace::attributeText(*span.find("text")), "\"123\"");
  EXPECT_EQ(trace::attributeText(*span.find("quoted")), "\"x\"");
  EXPECT_EQ(trace::attributeText(*span.find("number")), "5");
}

TEST(FromOtlp, IdsMustNotBeZeroAndTheTraceIdIsReplacedOrAppended) {
  SpanData span = sampleSpan();
  span.attributes = {{"a", AnyValue::of(true)}};
  EXPECT_EQ(spanFromOtlp(span, "c.s").value().attributes[1].key, trace::attribute_key::kTraceId);
  EXPECT_EQ(trace::mlflowTraceIdOf(spanFromOtlp(span, "c.s").value()),
            "trace:/c.s/0af7651916cd43dd8448eb211c80319c");

  span.spanId = {};
  EXPECT_EQ(spanFromOtlp(span).error().code, ErrorCode::InvalidParameterValue);
}

TEST(SpanOfOtherSdk, AttributesStayAsTheyWereSet) {
  SpanData sent = sampleSpan();
  sent.attributes = {{"mlflow.traceRequestId", AnyValue::string("\"tr-1\"")},
                     {"text", AnyValue::string("value1")},
                     {"number", AnyValue::of(int64_t{5})}};
  const std::string text = toDictText(spanOfOtherSdk(sent));
  EXPECT_NE(text.find(R"("mlflow.traceRequestId": "\"tr-1\"")"), std::string::npos) << text;
  EXPECT_NE(text.find(R"("text": "value1", "number": 5)"), std::string::npos) << text;
}

TEST(RecordCodecs, DictionariesAndRecordsTurnIntoEachOther) {
  const std::string text = toDictText(sampleSpan());

  const auto record = recordOfSpanDict(text);

  ASSERT_TRUE(record.ok());
  EXPECT_EQ(spanDictOfRecord(record.value()).value(), text);
  EXPECT_FALSE(recordOfSpanDict("{}").ok());
  EXPECT_FALSE(spanDictOfRecord(Bytes(record.value()).first(40)).ok());
}

TEST(RecordCodecs, ATraceTravelsAsInfoAndRecords) {
  trace::Trace trace = sampleTrace();
  trace.spans.push_back(sampleSpan());
  const std::string text = toTraceJson(trace);

  const auto parts = recordsOfTraceJson(text);
  ASSERT_TRUE(parts.ok());
  const Bytes bytes(parts.value());
  const size_t infoLength = bytes[0] | static_cast<size_t>(bytes[1]) << 8;
  const std::string info(reinterpret_cast<const char*>(bytes.data()) + 4, infoLength);
  const Bytes records = bytes.subspan((4 + infoLength + 3) & ~size_t{3});

  EXPECT_EQ(traceJsonOfRecords(info, records, false).value(), text);
  EXPECT_NE(traceJsonOfRecords(info, records, true).value().find("mlflow.trace.sizeStats"),
            std::string::npos);
  for (size_t cut = 1; cut < records.size(); ++cut) {
    const std::vector<uint8_t> broken(records.begin(),
                                      records.end() - static_cast<std::ptrdiff_t>(cut));
    const auto result = traceJsonOfRecords(info, broken, false);
    EXPECT_EQ(result.ok(), cut == records.size() / 2) << cut;
  }
}

}  // namespace
}  // namespace spandrel::mlflow
