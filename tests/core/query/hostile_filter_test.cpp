// Filters nobody means well with: whatever comes, the answer is a filter or one refusal.
#include <gtest/gtest.h>

#include <random>

#include "query/evaluate.h"
#include "query/filter_parser.h"
#include "query/trace_list.h"

namespace spandrel::query {
namespace {

std::string repeated(std::string_view part, size_t times) {
  std::string out;
  for (size_t i = 0; i < times; ++i) out += part;
  return out;
}

// A copy of the exact size, so that reading past it is seen by the sanitizer.
Result<Filter> parseExactly(std::string_view text) {
  const std::vector<char> copy(text.begin(), text.end());
  return parseFilter({copy.data(), copy.size()});
}

void expectRefused(const std::string& text) {
  const auto filter = parseExactly(text);
  ASSERT_FALSE(filter.ok()) << text.substr(0, 80);
  EXPECT_EQ(filter.error().code, ErrorCode::InvalidParameterValue);
  EXPECT_LE(filter.error().offset, text.size());
  EXPECT_LT(filter.error().message.size(), 500u);
}

TEST(HostileFilter, NestedParenthesesAreRefusedAtOnce) {
  expectRefused(repeated("(", 60000));
  expectRefused("status IN " + repeated("(", 60000));
  expectRefused("status IN ('a'" + repeated(")", 60000));
}

TEST(HostileFilter, LongTextsAreBounded) {
  expectRefused("name = '" + repeated("x", kMaxFilterBytes) + "'");
  EXPECT_TRUE(parseExactly("name = '" + repeated("x", kMaxFilterBytes - 9) + "'").ok());
  expectRefused("status IN (" + repeated("'',", kMaxListItems + 1) + ")");
  expectRefused("status = ''" + repeated(" AND status = ''", kMaxClauses));
  expectRefused("timestamp_ms > " + repeated("0", 60000) + "x");
  EXPECT_TRUE(parseExactly("timestamp_ms > " + repeated("0", 60000)).ok());
  expectRefused(repeated("a.", 30000));
  expectRefused(repeated("=", 60000));
}

TEST(HostileFilter, OpenQuotesAreRefused) {
  for (const char* text :
       {"'", "\"", "`", "name = '", "name = \"", "name = `", "tag.`", "tag.\"x = 'y'", "name = '\\",
        "name = '\\'", "name = ''''", "status IN ('", "status IN ('a'", "status IN ('a',"}) {
    if (std::string_view(text) == "name = ''''" || std::string_view(text) == "name = '\\'") {
      EXPECT_TRUE(parseExactly(text).ok()) << text;  // the second quote ends it, as at the server
    } else {
      expectRefused(text);
    }
  }
}

TEST(HostileFilter, NulAndBrokenUtf8AreRefusedWithTheirPlace) {
  const std::string nul("name = 'a\0b'", 12);
  EXPECT_EQ(parseExactly(nul).error().offset, 9u);
  expectRefused(nul);
  for (const char* bytes : {"\xff", "\xc3", "\xed\xa0\x80", "\xf8\x88\x80\x80\x80", "\xc0\xaf"}) {
    const std::string text = "name = '" + std::string(bytes) + "'";
    expectRefused(text);
    EXPECT_EQ(parseExactly(text).error().offset, 8u);
  }
}

TEST(HostileFilter, FiltersMutatedAtRandomGiveAFilterOrARefusal) {
  const std::vector<std::string> seeds = {
      "status = 'OK' AND tag.`release.version` LIKE '1.%' AND span.type IN ('LLM', \"TOOL\")",
      "metadata.mlflow.trace.user != 'ü😀' and feedback.score >= -1.5e3 AND name IS NOT NULL",
      "prompt = \"p/1\" AND trace.text ILIKE '%it''s%' AND timestamp_ms < 1700000000123",
      "timestamp_ms DESC"};
  const std::string pieces[] = {
      "'",  "\"", "`",     "(",     ")",        ",",        ".",
      "%",  "\\", " AND ", " IN (", " IS NULL", "\xf0\x9f", std::string(1, '\0'),
      "--", ";",  "==",    "9",     "e",        "-"};
  trace::Trace trace;
  trace.info.tags["mlflow.traceName"] = "it's 50% done";
  trace.spans.emplace_back();
  trace.spans[0].attributes.push_back({"k", trace::AnyValue::string("v")});
  const TraceList source({&trace, 1});
  const RegexMatcher never = [](std::string_view, std::string_view) { return false; };

  std::mt19937 random(20260101);
  size_t parsed = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string text = seeds[random() % seeds.size()];
    for (uint32_t edits = random() % 4 + 1; edits > 0 && !text.empty(); --edits) {
      const size_t at = random() % text.size();
      switch (random() % 4) {
        case 0:
          text.erase(at, random() % 8 + 1);
          break;
        case 1:
          text.insert(at, pieces[random() % std::size(pieces)]);
          break;
        case 2:
          text[at] = static_cast<char>(random() % 256);
          break;
        default:
          text += text.substr(at);
      }
    }
    const auto filter = parseExactly(text);
    if (filter.ok()) {
      ++parsed;
      EXPECT_TRUE(matches(source, 0, filter.value(), never).ok());
    } else {
      ASSERT_EQ(filter.error().code, ErrorCode::InvalidParameterValue);
      ASSERT_LE(filter.error().offset, text.size());
    }
    const auto order = parseOrderBy(text);
    EXPECT_TRUE(order.ok() || order.error().code == ErrorCode::InvalidParameterValue);
  }
  EXPECT_GT(parsed, 500u);  // else the mutations are too wild to test anything
}

}  // namespace
}  // namespace spandrel::query
