#include "client/span_request.h"

#include <gtest/gtest.h>

#include "otlp/span_reader.h"
#include "record/portable.h"
#include "trace/constants.h"

namespace spandrel::client {
namespace {

using trace::AnyValue;

trace::SpanData spanWith(AnyValue value) {
  trace::SpanData span;
  span.traceId.bytes[0] = 1;
  span.spanId.bytes[0] = 2;
  span.name = "work";
  span.attributes.push_back({"value", std::move(value)});
  return span;
}

otlp::TracesData sent(const std::vector<trace::SpanData>& spans, Strings strings) {
  std::vector<uint8_t> records;
  for (const trace::SpanData& span : spans) {
    const auto record = record::encodePortable(span);
    records.insert(records.end(), record.begin(), record.end());
  }
  trace::Resource resource;
  resource.attributes.push_back({"service.name", AnyValue::string("shop")});
  const auto request = spanRequest(records, resource, strings);
  EXPECT_TRUE(request.ok());
  otlp::CollectingSink sink;
  EXPECT_FALSE(otlp::readTraces(request.value(), sink).failed);
  return sink.take();
}

AnyValue sentValue(AnyValue value, Strings strings = Strings::Unquoted) {
  const auto data = sent({spanWith(std::move(value))}, strings);
  return data.at(0).scopes.at(0).spans.at(0).attributes.at(0).value;
}

TEST(SpanRequest, PutsAllSpansUnderTheResource) {
  const auto data =
      sent({spanWith(AnyValue::of(true)), spanWith(AnyValue::of(false))}, Strings::Kept);
  ASSERT_EQ(data.size(), 1u);
  EXPECT_EQ(data[0].resource.attributes.at(0).value.text, "shop");
  EXPECT_EQ(data[0].scopes.at(0).spans.size(), 2u);
}

TEST(SpanRequest, LeavesOutTheNameOfAServiceThatNobodyGave) {
  trace::Resource resource;
  resource.attributes.push_back({"service.name", AnyValue::string("unknown_service:node")});
  resource.attributes.push_back({"telemetry.sdk.name", AnyValue::string("spandrel")});
  const auto record = record::encodePortable(spanWith(AnyValue::of(true)));
  const auto request = spanRequest(record, resource, Strings::Kept);
  ASSERT_TRUE(request.ok());
  otlp::CollectingSink sink;
  EXPECT_FALSE(otlp::readTraces(request.value(), sink).failed);
  const auto data = sink.take();
  ASSERT_EQ(data.at(0).resource.attributes.size(), 1u);
  EXPECT_EQ(data[0].resource.attributes[0].key, "telemetry.sdk.name");
}

TEST(SpanRequest, IsEmptyForNoRecords) {
  const auto request = spanRequest({}, {}, Strings::Kept);
  ASSERT_TRUE(request.ok());
  EXPECT_TRUE(request.value().empty());
}

TEST(SpanRequest, SendsTheValuesThatJsonTextsStandFor) {
  EXPECT_EQ(sentValue(AnyValue::json("7")).integer, 7);
  EXPECT_EQ(sentValue(AnyValue::json("\"seven\"")).text, "seven");
  EXPECT_EQ(sentValue(AnyValue::json("{\"a\":[1]}")).members.at(0).second.items.at(0).integer, 1);
}

TEST(SpanRequest, SendsAnIntegerBeyond64BitsAsAString) {
  const AnyValue sent = sentValue(AnyValue::json("{\"n\":18446744073709551616}"));
  EXPECT_EQ(sent.members.at(0).second.text, "18446744073709551616");
}

TEST(SpanRequest, SendsAStructureAsTextWhereReadersRefuseItsDepth) {
  const std::string deep = std::string(31, '[') + std::string(31, ']');
  EXPECT_EQ(sentValue(AnyValue::json(deep)).text, deep);
  const std::string fits = std::string(30, '[') + std::string(30, ']');
  EXPECT_EQ(sentValue(AnyValue::json(fits)).kind, AnyValue::Kind::Array);
}

TEST(SpanRequest, QuotesAStringThatTheServerWouldTakeForItsContent) {
  EXPECT_EQ(sentValue(AnyValue::string("{\"a\": 1}")).text, "\"{\\\"a\\\": 1}\"");
  EXPECT_EQ(sentValue(AnyValue::json("\"[1]\"")).text, "\"[1]\"");
  EXPECT_EQ(sentValue(AnyValue::string("\"quoted\"")).text, "\"\\\"quoted\\\"\"");
}

TEST(SpanRequest, LeavesOtherStringsAlone) {
  for (const char* text : {"plain", "7", "true", "{not json", "", "[1", "\"open"})
    EXPECT_EQ(sentValue(AnyValue::string(text)).text, text);
  EXPECT_EQ(sentValue(AnyValue::string("[1]"), Strings::Kept).text, "[1]");
}

TEST(SpanRequest, MarksASpanThatIsStillOpen) {
  trace::SpanData open = spanWith(AnyValue::of(true));
  open.isOpen = true;
  const auto data = sent({open}, Strings::Kept);
  const auto& attributes = data.at(0).scopes.at(0).spans.at(0).attributes;
  EXPECT_EQ(attributes.back().key, record::kUnfinishedAttribute);
  EXPECT_TRUE(attributes.back().value.boolean);
}

TEST(SpanRequest, RefusesEachCut) {
  const auto record = record::encodePortable(spanWith(AnyValue::json("{\"a\":1}")));
  for (size_t length = 1; length < record.size(); ++length)
    EXPECT_FALSE(spanRequest(Bytes(record.data(), length), {}, Strings::Kept).ok()) << length;
}

}  // namespace
}  // namespace spandrel::client
