// The names of the search language: what can be asked, and how it can be compared.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "query/filter.h"
#include "query/filter_lexer.h"

namespace spandrel::query {

struct Target {
  Field field = Field::Status;
  std::string key;
};

// What a name stands for in a filter, or in an order_by item.
Result<Target> targetOf(const Token& token, bool isOrder);

// The operators of a field as text, or null where `op` is one of them.
const char* operatorsInsteadOf(Field field, Operator op);

struct NamedOperator {
  const char* text;
  Operator op;
};
// Those of one word.
inline constexpr NamedOperator kOperators[] = {
    {"=", Operator::Equal},     {"!=", Operator::NotEqual},
    {">", Operator::Greater},   {">=", Operator::GreaterOrEqual},
    {"<", Operator::Less},      {"<=", Operator::LessOrEqual},
    {"LIKE", Operator::Like},   {"ILIKE", Operator::ILike},
    {"RLIKE", Operator::RLike}, {"IN", Operator::In}};

// InvalidParameterValue.
Error refused(std::string message, size_t offset);
// Text of a filter for a message: shortened, in quotes.
std::string quoted(std::string_view text);

}  // namespace spandrel::query
