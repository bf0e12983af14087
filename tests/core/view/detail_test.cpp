#include <gtest/gtest.h>

#include "base/json_text.h"
#include "view/any_value_text.h"
#include "view/request_builder.h"
#include "view/span_detail.h"

namespace spandrel::view {
namespace {

namespace fields = otlp::fields;

TEST(SpanDetail, HasAttributesEventsStatusAndResourceInOrder) {
  TraceStore store;
  TestSpan span;
  span.attributes = {{"b", "2"}, {"a", "1"}};
  span.numbers = {{"n", 9007199254740993}};
  span.events = {"started", "stopped"};
  span.status = 2;
  receive(store, {span});

  const std::string detail = spanDetailJson(store, 0, 100);

  EXPECT_TRUE(checkJson(detail).ok()) << detail;
  EXPECT_NE(detail.find(R"("attributes":[{"key":"b","type":"string","number":0,"value":"2"},)"
                        R"({"key":"a","type":"string","number":1,"value":"1"},)"
                        R"({"key":"n","type":"int","number":2,"value":"9007199254740993"}])"),
            std::string::npos)
      << detail;
  EXPECT_LT(detail.find("\"started\""), detail.find("\"stopped\""));
  EXPECT_NE(detail.find(R"("status":{"code":"ERROR","message":"went wrong"})"), std::string::npos);
  EXPECT_NE(detail.find(R"("resource":{"attributes":[{"key":"service.name")"), std::string::npos);
  EXPECT_NE(detail.find(R"("scope":{"name":"tests")"), std::string::npos);
}

TEST(SpanDetail, ALongValueIsCutAndGivenWholeWhenAskedFor) {
  TraceStore store;
  TestSpan span;
  const std::string text = std::string(99, 'x') + "é" + std::string(500, 'y');
  span.attributes = {{"short", "s"}, {"long", text}};
  receive(store, {span});

  const std::string detail = spanDetailJson(store, 0, 100);

  EXPECT_NE(detail.find("\"bytes\":601,\"value\":\"" + std::string(99, 'x') + "\""),
            std::string::npos)
      << detail;
  EXPECT_EQ(spanValue(store, 0, 1).value(), text);
  EXPECT_EQ(spanValue(store, 0, 99).error().code, ErrorCode::ResourceDoesNotExist);
}

TEST(SpanDetail, HostileNamesAreTextOfWellFormedJson) {
  TraceStore store;
  TestSpan span;
  span.name = std::string("<script>\"\\\n\0\x1b", 14);
  span.attributes = {{"__proto__", "</title>"}, {"", "\x01"}};
  receive(store, {span});

  EXPECT_TRUE(checkJson(spanDetailJson(store, 0, 100)).ok());
}

std::string encoded(void (*write)(otlp::WireWriter&)) {
  otlp::WireWriter out;
  write(out);
  return {reinterpret_cast<const char*>(out.bytes().data()), out.size()};
}

TEST(AnyValueText, WritesEachKind) {
  EXPECT_EQ(anyValueText(encoded([](otlp::WireWriter& w) {
              w.stringField(fields::any_value::kStringValue, "x");
            })).text,
            "x");
  EXPECT_EQ(anyValueText(encoded([](otlp::WireWriter& w) {
              w.varintField(fields::any_value::kBoolValue, 1);
            })).text,
            "true");
  EXPECT_EQ(anyValueText(encoded([](otlp::WireWriter& w) {
              w.varintField(fields::any_value::kIntValue, static_cast<uint64_t>(INT64_MIN));
            })).text,
            "-9223372036854775808");
  EXPECT_EQ(anyValueText(encoded([](otlp::WireWriter& w) {
              w.doubleField(fields::any_value::kDoubleValue, 0.1);
            })).text,
            "0.1");
  EXPECT_EQ(anyValueText(encoded([](otlp::WireWriter& w) {
              w.stringField(fields::any_value::kBytesValue, "\xff\x01");
            })).text,
            "/wE=");
  EXPECT_STREQ(anyValueText("").type, "empty");
}

TEST(AnyValueText, DeepNestingIsBounded) {
  std::string value;
  for (int level = 0; level < 500; ++level) {
    otlp::WireWriter out;
    const auto list = out.open(fields::any_value::kArrayValue);
    out.stringField(fields::array_value::kValues, value);
    out.close(list);
    value.assign(reinterpret_cast<const char*>(out.bytes().data()), out.size());
  }

  const ValueText text = anyValueText(value);

  EXPECT_STREQ(text.type, "array");
  EXPECT_TRUE(checkJson(text.text).ok());
  EXPECT_NE(text.text.find("nested too deeply"), std::string::npos);
}

TEST(AnyValueText, ATruncatedValueSaysSo) {
  otlp::WireWriter out;
  const auto list = out.open(fields::any_value::kKvlistValue);
  building::attribute(out, fields::key_value_list::kValues, "key", "value");
  out.close(list);
  const std::string whole(reinterpret_cast<const char*>(out.bytes().data()), out.size());
  for (size_t length = 1; length < whole.size(); ++length) {
    const std::string cut = whole.substr(0, length);
    const ValueText text = anyValueText(cut);
    EXPECT_NE(text.text.find("unreadable"), std::string::npos) << length;
  }
  EXPECT_EQ(anyValueText(whole).text, R"({"key":"value"})");
}

}  // namespace
}  // namespace spandrel::view
