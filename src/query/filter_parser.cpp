#include "query/filter_parser.h"

#include <string>

#include "base/number_text.h"
#include "base/text.h"
#include "query/filter_fields.h"

namespace spandrel::query {
namespace {

using Kind = Token::Kind;

class Parser {
 public:
  explicit Parser(std::string_view text) : lexer_(text) { advance(); }

  Result<Filter> filter() {
    Filter filter;
    bool needsAnd = false;
    while (token_.kind != Kind::End) {
      if (token_.isWord("AND")) {
        needsAnd = false;
        advance();
        continue;
      }
      if (needsAnd) return misplaced();
      if (filter.clauses.size() == kMaxClauses) {
        return refused("more than " + std::to_string(kMaxClauses) + " clauses", token_.offset);
      }
      Result<Clause> read = clause();
      if (!read.ok()) return read.error();
      filter.clauses.push_back(read.take());
      needsAnd = true;
    }
    if (filter.clauses.empty()) {
      return refused("the filter has no clause; leave it out to find every trace", 0);
    }
    return filter;
  }

  Result<OrderKey> orderBy() {
    if (!token_.isName()) {
      return refused("an order_by item begins with a name, like 'timestamp_ms DESC'",
                     token_.offset);
    }
    const Result<Target> target = targetOf(token_, true);
    if (!target.ok()) return target.error();
    OrderKey key{target.value().field, target.value().key, true};
    advance();
    if (token_.kind == Kind::End) return key;
    key.isAscending = token_.isWord("ASC");
    if (!key.isAscending && !token_.isWord("DESC")) return badOrder();
    advance();
    if (token_.kind != Kind::End) return badOrder();
    return key;
  }

 private:
  void advance() { token_ = lexer_.next(); }

  Error badOrder() const {
    return refused(
        "unexpected " + quoted(token_.text) +
            " in an order_by item; write one name and ASC or DESC, and several items as a list",
        token_.offset);
  }

  // A token that neither begins a clause nor joins two.
  Error misplaced() const {
    const std::string_view text = token_.text;
    std::string advice = "join clauses by AND";
    if (token_.isWord("OR")) {
      advice = "clauses are joined by AND alone; use IN for several values, or search twice";
    } else if (token_.isWord("NOT")) {
      advice = "write != or NOT IN instead of NOT";
    } else if (text == "(" || text == ")") {
      advice = "parentheses stand only around the list of IN";
    } else if (text == "-" || text == "/" || text == "#") {
      advice = "a filter has no comments; put names with other characters into backticks";
    } else if (token_.kind == Kind::Unknown && text.find_first_of("'\"`") != text.npos) {
      advice = "a quote is not closed";
    }
    return refused("unexpected " + quoted(text) + " in the filter: " + advice, token_.offset);
  }

  Result<Clause> clause() {
    if (!token_.isName() || token_.isWord("OR") || token_.isWord("NOT")) {
      if (token_.kind == Kind::Text || token_.kind == Kind::Number ||
          token_.kind == Kind::Operator) {
        return refused(
            "a clause begins with a name, like status = 'OK', not with " + quoted(token_.text),
            token_.offset);
      }
      return misplaced();
    }
    Clause clause;
    clause.offset = token_.offset;
    const std::string_view name = token_.text;
    const Result<Target> target = targetOf(token_, false);
    if (!target.ok()) return target.error();
    clause.field = target.value().field;
    clause.key = target.value().key;
    advance();
    const size_t operatorOffset = token_.offset;
    const Result<Operator> op = comparison(name);
    if (!op.ok()) return op.error();
    clause.op = op.value();
    if (const char* valid = operatorsInsteadOf(clause.field, clause.op)) {
      return refused(quoted(name) + " cannot be compared that way; valid are " + valid,
                     operatorOffset);
    }
    if (clause.op == Operator::IsNull || clause.op == Operator::IsNotNull) return clause;
    const Result<Done> value = readValue(clause, name);
    if (!value.ok()) return value.error();
    return clause;
  }

  Result<Operator> comparison(std::string_view name) {
    const Token first = token_;
    for (const NamedOperator& known : kOperators) {
      const bool isIt =
          first.kind == Kind::Operator ? first.text == known.text : first.isWord(known.text);
      if (!isIt) continue;
      advance();
      return known.op;
    }
    if (first.isWord("NOT")) {
      advance();
      if (!token_.isWord("IN")) return refused("after NOT only IN may stand here", token_.offset);
      advance();
      return Operator::NotIn;
    }
    if (first.isWord("IS")) {
      advance();
      const bool isNot = token_.isWord("NOT");
      if (isNot) advance();
      if (!token_.isWord("NULL")) {
        return refused("after IS only NULL or NOT NULL may stand", token_.offset);
      }
      advance();
      return isNot ? Operator::IsNotNull : Operator::IsNull;
    }
    if (first.kind == Kind::End) {
      return refused("the filter ends after " + quoted(name) + ": a comparison is missing",
                     first.offset);
    }
    std::string advice = "valid are =, !=, >, >=, <, <=, LIKE, ILIKE, RLIKE, IN, NOT IN, IS NULL";
    if (first.text == "==") advice = "write =";
    if (first.text == "<>") advice = "write !=";
    if (first.isWord("BETWEEN")) advice = "write two clauses, with >= and <=";
    return refused(quoted(first.text) + " after " + quoted(name) + " is no comparison: " + advice,
                   first.offset);
  }

  Result<Done> readValue(Clause& clause, std::string_view name) {
    const Token token = token_;
    const bool wantsList = clause.op == Operator::In || clause.op == Operator::NotIn;
    if (token.kind == Kind::End) {
      return refused("the filter ends after " + quoted(name) + ": a value is missing",
                     token.offset);
    }
    if (wantsList || token.kind == Kind::Open) return readList(clause, name, wantsList);
    advance();
    if (token.kind == Kind::Text || token.kind == Kind::Quoted) {
      clause.value.kind = Value::Kind::Text;
      clause.value.text = std::string(token.content());
    } else if (token.kind == Kind::Number) {
      clause.value.kind = Value::Kind::Number;
      if (!parseNumber(token.text, clause.value.number)) {
        return refused(quoted(token.text) + " is no number", token.offset);
      }
    } else {
      return refused("the value " + quoted(token.text) + " of " + quoted(name) +
                         " needs quotes: write '…' or \"…\"",
                     token.offset);
    }
    return checkValue(clause, name, token.offset);
  }

  Result<Done> readList(Clause& clause, std::string_view name, bool wantsList) {
    if (!wantsList) {
      return refused(quoted(name) + " takes one value here; a list goes with IN", token_.offset);
    }
    if (token_.kind != Kind::Open) {
      return refused("IN takes a list: write ('a', 'b')", token_.offset);
    }
    clause.value.kind = Value::Kind::List;
    advance();
    while (token_.kind != Kind::Close) {
      if (token_.kind != Kind::Text && token_.kind != Kind::Quoted) {
        return refused("the list of IN holds texts in quotes, like ('a', 'b')", token_.offset);
      }
      if (clause.value.list.size() == kMaxListItems) {
        return refused("more than " + std::to_string(kMaxListItems) + " values in one list",
                       token_.offset);
      }
      clause.value.list.emplace_back(token_.content());
      advance();
      if (token_.kind == Kind::Comma) {
        advance();
      } else if (token_.kind != Kind::Close) {
        return refused("expected a comma or the end of the list", token_.offset);
      }
    }
    if (clause.value.list.empty()) return refused("the list of IN is empty", token_.offset);
    advance();
    return Done{};
  }

  // The server takes any text for a number: it compares as the number it spells, else as a text.
  Result<Done> checkValue(Clause& clause, std::string_view name, size_t offset) {
    Value& value = clause.value;
    if (isNumber(clause.field)) {
      if (value.kind == Value::Kind::Text && parseNumber(value.text, value.number)) {
        value.kind = Value::Kind::Number;
      }
      return Done{};
    }
    const bool isOrdering = clause.op == Operator::Greater || clause.op == Operator::Less ||
                            clause.op == Operator::GreaterOrEqual ||
                            clause.op == Operator::LessOrEqual;
    if (isAssessment(clause.field) && isOrdering) {
      if (value.kind == Value::Kind::Number) return Done{};
      return refused(quoted(name) + " is compared with a number here: leave the quotes out",
                     offset);
    }
    if (value.kind != Value::Kind::Text) {
      return refused("the value of " + quoted(name) + " needs quotes: write '…' or \"…\"", offset);
    }
    if (clause.field == Field::Prompt) {
      const size_t slash = value.text.find('/');
      if (slash == std::string::npos || slash == 0 || slash + 1 == value.text.size() ||
          value.text.find('/', slash + 1) != std::string::npos) {
        return refused("a prompt is written \"name/version\"", offset);
      }
    }
    return Done{};
  }

  static bool parseNumber(std::string_view text, double& number) {
    if (text.find_first_of("0123456789") == std::string_view::npos) return false;
    std::string digits(text);
    if (digits[0] == '.') digits.insert(0, "0");
    if (digits.starts_with("-.")) digits.insert(1, "0");
    const size_t dot = digits.find('.');
    const bool isBareDot =
        dot != std::string::npos &&
        (dot + 1 == digits.size() || digits[dot + 1] == 'e' || digits[dot + 1] == 'E');
    if (isBareDot) digits.insert(dot + 1, "0");
    // SQL has no rule against leading zeros.
    const size_t first = digits[0] == '-' ? 1 : 0;
    size_t zeros = 0;
    while (first + zeros + 1 < digits.size() && digits[first + zeros] == '0' &&
           digits[first + zeros + 1] >= '0' && digits[first + zeros + 1] <= '9') {
      ++zeros;
    }
    digits.erase(first, zeros);
    return parseDouble(digits, number);
  }

  Lexer lexer_;
  Token token_;
};

Result<Done> checkText(std::string_view text) {
  if (text.size() > kMaxFilterBytes) {
    return refused("longer than " + std::to_string(kMaxFilterBytes) + " bytes", kMaxFilterBytes);
  }
  for (size_t at = 0; at < text.size();) {
    const size_t length = utf8SequenceLength(text.substr(at));
    if (length == 0) return refused("the text is not valid UTF-8", at);
    if (text[at] == '\0') return refused("the text contains a NUL character", at);
    at += length;
  }
  return Done{};
}

}  // namespace

Result<Filter> parseFilter(std::string_view text) {
  const Result<Done> checked = checkText(text);
  if (!checked.ok()) return checked.error();
  if (text.empty()) return Filter{};
  return Parser(text).filter();
}

Result<OrderKey> parseOrderBy(std::string_view text) {
  const Result<Done> checked = checkText(text);
  if (!checked.ok()) return checked.error();
  constexpr std::string_view kSpace = " \t\r\n\f\v";
  if (text.find_first_not_of(kSpace) != 0 || text.find_last_not_of(kSpace) + 1 != text.size()) {
    return refused("an order_by item is a name and perhaps ASC or DESC, without space around it",
                   0);
  }
  return Parser(text).orderBy();
}

Result<Done> checkFilter(std::string_view text) {
  const Result<Filter> filter = parseFilter(text);
  if (!filter.ok()) return filter.error();
  return Done{};
}

Result<Done> checkOrderBy(std::string_view text) {
  const Result<OrderKey> key = parseOrderBy(text);
  if (!key.ok()) return key.error();
  return Done{};
}

}  // namespace spandrel::query
