// MLflow's search language: filter strings and order_by items, as its SQLite server takes them.
//
//   status = 'OK' AND tag.`release.version` LIKE '1.%' AND span.type IN ('LLM', 'CHAT_MODEL')
//
// Clauses are joined by AND alone; docs/search.md has all names and operators. Every refusal has
// InvalidParameterValue, the offset in bytes, and says what to write instead. What this reader
// takes the server takes, but for ordering by end_time_ms, which MLflow 3.17.2 fails on.
#pragma once

#include <string_view>

#include "base/result.h"
#include "query/filter.h"

namespace spandrel::query {

inline constexpr size_t kMaxFilterBytes = 64 * 1024;
inline constexpr size_t kMaxClauses = 256;
inline constexpr size_t kMaxListItems = 4096;

// "" is the filter without clauses; nothing but white space is refused.
Result<Filter> parseFilter(std::string_view text);

// "key", "key ASC", "key DESC": one item of the list.
Result<OrderKey> parseOrderBy(std::string_view text);

// The same refusals, without the result.
Result<Done> checkFilter(std::string_view text);
Result<Done> checkOrderBy(std::string_view text);

}  // namespace spandrel::query
