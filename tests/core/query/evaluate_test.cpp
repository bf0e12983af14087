#include "query/evaluate.h"

#include <gtest/gtest.h>

#include "query/filter_parser.h"
#include "query/trace_list.h"

namespace spandrel::query {
namespace {

trace::Trace traceOf(std::string id, int64_t startMillis) {
  trace::Trace trace;
  trace.info.traceId = std::move(id);
  trace.info.requestTimeMillis = startMillis;
  trace.info.state = trace::TraceState::Ok;
  return trace;
}

bool finds(const trace::Trace& trace, std::string_view text) {
  const auto filter = parseFilter(text);
  EXPECT_TRUE(filter.ok()) << text;
  const TraceList source({&trace, 1});
  const auto result = matches(source, 0, filter.value());
  EXPECT_TRUE(result.ok()) << text;
  return result.ok() && result.value();
}

TEST(Like, PercentIsAnyTextAndUnderscoreOneCharacter) {
  EXPECT_TRUE(matchesLike("%", "", false));
  EXPECT_TRUE(matchesLike("", "", false));
  EXPECT_FALSE(matchesLike("", "a", false));
  EXPECT_TRUE(matchesLike("a%b%c", "a--b-b--c", false));
  EXPECT_FALSE(matchesLike("a%b%c", "a--b--d", false));
  EXPECT_TRUE(matchesLike("_", "ü", false));
  EXPECT_TRUE(matchesLike("_", "😀", false));
  EXPECT_FALSE(matchesLike("__", "ü", false));
  EXPECT_FALSE(matchesLike("_", "", false));
  EXPECT_TRUE(matchesLike("%_", "é", false));
}

TEST(Like, CaseCountsOnlyWithoutI) {
  EXPECT_FALSE(matchesLike("CHAT", "chat", false));
  EXPECT_TRUE(matchesLike("CHAT", "chat", true));
  EXPECT_FALSE(matchesLike("Ü", "ü", true));  // ASCII letters only, as in SQLite
}

TEST(Like, TheWorstPatternEnds) {
  const std::string text(20000, 'a');
  std::string pattern;
  for (int i = 0; i < 200; ++i) pattern += "%a";
  EXPECT_FALSE(matchesLike(pattern + "b", text, false));
}

TEST(Evaluate, WhatATraceDoesNotHaveNeverCompares) {
  trace::Trace trace = traceOf("tr-1", 5);
  EXPECT_FALSE(finds(trace, "tag.env = 'prod'"));
  EXPECT_FALSE(finds(trace, "tag.env != 'prod'"));
  EXPECT_FALSE(finds(trace, "execution_time_ms != 5"));
  EXPECT_FALSE(finds(trace, "end_time_ms > 0"));
  EXPECT_TRUE(finds(trace, "tag.env IS NULL"));
  trace.info.tags["env"] = "";
  EXPECT_TRUE(finds(trace, "tag.env != 'prod'"));
  EXPECT_TRUE(finds(trace, "tag.env IS NOT NULL"));
}

TEST(Evaluate, ClausesAboutSpansHoldForOneSpan) {
  trace::Trace trace = traceOf("tr-1", 5);
  trace.spans.resize(2);
  trace.spans[0].name = "plan";
  trace.spans[0].status.code = trace::StatusCode::Error;
  trace.spans[1].name = "search";
  EXPECT_TRUE(finds(trace, "span.name = 'search' AND span.status = 'UNSET'"));
  EXPECT_FALSE(finds(trace, "span.name = 'search' AND span.status = 'ERROR'"));
  EXPECT_TRUE(finds(trace, "span.name != 'search'"));
  EXPECT_FALSE(finds(traceOf("tr-2", 5), "span.name != 'search'"));
}

TEST(Evaluate, AttributesOfSpansCompareAsStoredJson) {
  trace::Trace trace = traceOf("tr-1", 5);
  trace.spans.resize(1);
  trace.spans[0].attributes.push_back({"model", trace::AnyValue::string("gpt")});
  EXPECT_TRUE(finds(trace, "span.attributes.model LIKE '\"gpt\"'"));
  EXPECT_FALSE(finds(trace, "span.attributes.model LIKE 'gpt'"));
  EXPECT_FALSE(finds(trace, "span.attributes.model = 'gpt'"));
  EXPECT_FALSE(finds(trace, "span.attributes.other LIKE '%'"));
}

TEST(Evaluate, FeedbackAndExpectationsCompareByTextAndByNumber) {
  trace::Trace trace = traceOf("tr-1", 5);
  trace.info.assessments = {R"({"assessment_name":"score","feedback":{"value":3}})",
                            R"({"assessment_name":"facts","expectation":{"serialized_value":)"
                            R"({"serialization_format":"JSON_FORMAT","value":"[\"a\"]"}}})",
                            R"({"assessment_name":"score","expectation":{"value":"high"}})",
                            "broken {"};
  EXPECT_TRUE(finds(trace, "feedback.score = '3.0'"));
  EXPECT_TRUE(finds(trace, "feedback.score >= 3 AND feedback.score < 3.5"));
  EXPECT_FALSE(finds(trace, "feedback.facts IS NOT NULL"));
  EXPECT_TRUE(finds(trace, "expectation.facts = '[\"a\"]'"));
  EXPECT_TRUE(finds(trace, "expectation.score = 'high'"));
  EXPECT_FALSE(finds(trace, "expectation.score > 0"));
}

TEST(Evaluate, PromptsAreFoundInTheTagThatLinksThem) {
  trace::Trace trace = traceOf("tr-1", 5);
  trace.info.tags["mlflow.linkedPrompts"] = R"([{"name": "qa", "version": "2"}])";
  EXPECT_TRUE(finds(trace, "prompt = 'qa/2'"));
  EXPECT_FALSE(finds(trace, "prompt = 'qa/1'"));
  EXPECT_FALSE(finds(traceOf("tr-2", 5), "prompt = 'qa/2'"));
}

TEST(Evaluate, RlikeNeedsAMatcherAndHandsItsErrorsOn) {
  const trace::Trace trace = traceOf("tr-1", 5);
  const TraceList source({&trace, 1});
  const auto filter = parseFilter("status RLIKE '('");
  ASSERT_TRUE(filter.ok());
  EXPECT_EQ(matches(source, 0, filter.value()).error().code, ErrorCode::NotImplemented);
  const RegexMatcher refuses = [](std::string_view, std::string_view) -> Result<bool> {
    return Error{ErrorCode::InvalidParameterValue, "no regular expression", 0};
  };
  EXPECT_EQ(matches(source, 0, filter.value(), refuses).error().code,
            ErrorCode::InvalidParameterValue);
}

TEST(Search, IsNewestFirstAndEqualTimesGoById) {
  const std::vector<trace::Trace> traces = {traceOf("tr-b", 5), traceOf("tr-a", 5),
                                            traceOf("tr-c", 9)};
  const auto page = search(TraceList(traces), {});
  ASSERT_TRUE(page.ok());
  EXPECT_EQ(page.value().traces, (std::vector<size_t>{2, 1, 0}));
  EXPECT_EQ(page.value().nextPageToken, "");
}

TEST(Search, APageBehindTheEndIsEmpty) {
  const std::vector<trace::Trace> traces = {traceOf("tr-a", 5)};
  Search wanted;
  wanted.pageToken = "eyJvZmZzZXQiOiA3fQ==";  // {"offset": 7}
  const auto page = search(TraceList(traces), wanted);
  ASSERT_TRUE(page.ok());
  EXPECT_TRUE(page.value().traces.empty());
}

}  // namespace
}  // namespace spandrel::query
