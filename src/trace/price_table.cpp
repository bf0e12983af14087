#include "trace/price_table.h"

#include <algorithm>

#include "base/json_members.h"
#include "base/number_text.h"
#include "trace/attribute_text.h"
#include "trace/constants.h"

namespace spandrel::trace {
namespace {

std::string lowerCase(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

// Tokens under a key; 0 where it is missing or no number.
double tokens(const AnyValue& usage, std::string_view key) {
  for (const auto& [name, value] : usage.members) {
    if (name != key) continue;
    if (value.kind == AnyValue::Kind::Int) return static_cast<double>(value.integer);
    if (value.kind == AnyValue::Kind::Double) return value.number;
  }
  return 0;
}

std::optional<ModelPrice> readPrice(std::string_view json) {
  ModelPrice price;
  bool hasInput = false;
  bool hasOutput = false;
  JsonMembers members(json);
  while (members.next()) {
    double number = 0;
    if (members.isString() || !parseDouble(members.value(), number)) continue;
    const std::string& key = members.key();
    if (key == "input_cost_per_token") price.input = number, hasInput = true;
    if (key == "output_cost_per_token") price.output = number, hasOutput = true;
    if (key == "cache_read_input_token_cost") price.cacheRead = number;
    if (key == "cache_creation_input_token_cost") price.cacheCreation = number;
    if (key == "cache_creation_input_token_cost_above_1hr") price.cacheCreationAbove1Hour = number;
  }
  if (!hasInput || !hasOutput) return std::nullopt;
  return price;
}

}  // namespace

Result<PriceTable> PriceTable::fromJson(std::string_view json) {
  PriceTable table;
  JsonMembers models(json);
  if (models.ok() && !models.isObject()) {
    return Error{ErrorCode::InvalidParameterValue, "a price table is an object"};
  }
  while (models.next()) {
    const size_t slash = models.key().find('/');
    const std::string_view key = models.key();
    const auto price = readPrice(models.value());
    if (!price) continue;
    const bool hasProvider = slash != std::string_view::npos;
    table.add(hasProvider ? key.substr(0, slash) : "", hasProvider ? key.substr(slash + 1) : key,
              *price);
  }
  if (!models.ok()) return models.error();
  return table;
}

void PriceTable::add(std::string_view provider, std::string_view model, const ModelPrice& price) {
  byProviderAndModel_[lowerCase(provider) + "/" + std::string(model)] = price;
  byModel_.emplace(std::string(model), price);
}

const ModelPrice* PriceTable::find(std::string_view model, std::string_view provider) const {
  const auto exact = byProviderAndModel_.find(lowerCase(provider) + "/" + std::string(model));
  if (exact != byProviderAndModel_.end()) return &exact->second;
  const auto any = byModel_.find(std::string(model));
  return any == byModel_.end() ? nullptr : &any->second;
}

std::optional<AnyValue> callCost(const PriceTable& prices, std::string_view model,
                                 std::string_view provider, const AnyValue& usage) {
  const ModelPrice* price = model.empty() ? nullptr : prices.find(model, provider);
  if (!price || usage.kind != AnyValue::Kind::Map) return std::nullopt;
  const double input = tokens(usage, "input_tokens");
  const double output = tokens(usage, "output_tokens");
  if (input == 0 && output == 0) return std::nullopt;

  const double read = tokens(usage, "cache_read_input_tokens");
  const double created = tokens(usage, "cache_creation_input_tokens");
  const double createdLong =
      price->cacheCreationAbove1Hour ? tokens(usage, "cache_creation_input_tokens_above_1hr") : 0;
  const double plain = std::max(0.0, input - read - created);
  const double inputCost = plain * price->input + read * price->cacheRead.value_or(price->input) +
                           (created - createdLong) * price->cacheCreation.value_or(price->input) +
                           createdLong * price->cacheCreationAbove1Hour.value_or(0);
  const double outputCost = output * price->output;
  return AnyValue::map({{"input_cost", AnyValue::of(inputCost)},
                        {"output_cost", AnyValue::of(outputCost)},
                        {"total_cost", AnyValue::of(inputCost + outputCost)}});
}

void addCost(const PriceTable& prices, SpanData& span) {
  if (span.find(attribute_key::kCost)) return;
  const AnyValue model = attributeValue(span, attribute_key::kModel);
  const AnyValue provider = attributeValue(span, attribute_key::kProvider);
  if (model.kind != AnyValue::Kind::String) return;
  auto cost = callCost(prices, model.text,
                       provider.kind == AnyValue::Kind::String ? provider.text : std::string(),
                       attributeValue(span, attribute_key::kTokenUsage));
  if (cost) span.attributes.push_back({std::string(attribute_key::kCost), std::move(*cost)});
}

}  // namespace spandrel::trace
