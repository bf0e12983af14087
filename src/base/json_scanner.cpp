#include "base/json_text.h"
#include "base/text.h"

namespace spandrel {
namespace {

bool isDigit(char c) {
  return c >= '0' && c <= '9';
}

bool isHex(char c) {
  return isDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

}  // namespace

JsonScanner::Token JsonScanner::next() {
  if (failed_) return {Kind::Error, {}};
  skipSpace();
  if (expect_ == Expect::Nothing) {
    if (position_ < text_.size()) return fail("text after the end of the JSON value");
    return {Kind::End, {}};
  }
  if (position_ == text_.size()) return fail("JSON text ends too early", ErrorCode::Truncated);

  const char c = text_[position_];
  if (expect_ == Expect::CommaOrEnd) {
    if (c == (open_.back() == '{' ? '}' : ']')) return end(c);
    if (c != ',') return fail("expected a comma or the end of the list");
    ++position_;
    skipSpace();
    if (position_ == text_.size()) return fail("JSON text ends too early", ErrorCode::Truncated);
    return open_.back() == '{' ? key() : value();
  }
  if (expect_ == Expect::KeyOrEnd) return c == '}' ? end(c) : key();
  if (expect_ == Expect::ValueOrEnd && c == ']') return end(c);
  return value();
}

JsonScanner::Token JsonScanner::value() {
  const char c = text_[position_];
  switch (c) {
    case '{':
    case '[':
      return begin(c);
    case '"':
      return string(Kind::String);
    case 't':
      return word("true", Kind::True);
    case 'f':
      return word("false", Kind::False);
    case 'n':
      return word("null", Kind::Null);
    case 'N':
      return word("NaN", Kind::NaN);
    case 'I':
      return word("Infinity", Kind::Infinity);
    case '-':
      if (position_ + 1 < text_.size() && text_[position_ + 1] == 'I') {
        return word("-Infinity", Kind::MinusInfinity);
      }
      return number();
    default:
      return isDigit(c) ? number() : fail("expected a JSON value");
  }
}

JsonScanner::Token JsonScanner::key() {
  if (text_[position_] != '"') return fail("expected a key in double quotes");
  const Token token = string(Kind::Key);
  if (token.kind == Kind::Error) return token;
  skipSpace();
  if (position_ == text_.size()) return fail("JSON text ends too early", ErrorCode::Truncated);
  if (text_[position_] != ':') return fail("expected a colon after the key");
  ++position_;
  expect_ = Expect::Value;
  return token;
}

JsonScanner::Token JsonScanner::begin(char open) {
  if (depth() >= maxDepth_) return fail("JSON text is nested too deep", ErrorCode::TooDeep);
  open_.push_back(open);
  expect_ = open == '{' ? Expect::KeyOrEnd : Expect::ValueOrEnd;
  return done(open == '{' ? Kind::BeginObject : Kind::BeginArray, position_++);
}

JsonScanner::Token JsonScanner::end(char close) {
  open_.pop_back();
  valueEnded();
  return done(close == '}' ? Kind::EndObject : Kind::EndArray, position_++);
}

JsonScanner::Token JsonScanner::string(Kind kind) {
  const size_t start = position_++;
  for (;;) {
    position_ += plainJsonRun(text_, position_);
    if (position_ == text_.size()) return fail("string without an end", ErrorCode::Truncated);
    const char c = text_[position_];
    if (c == '"') break;
    if (c != '\\') return fail("control character inside a string");
    if (position_ + 1 >= text_.size()) return fail("string without an end", ErrorCode::Truncated);
    const char escape = text_[position_ + 1];
    if (escape == 'u') {
      for (size_t i = 2; i < 6; ++i) {
        if (position_ + i >= text_.size()) {
          return fail("string without an end", ErrorCode::Truncated);
        }
        if (!isHex(text_[position_ + i])) return fail("\\u needs four hex digits");
      }
      position_ += 6;
    } else if (std::string_view("\"\\/bfnrt").find(escape) != std::string_view::npos) {
      position_ += 2;
    } else {
      return fail("unknown escape in a string");
    }
  }
  ++position_;
  if (kind == Kind::String) valueEnded();
  return {kind, text_.substr(start, position_ - start)};
}

JsonScanner::Token JsonScanner::number() {
  const size_t start = position_;
  const auto digits = [&] {
    const size_t first = position_;
    while (position_ < text_.size() && isDigit(text_[position_])) ++position_;
    return position_ > first;
  };
  Kind kind = Kind::Integer;
  if (text_[position_] == '-') ++position_;
  if (position_ < text_.size() && text_[position_] == '0') {
    ++position_;
  } else if (!digits()) {
    return failAtCharacter("expected a digit");
  }
  if (position_ < text_.size() && text_[position_] == '.') {
    ++position_;
    kind = Kind::Number;
    if (!digits()) return failAtCharacter("expected a digit after the point");
  }
  if (position_ < text_.size() && (text_[position_] == 'e' || text_[position_] == 'E')) {
    ++position_;
    kind = Kind::Number;
    if (position_ < text_.size() && (text_[position_] == '+' || text_[position_] == '-')) {
      ++position_;
    }
    if (!digits()) return failAtCharacter("expected a digit in the exponent");
  }
  valueEnded();
  return {kind, text_.substr(start, position_ - start)};
}

JsonScanner::Token JsonScanner::word(std::string_view spelled, Kind kind) {
  const std::string_view rest = text_.substr(position_);
  if (!rest.starts_with(spelled)) {
    return spelled.starts_with(rest) ? fail("JSON text ends too early", ErrorCode::Truncated)
                                     : fail("expected a JSON value");
  }
  const size_t start = position_;
  position_ += spelled.size();
  valueEnded();
  return {kind, text_.substr(start, spelled.size())};
}

JsonScanner::Token JsonScanner::done(Kind kind, size_t start) {
  return {kind, text_.substr(start, 1)};
}

JsonScanner::Token JsonScanner::fail(const char* message, ErrorCode code) {
  failed_ = true;
  error_ = Error{code, message, position_};
  return {Kind::Error, {}};
}

JsonScanner::Token JsonScanner::failAtCharacter(const char* message) {
  return position_ == text_.size() ? fail("JSON text ends too early", ErrorCode::Truncated)
                                   : fail(message);
}

void JsonScanner::skipSpace() {
  while (position_ < text_.size()) {
    const char c = text_[position_];
    if (c != ' ' && c != '\n' && c != '\t' && c != '\r') return;
    ++position_;
  }
}

}  // namespace spandrel
