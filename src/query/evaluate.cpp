#include "query/evaluate.h"

#include <algorithm>

#include "base/json_members.h"
#include "base/number_text.h"
#include "base/text.h"
#include "trace/constants.h"

namespace spandrel::query {
namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool isContinuation(char c) {
  return (static_cast<uint8_t>(c) & 0xc0) == 0x80;
}

template <typename T>
bool holds(Operator op, const T& a, const T& b) {
  switch (op) {
    case Operator::Equal:
      return a == b;
    case Operator::NotEqual:
      return a != b;
    case Operator::Greater:
      return a > b;
    case Operator::GreaterOrEqual:
      return a >= b;
    case Operator::Less:
      return a < b;
    case Operator::LessOrEqual:
      return a <= b;
    default:
      return false;
  }
}

bool holdsForNumber(const Clause& clause, int64_t number) {
  if (clause.value.kind == Value::Kind::Number) {
    return holds(clause.op, static_cast<double>(number), clause.value.number);
  }
  // SQL's order of types: every number comes before every text.
  return holds(clause.op, 0, 1);
}

Result<bool> holdsForText(const Clause& clause, std::string_view text, const RegexMatcher& regex) {
  const Value& value = clause.value;
  switch (clause.op) {
    case Operator::Like:
    case Operator::ILike:
      return matchesLike(value.text, text, clause.op == Operator::ILike);
    case Operator::RLike:
      if (!regex) {
        return Error{ErrorCode::NotImplemented, "RLIKE needs a matcher of regular expressions",
                     clause.offset};
      }
      return regex(value.text, text);
    case Operator::In:
    case Operator::NotIn: {
      const bool isListed =
          std::find(value.list.begin(), value.list.end(), text) != value.list.end();
      return isListed == (clause.op == Operator::In);
    }
    default:
      return holds(clause.op, text, std::string_view(value.text));
  }
}

class Matcher {
 public:
  Matcher(const TraceSource& source, size_t trace, const RegexMatcher& regex)
      : source_(source), trace_(trace), regex_(regex) {}

  Result<bool> clauseHolds(const Clause& clause) const {
    if (isNumber(clause.field)) {
      const auto number = source_.number(trace_, clause.field);
      return number && holdsForNumber(clause, *number);
    }
    if (isAssessment(clause.field)) return assessmentHolds(clause);
    if (clause.field == Field::Prompt) return hasPrompt(clause.value.text);
    const auto text = source_.text(trace_, clause.field, clause.key);
    if (clause.op == Operator::IsNull) return !text;
    if (clause.op == Operator::IsNotNull || !text) return text.has_value();
    return holdsForText(clause, *text, regex_);
  }

  // Some span for which all of these hold.
  Result<bool> someSpanHolds(const std::vector<const Clause*>& clauses) const {
    const size_t count = source_.spanCount(trace_);
    for (size_t span = 0; span < count; ++span) {
      bool all = true;
      for (const Clause* clause : clauses) {
        Result<bool> one = spanHolds(*clause, span);
        if (!one.ok()) return one;
        if (!(all = one.value())) break;
      }
      if (all) return true;
    }
    return false;
  }

 private:
  Result<bool> spanHolds(const Clause& clause, size_t span) const {
    // The server looks for the attribute in the span's text, where `=` is never fulfilled.
    if (clause.field == Field::SpanAttribute && clause.op == Operator::Equal) return false;
    if (clause.field == Field::SpanAttribute && clause.op == Operator::NotEqual) return true;
    const auto text = source_.spanText(trace_, span, clause.field, clause.key);
    if (!text) return false;
    return holdsForText(clause, *text, regex_);
  }

  Result<bool> assessmentHolds(const Clause& clause) const {
    bool isThere = false, isFound = false;
    Result<Done> failure = Done{};
    source_.assessments(trace_, clause.field, clause.key,
                        [&](std::string_view text, const std::optional<double>& number) {
                          isThere = true;
                          if (isFound || !failure.ok()) return;
                          if (clause.value.kind == Value::Kind::Number) {
                            isFound = number && holds(clause.op, *number, clause.value.number);
                          } else if (clause.value.kind == Value::Kind::Text) {
                            const Result<bool> one = holdsForText(clause, text, regex_);
                            if (one.ok()) {
                              isFound = one.value();
                            } else {
                              failure = one.error();
                            }
                          }
                        });
    if (!failure.ok()) return failure.error();
    if (clause.op == Operator::IsNull) return !isThere;
    if (clause.op == Operator::IsNotNull) return isThere;
    return isFound;
  }

  bool hasPrompt(const std::string& nameAndVersion) const {
    const auto tag = source_.text(trace_, Field::Tag, std::string(trace::tag_key::kLinkedPrompts));
    if (!tag) return false;
    JsonMembers entries(*tag);
    while (entries.isArray() && entries.next()) {
      std::string name, version;
      JsonMembers entry(entries.value());
      while (entry.isObject() && entry.next()) {
        if (entry.key() == "name") name = entry.text();
        if (entry.key() == "version") version = entry.text();
      }
      name.append("/").append(version);
      if (name == nameAndVersion) return true;
    }
    return false;
  }

  const TraceSource& source_;
  size_t trace_;
  const RegexMatcher& regex_;
};

// --- order ---

struct SortValue {
  bool isThere = false;
  int64_t number = 0;
  std::string text;
};

struct SortRow {
  size_t trace = 0;
  std::vector<SortValue> values;  // of the keys asked for
  int64_t timestampMs = 0;
  std::string requestId;
};

SortRow rowOf(const TraceSource& source, size_t trace, const std::vector<OrderKey>& order) {
  SortRow row{trace,
              {},
              source.number(trace, Field::TimestampMs).value_or(0),
              source.text(trace, Field::RequestId, "").value_or("")};
  for (const OrderKey& key : order) {
    SortValue value;
    if (isNumber(key.field)) {
      const auto number = source.number(trace, key.field);
      value.isThere = number.has_value();
      value.number = number.value_or(0);
    } else {
      auto text = source.text(trace, key.field, key.key);
      value.isThere = text.has_value();
      if (text) value.text = std::move(*text);
    }
    row.values.push_back(std::move(value));
  }
  return row;
}

bool comesBefore(const SortRow& a, const SortRow& b, const std::vector<OrderKey>& order) {
  for (size_t i = 0; i < order.size(); ++i) {
    const SortValue& left = a.values[i];
    const SortValue& right = b.values[i];
    if (left.isThere != right.isThere) return left.isThere;  // without a value: last, either way
    if (left.number != right.number) {
      return (left.number < right.number) == order[i].isAscending;
    }
    if (left.text != right.text) return (left.text < right.text) == order[i].isAscending;
  }
  if (a.timestampMs != b.timestampMs) return a.timestampMs > b.timestampMs;
  return a.requestId < b.requestId;
}

// --- pages: base64 of {"offset": n}, as the server writes its tokens ---

Result<size_t> offsetOf(const std::string& pageToken) {
  if (pageToken.empty()) return size_t{0};
  const Error bad{ErrorCode::InvalidParameterValue,
                  "the page token is none that a search gave: leave it out for the first page", 0};
  const auto bytes = fromBase64(pageToken);
  if (!bytes.ok()) return bad;
  const std::string json(bytes.value().begin(), bytes.value().end());
  uint64_t offset = 0;
  bool isFound = false;
  JsonMembers members(json);
  while (members.isObject() && members.next()) {
    if (members.key() == "offset") isFound = parseUint64(members.value(), offset);
  }
  if (!isFound || !members.ok() || offset > SIZE_MAX / 2) return bad;
  return static_cast<size_t>(offset);
}

std::string tokenOf(size_t offset) {
  const std::string json = "{\"offset\": " + std::to_string(offset) + "}";
  return toBase64({reinterpret_cast<const uint8_t*>(json.data()), json.size()});
}

}  // namespace

bool matchesLike(std::string_view pattern, std::string_view text, bool ignoresCase) {
  constexpr size_t kNone = std::string_view::npos;
  size_t p = 0, t = 0, retryPattern = kNone, retryText = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '%') {
      retryPattern = ++p;
      retryText = t;
    } else if (p < pattern.size() && pattern[p] == '_') {
      ++p;
      ++t;
      while (t < text.size() && isContinuation(text[t])) ++t;
    } else if (p < pattern.size() &&
               (ignoresCase ? lower(pattern[p]) == lower(text[t]) : pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (retryPattern != kNone) {
      // The last % takes one character more.
      p = retryPattern;
      t = ++retryText;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '%') ++p;
  return p == pattern.size();
}

Result<bool> matches(const TraceSource& source, size_t trace, const Filter& filter,
                     const RegexMatcher& regex) {
  const Matcher matcher(source, trace, regex);
  std::vector<const Clause*> ofSpans;
  for (const Clause& clause : filter.clauses) {
    if (isOfSpan(clause.field)) {
      ofSpans.push_back(&clause);
      continue;
    }
    Result<bool> one = matcher.clauseHolds(clause);
    if (!one.ok() || !one.value()) return one;
  }
  if (ofSpans.empty()) return true;
  return matcher.someSpanHolds(ofSpans);
}

Result<Page> search(const TraceSource& source, const Search& search, const RegexMatcher& regex) {
  if (search.maxResults < 1 || search.maxResults > kMaxPageSize) {
    return Error{ErrorCode::InvalidParameterValue,
                 "max_results is " + std::to_string(search.maxResults) + "; valid are 1 to " +
                     std::to_string(kMaxPageSize),
                 0};
  }
  const Result<size_t> first = offsetOf(search.pageToken);
  if (!first.ok()) return first.error();
  std::vector<SortRow> rows;
  for (size_t trace = 0; trace < source.traceCount(); ++trace) {
    const Result<bool> found = matches(source, trace, search.filter, regex);
    if (!found.ok()) return found.error();
    if (found.value()) rows.push_back(rowOf(source, trace, search.order));
  }
  std::stable_sort(rows.begin(), rows.end(), [&](const SortRow& a, const SortRow& b) {
    return comesBefore(a, b, search.order);
  });
  Page page;
  const size_t begin = std::min(first.value(), rows.size());
  const size_t end = std::min(rows.size() - begin, static_cast<size_t>(search.maxResults)) + begin;
  for (size_t i = begin; i < end; ++i) page.traces.push_back(rows[i].trace);
  if (end < rows.size()) page.nextPageToken = tokenOf(end);
  return page;
}

}  // namespace spandrel::query
