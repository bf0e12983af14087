// What one model call costs, from a table of prices that the caller brings. Prices change, so the
// core ships none.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "trace/any_value.h"
#include "trace/span_data.h"

namespace spandrel::trace {

// USD a token. A cache price that is absent is the input price.
struct ModelPrice {
  double input = 0;
  double output = 0;
  std::optional<double> cacheRead;
  std::optional<double> cacheCreation;
  std::optional<double> cacheCreationAbove1Hour;
};

class PriceTable {
 public:
  // {"provider/model": {"input_cost_per_token": 1e-7, "output_cost_per_token": …,
  //  "cache_read_input_token_cost"?, "cache_creation_input_token_cost"?,
  //  "cache_creation_input_token_cost_above_1hr"?}, …}; other keys are ignored, as are entries
  // without both of the first prices.
  static Result<PriceTable> fromJson(std::string_view json);

  void add(std::string_view provider, std::string_view model, const ModelPrice& price);
  size_t size() const { return byModel_.size(); }

  // The price under this provider (of any case), else under the first provider that has the model;
  // null where the model is unknown.
  const ModelPrice* find(std::string_view model, std::string_view provider) const;

 private:
  std::map<std::string, ModelPrice> byProviderAndModel_;
  std::map<std::string, ModelPrice> byModel_;
};

// {input_cost, output_cost, total_cost} in USD. Absent: unknown model, no usage, or no tokens.
// `usage` is the decoded attribute mlflow.chat.tokenUsage. Cached tokens are part of the input
// tokens and cost their own price.
std::optional<AnyValue> callCost(const PriceTable& prices, std::string_view model,
                                 std::string_view provider, const AnyValue& usage);

// Adds mlflow.llm.cost to a span that names its model and usage. A cost that is there stays.
void addCost(const PriceTable& prices, SpanData& span);

}  // namespace spandrel::trace
