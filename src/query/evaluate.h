// Running a search: which traces a filter finds, in which order, a page at a time.
//
// The rules are those of MLflow's SQLite server, as recorded (tests/golden/filters.json): what a
// trace does not have never compares, also not by !=; span clauses hold together for one span; a
// span attribute is compared as stored JSON text, by patterns only (= finds nothing).
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "query/filter.h"
#include "query/trace_source.h"

namespace spandrel::query {

// Is the pattern found anywhere in the text? The core has no regular expressions of its own.
using RegexMatcher = std::function<Result<bool>(std::string_view pattern, std::string_view text)>;

// `%` any text, `_` one character. Nothing escapes them. The time is bounded by the product of the
// lengths.
bool matchesLike(std::string_view pattern, std::string_view text, bool ignoresCase);

// NotImplemented: RLIKE without a matcher. Errors of the matcher come back.
Result<bool> matches(const TraceSource& source, size_t trace, const Filter& filter,
                     const RegexMatcher& regex = {});

inline constexpr int64_t kMaxPageSize = 500;

struct Search {
  Filter filter;
  std::vector<OrderKey> order;  // then newest first, then by id
  int64_t maxResults = 100;     // 1 to kMaxPageSize, as the server takes them
  std::string pageToken;        // of the page before; empty: the first
};

struct Page {
  std::vector<size_t> traces;
  std::string nextPageToken;  // empty: this was the last
};

// InvalidParameterValue: maxResults out of range, a token that is none.
Result<Page> search(const TraceSource& source, const Search& search,
                    const RegexMatcher& regex = {});

}  // namespace spandrel::query
