#include "trace/json_value.h"

#include <gtest/gtest.h>

#include "trace/attribute_text.h"

namespace spandrel::trace {
namespace {

using Kind = AnyValue::Kind;

TEST(JsonValue, NumbersStayExact) {
  EXPECT_EQ(parseJsonValue("9007199254740993").value(), AnyValue::of(int64_t{9007199254740993}));
  EXPECT_EQ(parseJsonValue("-9223372036854775808").value(), AnyValue::of(INT64_MIN));
  EXPECT_EQ(parseJsonValue("9223372036854775808").value(), AnyValue::json("9223372036854775808"));
  EXPECT_EQ(parseJsonValue("-0.0").value(), AnyValue::of(-0.0));
  EXPECT_EQ(parseJsonValue("1e2").value(), AnyValue::of(100.0));
  EXPECT_EQ(dumpJson(parseJsonValue("[1e2, 1E-5, 1e16, -0.0, NaN, -Infinity]").value()),
            "[100.0, 1e-05, 1e+16, -0.0, NaN, -Infinity]");
  EXPECT_EQ(dumpJson(parseJsonValue("[12345678901234567890123]").value()),
            "[12345678901234567890123]");
}

TEST(JsonValue, OfEqualKeysTheLastValueCountsInTheFirstPlace) {
  EXPECT_EQ(dumpJson(parseJsonValue("{\"a\": 1, \"b\": 2, \"a\": {\"c\": 3, \"c\": 4}}").value()),
            "{\"a\": {\"c\": 4}, \"b\": 2}");
}

TEST(JsonValue, DepthAndCountAreBounded) {
  const std::string deep = std::string(65, '[') + std::string(65, ']');
  EXPECT_EQ(parseJsonValue(deep).error().code, ErrorCode::TooDeep);
  EXPECT_TRUE(parseJsonValue(deep.substr(1, 128)).ok());

  std::string wide = "[";
  for (size_t i = 0; i <= kMaxJsonValues; ++i) wide.append("0,");
  wide.append("0]");
  EXPECT_EQ(parseJsonValue(wide).error().code, ErrorCode::TooLarge);
}

TEST(JsonValue, TruncatedTextsAreErrorsAtEveryByte) {
  const std::string text =
      "{\"a\": [1.5, true, \"\\ud83d\\ude00\", null], \"b\": {\"c\": -Infinity}}";
  for (size_t length = 0; length < text.size(); ++length) {
    EXPECT_FALSE(parseJsonValue(text.substr(0, length)).ok()) << length;
  }
  EXPECT_TRUE(parseJsonValue(text).ok());
}

TEST(JsonValue, IllFormedTextIsMended) {
  EXPECT_EQ(parseJsonValue("\"a\xff\"").value(), AnyValue::string("a\uFFFD"));
  EXPECT_EQ(parseJsonValue("{\"\xc3\": 1}").value().members[0].first, "\uFFFD");
}

TEST(AttributeText, StoredTextsFollowTheKindOfTheValue) {
  AnyValue nativeText = AnyValue::string("value1");
  nativeText.isNative = true;
  AnyValue nativeNumber = AnyValue::of(int64_t{5});
  nativeNumber.isNative = true;

  EXPECT_EQ(attributeText(AnyValue::string("value1")), "\"value1\"");
  EXPECT_EQ(attributeText(AnyValue::json("{\"a\":[1,2]}")), "{\"a\": [1, 2]}");
  EXPECT_EQ(attributeText(storedAttribute("{\"a\":[1,2]}")), "{\"a\":[1,2]}");
  EXPECT_EQ(attributeText(AnyValue::json("no json")), "\"no json\"");
  EXPECT_EQ(attributeText(AnyValue::bytes(std::string("\0\xff", 2))), "\"AP8=\"");
  EXPECT_EQ(attributeText(nativeText), "value1");
  EXPECT_EQ(attributeText(nativeNumber), "5");
}

TEST(AttributeText, TextOfAnotherSdkIsParsedOnlyWhereItIsAStructureOrAQuotedString) {
  const auto valueOf = [](const char* text) {
    AnyValue native = AnyValue::string(text);
    native.isNative = true;
    return attributeValue(native);
  };

  EXPECT_EQ(valueOf("{\"a\": 1}").kind, Kind::Map);
  EXPECT_EQ(valueOf(" [1]").kind, Kind::Array);
  EXPECT_EQ(valueOf("\"x\""), AnyValue::string("x"));
  for (const char* text : {"123", "true", "null", "NaN", "{half", "", "  "}) {
    EXPECT_EQ(valueOf(text), AnyValue::string(text));
  }
}

}  // namespace
}  // namespace spandrel::trace
