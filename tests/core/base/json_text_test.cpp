#include "base/json_text.h"

#include <gtest/gtest.h>

#include "base/json_members.h"
#include "base/text.h"

namespace spandrel {
namespace {

TEST(JsonText, QuotingEscapesOnlyWhatJsonNeeds) {
  const std::string text("\"\\/\b\f\n\r\t\0\x01\x1f\x7f", 12);

  EXPECT_EQ(quoteJson(text), "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0000\\u0001\\u001f\x7f\"");
  EXPECT_EQ(quoteJson("Grüße\u2028😀"), "\"Grüße\u2028😀\"");
}

TEST(JsonText, AsciiQuotingWritesUtf16InSmallHex) {
  EXPECT_EQ(quoteJson("é\x7f\u2028😀", JsonEscapes::Ascii),
            "\"\\u00e9\\u007f\\u2028\\ud83d\\ude00\"");
  EXPECT_EQ(quoteJson("a\xff"
                      "b\xc3",
                      JsonEscapes::Ascii),
            "\"a\\ufffdb\\ufffd\"");
}

TEST(JsonText, AsciiEscapingOfAJsonTextLeavesItsAsciiAlone) {
  EXPECT_EQ(asciiJson("{\"é\": [1, \"\\u00e9\", \"😀\"]}\n"),
            "{\"\\u00e9\": [1, \"\\u00e9\", \"\\ud83d\\ude00\"]}\n");
}

TEST(JsonText, RespacingKeepsDigitsKeysAndTheirOrder) {
  const auto respaced =
      respaceJson("{\"b\":1.50,\"a\":[1e400,12345678901234567890,{}],\"b\":\"x,:y\"} ");

  ASSERT_TRUE(respaced.ok());
  EXPECT_EQ(respaced.value(),
            "{\"b\": 1.50, \"a\": [1e400, 12345678901234567890, {}], \"b\": \"x,:y\"}");
  EXPECT_EQ(respaceJson(respaced.value()).value(), respaced.value());
  EXPECT_EQ(minifyJson(respaced.value()).value(),
            "{\"b\":1.50,\"a\":[1e400,12345678901234567890,{}],\"b\":\"x,:y\"}");
}

TEST(JsonText, PythonsBareWordsAreTaken) {
  EXPECT_EQ(respaceJson("[NaN,Infinity,-Infinity]").value(), "[NaN, Infinity, -Infinity]");
  EXPECT_FALSE(checkJson("[nan]").ok());
  EXPECT_FALSE(checkJson("+Infinity").ok());
}

TEST(JsonText, WhatIsNoJsonIsRefusedWithItsPlace) {
  const struct {
    const char* text;
    ErrorCode code;
    size_t offset;
  } cases[] = {
      {"", ErrorCode::Truncated, 0},
      {"  ", ErrorCode::Truncated, 2},
      {"[1,]", ErrorCode::Malformed, 3},
      {"[1 2]", ErrorCode::Malformed, 3},
      {"{\"a\" 1}", ErrorCode::Malformed, 5},
      {"{a: 1}", ErrorCode::Malformed, 1},
      {"{\"a\": 1,}", ErrorCode::Malformed, 8},
      {"01", ErrorCode::Malformed, 1},
      {"1.", ErrorCode::Truncated, 2},
      {"1.x", ErrorCode::Malformed, 2},
      {"-", ErrorCode::Truncated, 1},
      {"1e+", ErrorCode::Truncated, 3},
      {"\"a\nb\"", ErrorCode::Malformed, 2},
      {"\"\\x\"", ErrorCode::Malformed, 1},
      {"\"\\u12g4\"", ErrorCode::Malformed, 1},
      {"[] []", ErrorCode::Malformed, 3},
      {"tru", ErrorCode::Truncated, 0},
      {"trux", ErrorCode::Malformed, 0},
      {"{\"a\":}", ErrorCode::Malformed, 5},
      {"]", ErrorCode::Malformed, 0},
      {"[}", ErrorCode::Malformed, 1},
      {"{]", ErrorCode::Malformed, 1},
  };
  for (const auto& each : cases) {
    const auto checked = checkJson(each.text);

    ASSERT_FALSE(checked.ok()) << each.text;
    EXPECT_EQ(checked.error().code, each.code) << each.text;
    EXPECT_EQ(checked.error().offset, each.offset) << each.text;
  }
}

TEST(JsonText, NestingHasALimitAndNothingRecurses) {
  const std::string deep(100000, '[');
  const std::string atLimit = std::string(64, '[') + std::string(64, ']');

  EXPECT_EQ(checkJson(deep).error().code, ErrorCode::TooDeep);
  EXPECT_TRUE(checkJson(atLimit, 64).ok());
  EXPECT_EQ(checkJson(atLimit, 63).error().code, ErrorCode::TooDeep);
}

TEST(JsonText, TruncatedTextsAreErrorsAtEveryByte) {
  const std::string text =
      "{\"a\\u00e9\\n\": [1.5e-3, true, null, \"x\", -Infinity, {\"b\": NaN}], \"c\": \"é\"}";

  for (size_t length = 0; length < text.size(); ++length) {
    EXPECT_FALSE(checkJson(text.substr(0, length)).ok()) << length;
    EXPECT_FALSE(respaceJson(text.substr(0, length)).ok()) << length;
  }
  EXPECT_TRUE(checkJson(text).ok());
}

TEST(JsonText, UnquotingDecodesEscapesAndMendsSurrogatesAndBytes) {
  EXPECT_EQ(unquoteJson("\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e9\\ud83d\\ude00\""),
            "a\"\\/\b\f\n\r\tAé😀");
  EXPECT_EQ(unquoteJson("\"\\ud83dx\\ude00\\ud83d\\ud83d\\ude00\""), "\uFFFDx\uFFFD\uFFFD😀");
  EXPECT_EQ(unquoteJson("\"a\xFF\xC3\\n\""), "a\uFFFD\uFFFD\n");
}

TEST(JsonMembers, GivesTheTextOfEachMember) {
  const std::string text = " {\"a\" : [1, {\"b\": 2}] , \"\\u00e9\": \"x\\ny\", \"n\": null}";
  JsonMembers members(text);

  ASSERT_TRUE(members.isObject());
  ASSERT_TRUE(members.next());
  EXPECT_EQ(members.key(), "a");
  EXPECT_EQ(members.value(), "[1, {\"b\": 2}]");
  EXPECT_EQ(text.substr(members.offset(), 2), "[1");
  ASSERT_TRUE(members.next());
  EXPECT_EQ(members.key(), "é");
  EXPECT_EQ(members.text(), "x\ny");
  ASSERT_TRUE(members.next());
  EXPECT_TRUE(members.isNull());
  EXPECT_FALSE(members.next());
  EXPECT_TRUE(members.ok());
}

TEST(JsonMembers, ScalarsHaveNoMembersAndBrokenTextsAreErrors) {
  JsonMembers scalar("5");
  EXPECT_FALSE(scalar.isObject() || scalar.isArray() || scalar.next());
  EXPECT_TRUE(scalar.ok());

  JsonMembers trailing("5 6");
  EXPECT_FALSE(trailing.next());
  EXPECT_FALSE(trailing.ok());

  JsonMembers late("{\"a\": 1} x");
  EXPECT_TRUE(late.next());
  EXPECT_FALSE(late.next());
  EXPECT_FALSE(late.ok());
}

// Every byte at every place of three times eight, before and after a run.
TEST(Runs, EndWhereALoopOverBytesEnds) {
  const auto loop = [](std::string_view text, size_t position, auto isIn) {
    size_t end = position;
    while (end < text.size() && isIn(static_cast<uint8_t>(text[end]))) ++end;
    return end - position;
  };
  const auto isPlain = [](uint8_t c) { return c >= 0x20 && c != '"' && c != '\\'; };
  for (int byte = 0; byte < 256; ++byte) {
    SCOPED_TRACE(byte);
    for (size_t place = 0; place < 24; ++place) {
      std::string text(24, 'x');
      text[place] = static_cast<char>(byte);
      text += static_cast<char>(0xFF);
      for (size_t from : {size_t{0}, size_t{1}, place, text.size()}) {
        EXPECT_EQ(asciiRun(text, from), loop(text, from, [](uint8_t c) { return c < 0x80; }));
        EXPECT_EQ(printableRun(text, from), loop(text, from, [](uint8_t c) { return c < 0x7F; }));
        EXPECT_EQ(plainJsonRun(text, from), loop(text, from, isPlain));
      }
    }
  }
}

}  // namespace
}  // namespace spandrel
