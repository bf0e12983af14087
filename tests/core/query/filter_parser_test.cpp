#include "query/filter_parser.h"

#include <gtest/gtest.h>

namespace spandrel::query {
namespace {

Clause onlyClause(std::string_view text) {
  auto filter = parseFilter(text);
  EXPECT_TRUE(filter.ok()) << text << ": " << (filter.ok() ? "" : filter.error().message);
  if (!filter.ok() || filter.value().clauses.size() != 1) return {};
  return filter.value().clauses[0];
}

Error refusalOf(std::string_view text) {
  const auto filter = parseFilter(text);
  EXPECT_FALSE(filter.ok()) << text;
  return filter.ok() ? Error{} : filter.error();
}

TEST(FilterParser, ReadsClausesWithTheirPlaces) {
  const auto filter = parseFilter("status = 'OK' and tag.env != \"prod\" AND timestamp_ms >= 5");
  ASSERT_TRUE(filter.ok());
  const std::vector<Clause>& clauses = filter.value().clauses;
  ASSERT_EQ(clauses.size(), 3u);
  EXPECT_EQ(clauses[0].field, Field::Status);
  EXPECT_EQ(clauses[0].op, Operator::Equal);
  EXPECT_EQ(clauses[0].value.text, "OK");
  EXPECT_EQ(clauses[1].field, Field::Tag);
  EXPECT_EQ(clauses[1].key, "env");
  EXPECT_EQ(clauses[1].op, Operator::NotEqual);
  EXPECT_EQ(clauses[1].value.text, "prod");
  EXPECT_EQ(clauses[1].offset, 18u);
  EXPECT_EQ(clauses[2].field, Field::TimestampMs);
  EXPECT_EQ(clauses[2].value.kind, Value::Kind::Number);
  EXPECT_EQ(clauses[2].value.number, 5);
}

TEST(FilterParser, KeysMayHaveDotsBareInBackticksAndInQuotes) {
  for (const char* text : {"tag.a.b = 'x'", "tag.`a.b` = 'x'", "tag.\"a.b\" = 'x'"}) {
    EXPECT_EQ(onlyClause(text).key, "a.b") << text;
  }
  EXPECT_EQ(onlyClause("tag.`a b'c` = 'x'").key, "a b'c");
  EXPECT_EQ(onlyClause("span.attributes.`dotted.key` LIKE '%'").key, "dotted.key");
  EXPECT_EQ(onlyClause("tag.naïve = 'x'").key, "naïve");
  EXPECT_EQ(onlyClause("`status` = 'OK'").field, Field::Status);
}

TEST(FilterParser, NamesThatAreTagsOrMetadataAreReadAsThese) {
  EXPECT_EQ(onlyClause("name = 'chat'").key, "mlflow.traceName");
  EXPECT_EQ(onlyClause("trace.name = 'chat'").field, Field::Tag);
  EXPECT_EQ(onlyClause("run_id = 'r'").key, "mlflow.sourceRun");
  EXPECT_EQ(onlyClause("run_id IS NULL").field, Field::Metadata);
  EXPECT_EQ(onlyClause("trace.text LIKE '%x%'").field, Field::SpanContent);
}

TEST(FilterParser, WordsOfTheLanguageHaveNoCase) {
  EXPECT_EQ(onlyClause("name like 'a'").op, Operator::Like);
  EXPECT_EQ(onlyClause("name iLike 'a'").op, Operator::ILike);
  EXPECT_EQ(onlyClause("name is  not\nnull").op, Operator::IsNotNull);
  EXPECT_EQ(onlyClause("span.name not in ('a','b',)").value.list.size(), 2u);
}

TEST(FilterParser, TextsAreTakenAsTheyStand) {
  EXPECT_EQ(onlyClause("name = 'it''s'").value.text, "it''s");
  EXPECT_EQ(onlyClause("name = 'a\\'b'").value.text, "a\\'b");
  EXPECT_EQ(onlyClause("name = 'back\\'").value.text, "back\\");
  EXPECT_EQ(onlyClause("name = ''").value.text, "");
  EXPECT_EQ(onlyClause("name = 'AND OR ( -- ;'").value.text, "AND OR ( -- ;");
}

TEST(FilterParser, NumbersInEverySpelling) {
  for (const char* text : {"5", "5.0", "5.", "05", "0.5e1", "50E-1", "'5'", "\"5\""}) {
    const Clause clause = onlyClause(std::string("timestamp_ms > ") + text);
    EXPECT_EQ(clause.value.kind, Value::Kind::Number) << text;
    EXPECT_EQ(clause.value.number, 5) << text;
  }
  EXPECT_EQ(onlyClause("feedback.x < -.5").value.number, -0.5);
  EXPECT_EQ(onlyClause("timestamp_ms > 'abc'").value.kind, Value::Kind::Text);
  EXPECT_EQ(onlyClause("timestamp_ms > 'NaN'").value.kind, Value::Kind::Text);
}

TEST(FilterParser, SuperfluousAndsAreFine) {
  EXPECT_EQ(onlyClause("AND status = 'OK' AND AND").field, Field::Status);
}

TEST(FilterParser, NothingFindsEverythingButWhiteSpaceIsRefused) {
  ASSERT_TRUE(parseFilter("").ok());
  EXPECT_TRUE(parseFilter("").value().clauses.empty());
  EXPECT_EQ(refusalOf(" \t ").code, ErrorCode::InvalidParameterValue);
  EXPECT_EQ(refusalOf("AND").code, ErrorCode::InvalidParameterValue);
}

TEST(FilterParser, RefusalsSayWhereAndWhatToDo) {
  struct Case {
    const char* text;
    size_t offset;
    const char* says;
  };
  const Case cases[] = {
      {"status = 'OK' OR name = 'a'", 14, "IN"},
      {"NOT status = 'OK'", 0, "NOT IN"},
      {"(status = 'OK')", 0, "parentheses"},
      {"status == 'OK'", 7, "write ="},
      {"status <> 'OK'", 7, "write !="},
      {"state = 'OK'", 0, "status"},
      {"trace.trace_id = 'x'", 6, "request_id"},
      {"user = 'x'", 0, "mlflow.trace.user"},
      {"TAG.env = 'x'", 0, "small letters"},
      {"span.kind = 'x'", 5, "span.attributes"},
      {"name = chat", 7, "quotes"},
      {"name = `chat`", 7, "quotes"},
      {"tag.env = 5", 10, "quotes"},
      {"feedback.score > '5'", 17, "leave the quotes out"},
      {"timestamp_ms BETWEEN 1 AND 2", 13, ">= and <="},
      {"timestamp_ms IN (1)", 13, "valid are"},
      {"name IN ('a')", 5, "IS NULL"},
      {"status IN ()", 11, "empty"},
      {"status IN ('a' 'b')", 15, "comma"},
      {"status IN 'a'", 10, "list"},
      {"status", 6, "missing"},
      {"status =", 8, "missing"},
      {"= 'OK'", 0, "begins with a name"},
      {"status = 'OK' name = 'a'", 14, "AND"},
      {"status = 'OK';", 13, "AND"},
      {"status = 'OK' -- x", 14, "comments"},
      {"status = 'OK", 9, "quotes"},
      {"status = 'OK' AND 'open", 18, "quote is not closed"},
      {"prompt = 'p'", 9, "name/version"},
      {"prompt LIKE 'p/1'", 7, "="},
  };
  for (const Case& test : cases) {
    const Error error = refusalOf(test.text);
    EXPECT_EQ(error.code, ErrorCode::InvalidParameterValue) << test.text;
    EXPECT_EQ(error.offset, test.offset) << test.text << ": " << error.message;
    EXPECT_NE(error.message.find(test.says), std::string::npos)
        << test.text << ": " << error.message;
  }
}

TEST(FilterParser, OrderByIsANameAndADirection) {
  const auto plain = parseOrderBy("timestamp_ms");
  ASSERT_TRUE(plain.ok());
  EXPECT_TRUE(plain.value().isAscending);
  const auto down = parseOrderBy("metadata.`mlflow.trace.user` desc");
  ASSERT_TRUE(down.ok());
  EXPECT_FALSE(down.value().isAscending);
  EXPECT_EQ(down.value().key, "mlflow.trace.user");
  EXPECT_EQ(parseOrderBy("attributes.experiment_id ASC").value().field, Field::ExperimentId);
  for (const char* text :
       {"", " ", "timestamp_ms ", "timestamp_ms ASC, name", "timestamp_ms UP", "client_request_id",
        "prompt", "span.name", "trace.text", "'name'", "name ASC DESC"}) {
    const auto refused = parseOrderBy(text);
    ASSERT_FALSE(refused.ok()) << text;
    EXPECT_EQ(refused.error().code, ErrorCode::InvalidParameterValue) << text;
  }
}

}  // namespace
}  // namespace spandrel::query
