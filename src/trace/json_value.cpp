#include "trace/json_value.h"

#include <unordered_map>

#include "base/number_text.h"
#include "base/text.h"

namespace spandrel::trace {
namespace {

using Kind = JsonScanner::Kind;

// Values are built by us or read with a depth limit; this only bounds what a native caller made.
constexpr int kMaxWriteDepth = 512;

AnyValue integerValue(std::string_view digits, LargeIntegers largeIntegers) {
  int64_t integer = 0;
  if (parseInt64(digits, integer)) return AnyValue::of(integer);
  return largeIntegers == LargeIntegers::Json ? AnyValue::json(std::string(digits))
                                              : AnyValue::string(std::string(digits));
}

std::string stringValue(std::string_view quoted) {
  std::string text = unquoteJson(quoted);
  return isUtf8(text) ? text : sanitizeUtf8(text);
}

AnyValue doubleValue(std::string_view text) {
  double number = 0;
  parseDouble(text, number);  // the scanner has checked it
  return AnyValue::of(number);
}

AnyValue scalarValue(const JsonScanner::Token& token, LargeIntegers largeIntegers) {
  switch (token.kind) {
    case Kind::String:
      return AnyValue::string(stringValue(token.text));
    case Kind::Integer:
      return integerValue(token.text, largeIntegers);
    case Kind::Number:
    case Kind::NaN:
    case Kind::Infinity:
    case Kind::MinusInfinity:
      return doubleValue(token.text);
    case Kind::True:
      return AnyValue::of(true);
    case Kind::False:
      return AnyValue::of(false);
    default:
      return AnyValue::empty();
  }
}

void dropRepeatedKeys(std::vector<AnyValue::Member>& members) {
  std::unordered_map<std::string, size_t> places;
  places.reserve(members.size());
  size_t kept = 0;
  for (size_t i = 0; i < members.size(); ++i) {
    const auto [place, isNew] = places.emplace(members[i].first, kept);
    if (!isNew) {
      members[place->second].second = std::move(members[i].second);
      continue;
    }
    if (kept != i) members[kept] = std::move(members[i]);
    ++kept;
  }
  members.resize(kept);
}

// A container that waits for its end.
struct Open {
  AnyValue value;
  std::string key;  // of the member that comes next
};

void add(Open& open, AnyValue value) {
  if (open.value.kind == AnyValue::Kind::Map) {
    open.value.members.emplace_back(std::move(open.key), std::move(value));
  } else {
    open.value.items.push_back(std::move(value));
  }
}

void append(std::string& out, const AnyValue& value, JsonEscapes escapes, int depth);

void appendJsonText(std::string& out, const std::string& text, JsonEscapes escapes) {
  const Result<std::string> respaced = respaceJson(text);
  if (!respaced.ok()) {
    appendJsonString(out, text, escapes);
  } else if (escapes == JsonEscapes::Ascii) {
    appendAsciiJson(out, respaced.value());
  } else {
    out.append(respaced.value());
  }
}

void appendArray(std::string& out, const AnyValue& value, JsonEscapes escapes, int depth) {
  out.push_back('[');
  for (size_t i = 0; i < value.items.size(); ++i) {
    if (i > 0) out.append(", ");
    append(out, value.items[i], escapes, depth + 1);
  }
  out.push_back(']');
}

void appendMap(std::string& out, const AnyValue& value, JsonEscapes escapes, int depth) {
  out.push_back('{');
  for (size_t i = 0; i < value.members.size(); ++i) {
    if (i > 0) out.append(", ");
    appendJsonString(out, value.members[i].first, escapes);
    out.append(": ");
    append(out, value.members[i].second, escapes, depth + 1);
  }
  out.push_back('}');
}

void append(std::string& out, const AnyValue& value, JsonEscapes escapes, int depth) {
  if (depth > kMaxWriteDepth) {
    out.append("null");
    return;
  }
  switch (value.kind) {
    case AnyValue::Kind::Empty:
      out.append("null");
      return;
    case AnyValue::Kind::Bool:
      out.append(value.boolean ? "true" : "false");
      return;
    case AnyValue::Kind::Int:
      out.append(std::to_string(value.integer));
      return;
    case AnyValue::Kind::Double:
      out.append(pythonDoubleText(value.number));
      return;
    case AnyValue::Kind::String:
      appendJsonString(out, value.text, escapes);
      return;
    case AnyValue::Kind::Bytes:
      out.push_back('"');
      out.append(
          toBase64({reinterpret_cast<const uint8_t*>(value.text.data()), value.text.size()}));
      out.push_back('"');
      return;
    case AnyValue::Kind::Json:
      appendJsonText(out, value.text, escapes);
      return;
    case AnyValue::Kind::Array:
      appendArray(out, value, escapes, depth);
      return;
    case AnyValue::Kind::Map:
      appendMap(out, value, escapes, depth);
      return;
  }
}

}  // namespace

Result<AnyValue> parseJsonValue(std::string_view text, LargeIntegers largeIntegers) {
  JsonScanner scanner(text, kMaxReadDepth);
  std::vector<Open> open;
  AnyValue root;
  size_t count = 0;
  for (;;) {
    const JsonScanner::Token token = scanner.next();
    AnyValue value;
    switch (token.kind) {
      case Kind::Error:
        return scanner.error();
      case Kind::End:
        return root;
      case Kind::BeginObject:
      case Kind::BeginArray:
        open.emplace_back();
        open.back().value.kind =
            token.kind == Kind::BeginObject ? AnyValue::Kind::Map : AnyValue::Kind::Array;
        continue;
      case Kind::Key:
        open.back().key = stringValue(token.text);
        continue;
      case Kind::EndObject:
        value = std::move(open.back().value);
        open.pop_back();
        if (value.members.size() > 1) dropRepeatedKeys(value.members);
        break;
      case Kind::EndArray:
        value = std::move(open.back().value);
        open.pop_back();
        break;
      default:
        value = scalarValue(token, largeIntegers);
    }
    if (++count > kMaxJsonValues) {
      return Error{ErrorCode::TooLarge, "JSON text holds too many values", scanner.offset()};
    }
    if (open.empty()) {
      root = std::move(value);
    } else {
      add(open.back(), std::move(value));
    }
  }
}

void appendJson(std::string& out, const AnyValue& value, JsonEscapes escapes) {
  append(out, value, escapes, 0);
}

std::string dumpJson(const AnyValue& value, JsonEscapes escapes) {
  std::string out;
  appendJson(out, value, escapes);
  return out;
}

}  // namespace spandrel::trace
