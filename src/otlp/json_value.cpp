#include "otlp/json_value.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/json_text.h"
#include "base/number_text.h"
#include "base/text.h"

namespace spandrel::otlp {
namespace {

using trace::AnyValue;
using Token = JsonScanner::Token;
using TokenKind = JsonScanner::Kind;

std::string wellFormed(std::string text) {
  return isUtf8(text) ? text : sanitizeUtf8(text);
}

AnyValue integerOf(std::string_view digits) {
  int64_t integer = 0;
  return parseInt64(digits, integer) ? AnyValue::of(integer)
                                     : AnyValue::string(std::string(digits));
}

// As JSON.parse and Python do: the last value, at the place of the first.
void keepLastOfEqualKeys(std::vector<AnyValue::Member>& members) {
  std::vector<size_t> order(members.size());
  std::iota(order.begin(), order.end(), size_t{0});
  const auto isBefore = [&](size_t a, size_t b) {
    const int order = members[a].first.compare(members[b].first);
    return order != 0 ? order < 0 : a < b;
  };
  std::sort(order.begin(), order.end(), isBefore);
  std::vector<bool> isRepeated;
  for (size_t i = 1, first = 0; i < order.size(); ++i) {
    if (members[order[i]].first != members[order[first]].first) {
      first = i;
      continue;
    }
    isRepeated.resize(members.size());
    isRepeated[order[i]] = true;
    members[order[first]].second = std::move(members[order[i]].second);
  }
  if (isRepeated.empty()) return;
  size_t kept = 0;
  for (size_t i = 0; i < members.size(); ++i) {
    if (isRepeated[i]) continue;
    if (kept != i) members[kept] = std::move(members[i]);
    ++kept;
  }
  members.resize(kept);
}

// The value that begins with `token`. Recursion is bounded by the scanner's depth limit. Empty
// after an error, which the scanner keeps.
AnyValue valueFrom(JsonScanner& scanner, const Token& token) {
  switch (token.kind) {
    case TokenKind::BeginArray: {
      std::vector<AnyValue> items;
      for (;;) {
        const Token item = scanner.next();
        if (item.kind == TokenKind::EndArray || item.kind == TokenKind::Error) break;
        items.push_back(valueFrom(scanner, item));
      }
      return AnyValue::array(std::move(items));
    }
    case TokenKind::BeginObject: {
      std::vector<AnyValue::Member> members;
      for (;;) {
        const Token key = scanner.next();
        if (key.kind != TokenKind::Key) break;
        std::string name = wellFormed(unquoteJson(key.text));
        const Token first = scanner.next();
        members.emplace_back(std::move(name), valueFrom(scanner, first));
      }
      keepLastOfEqualKeys(members);
      return AnyValue::map(std::move(members));
    }
    case TokenKind::String:
      return AnyValue::string(wellFormed(unquoteJson(token.text)));
    case TokenKind::Integer:
      return integerOf(token.text);
    case TokenKind::Number:
    case TokenKind::NaN:
    case TokenKind::Infinity:
    case TokenKind::MinusInfinity: {
      double number = 0;
      parseDouble(token.text, number);
      return AnyValue::of(number);
    }
    case TokenKind::True:
      return AnyValue::of(true);
    case TokenKind::False:
      return AnyValue::of(false);
    default:
      return AnyValue::empty();
  }
}

void append(std::string& out, const AnyValue& value, int levelsLeft) {
  switch (value.kind) {
    case AnyValue::Kind::Empty:
      out += "null";
      return;
    case AnyValue::Kind::Bool:
      out += value.boolean ? "true" : "false";
      return;
    case AnyValue::Kind::Int:
      out += std::to_string(value.integer);
      return;
    case AnyValue::Kind::Double:
      if (std::isfinite(value.number)) {
        out += doubleText(value.number);
      } else {
        appendJsonString(out, doubleText(value.number));
      }
      return;
    case AnyValue::Kind::String:
      appendJsonString(out, value.text);
      return;
    case AnyValue::Kind::Bytes:
      appendJsonString(
          out, toBase64({reinterpret_cast<const uint8_t*>(value.text.data()), value.text.size()}));
      return;
    case AnyValue::Kind::Json:
      out += value.text;
      return;
    case AnyValue::Kind::Array:
    case AnyValue::Kind::Map:
      break;
  }
  if (levelsLeft == 0) {
    out += "null";
    return;
  }
  const bool isArray = value.kind == AnyValue::Kind::Array;
  out += isArray ? '[' : '{';
  const size_t start = out.size();
  for (const AnyValue& item : value.items) {
    if (out.size() > start) out += ',';
    append(out, item, levelsLeft - 1);
  }
  for (const auto& [key, member] : value.members) {
    if (out.size() > start) out += ',';
    appendJsonString(out, key);
    out += ':';
    append(out, member, levelsLeft - 1);
  }
  out += isArray ? ']' : '}';
}

}  // namespace

Result<AnyValue> parseJsonValue(std::string_view text) {
  JsonScanner scanner(text, trace::kMaxReadDepth);
  AnyValue value = valueFrom(scanner, scanner.next());
  if (scanner.next().kind != TokenKind::End) return scanner.error();
  return value;
}

void appendJsonText(std::string& out, const AnyValue& value) {
  append(out, value, kMaxJsonTextDepth);
}

std::string jsonTextOf(const AnyValue& value) {
  std::string out;
  appendJsonText(out, value);
  return out;
}

int depthOf(const AnyValue& value, int limit) {
  if (limit <= 0 || (value.kind != AnyValue::Kind::Array && value.kind != AnyValue::Kind::Map))
    return 0;
  int inner = 0;
  for (const AnyValue& item : value.items) inner = std::max(inner, depthOf(item, limit - 1));
  for (const auto& [key, member] : value.members)
    inner = std::max(inner, depthOf(member, limit - 1));
  return inner + 1;
}

}  // namespace spandrel::otlp
