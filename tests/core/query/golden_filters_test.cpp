// Recorded searches of MLflow's SQLite server: which of 40 traces each finds, in which order.
#include <gtest/gtest.h>

#include <regex>

#include "golden.h"
#include "golden_count.h"
#include "mlflow/trace_dict.h"
#include "query/evaluate.h"
#include "query/filter_parser.h"
#include "query/trace_list.h"

namespace spandrel::golden {
namespace {

Result<bool> findsRegex(std::string_view pattern, std::string_view text) {
  const std::regex regex{std::string(pattern)};
  return std::regex_search(text.begin(), text.end(), regex);
}

std::vector<trace::Trace> tracesOf(const Json& file) {
  std::vector<trace::Trace> traces;
  for (const Json& each : file["traces"]) {
    auto trace = mlflow::fromTraceJson(each["trace_text"].get<std::string>());
    EXPECT_TRUE(trace.ok());
    traces.push_back(trace.take());
  }
  return traces;
}

struct Answer {
  std::string traces;  // "[39,38]", or the error's code
  bool hasMore = false;
};

Answer errorAnswer(const Error& error) {
  return {errorCodeName(error.code)};
}

Answer answerOf(const query::TraceSource& source, const Json& test) {
  query::Search search;
  search.maxResults = test["max_results"].get<int64_t>();
  if (test["filter"].is_string()) {
    auto filter = query::parseFilter(test["filter"].get<std::string>());
    if (!filter.ok()) return errorAnswer(filter.error());
    search.filter = filter.take();
  }
  if (test["order_by"].is_array()) {
    for (const Json& item : test["order_by"]) {
      auto key = query::parseOrderBy(item.get<std::string>());
      if (!key.ok()) return errorAnswer(key.error());
      search.order.push_back(key.take());
    }
  }
  const auto page = query::search(source, search, findsRegex);
  if (!page.ok()) return errorAnswer(page.error());
  return {Json(page.value().traces).dump(), !page.value().nextPageToken.empty()};
}

TEST(GoldenFilters, FindWhatTheServerFindsInTheSameOrder) {
  const Json file = load("filters.json");
  const std::vector<trace::Trace> traces = tracesOf(file);
  ASSERT_EQ(traces.size(), 40u);
  const query::TraceList source(traces);
  GoldenCount count("filters.json", {{"#214",
                                      "the server fails (500) when it orders by "
                                      "end_time_ms; here it is an order like the others"}});
  for (size_t i = 0; i < file["cases"].size(); ++i) {
    const Json& test = file["cases"][i];
    count.begin("#" + std::to_string(i));
    const Answer answer = answerOf(source, test);
    if (test.contains("error")) {
      count.compare("error code", answer.traces, test["error"]["error_code"].get<std::string>());
    } else {
      count.compare("traces", answer.traces, test["traces"].dump());
      count.expect("whether there are more", answer.hasMore == test["more"].get<bool>());
    }
    count.end();
  }
}

TEST(GoldenFilters, PagesAreThoseOfTheServer) {
  const Json file = load("filters.json");
  const std::vector<trace::Trace> traces = tracesOf(file);
  const query::TraceList source(traces);
  query::Search search;
  search.order.push_back({});
  search.maxResults = 17;
  Json pages = Json::array();
  do {
    const auto page = query::search(source, search);
    ASSERT_TRUE(page.ok());
    pages.push_back(page.value().traces);
    search.pageToken = page.value().nextPageToken;
  } while (!search.pageToken.empty() && pages.size() < 10);

  EXPECT_EQ(pages.dump(), file["pages_of_17"].dump());

  search.pageToken = "nonsense";
  const auto refused = query::search(source, search);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(errorCodeName(refused.error().code),
            file["bad_page_token"]["error"]["error_code"].get<std::string>());
}

}  // namespace
}  // namespace spandrel::golden
