#include "query/filter_lexer.h"

#include <string>

namespace spandrel::query {
namespace {

constexpr size_t kNone = std::string_view::npos;

bool isSpace(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}
bool isDigit(char c) {
  return c >= '0' && c <= '9';
}
bool isLetter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<uint8_t>(c) >= 0x80;
}
bool isNameCharacter(char c) {
  return isLetter(c) || isDigit(c) || c == '$' || c == '#' || c == '@';
}
bool isOperator(char c) {
  return c == '=' || c == '<' || c == '>' || c == '!' || c == '~';
}
char upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

}  // namespace

bool Token::isWord(std::string_view upperCase) const {
  if (kind != Kind::Name || text.size() != upperCase.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (upper(text[i]) != upperCase[i]) return false;
  }
  return true;
}

std::string_view Token::content() const {
  return text.size() < 2 ? text : text.substr(1, text.size() - 2);
}

std::string_view withoutNameQuotes(std::string_view part) {
  const bool isQuoted = part.size() >= 2 && (part.front() == '`' || part.front() == '"') &&
                        part.find(part.front(), 1) == part.size() - 1;
  return isQuoted ? part.substr(1, part.size() - 2) : part;
}

Token Lexer::next() {
  while (at_ < text_.size() && isSpace(text_[at_])) ++at_;
  if (at_ == text_.size()) return Token{Token::Kind::End, {}, at_};
  const char c = text_[at_];
  if (c == '(') return take(Token::Kind::Open, at_ + 1);
  if (c == ')') return take(Token::Kind::Close, at_ + 1);
  if (c == ',') return take(Token::Kind::Comma, at_ + 1);
  if (isOperator(c)) {
    size_t end = at_;
    while (end < text_.size() && isOperator(text_[end])) ++end;
    return take(Token::Kind::Operator, end);
  }
  if (c == '\'') {
    const size_t end = endOfQuoted(at_);
    return end == kNone ? take(Token::Kind::Unknown, text_.size()) : take(Token::Kind::Text, end);
  }
  if (isDigit(c) || c == '-' || c == '.') {
    const size_t end = endOfNumber(at_);
    if (end != kNone) return take(Token::Kind::Number, end);
  }
  if (isLetter(c) || c == '`' || c == '"') return name();
  return take(Token::Kind::Unknown, at_ + 1);
}

Token Lexer::take(Token::Kind kind, size_t end) {
  const Token token{kind, text_.substr(at_, end - at_), at_};
  at_ = end;
  return token;
}

// Parts with dots between them; a part may be quoted, and the last may be missing ("tag.").
Token Lexer::name() {
  const size_t start = at_;
  size_t at = at_, firstDot = Token::kNoDot;
  for (;;) {
    if (at < text_.size() && (text_[at] == '`' || text_[at] == '"')) {
      at = endOfQuoted(at);
      if (at == kNone) return take(Token::Kind::Unknown, text_.size());
    } else {
      while (at < text_.size() && isNameCharacter(text_[at])) ++at;
    }
    if (at == text_.size() || text_[at] != '.') break;
    if (firstDot == Token::kNoDot) firstDot = at - start;
    ++at;
  }
  const bool isQuoted = text_[start] == '"' && firstDot == Token::kNoDot;
  Token token = take(isQuoted ? Token::Kind::Quoted : Token::Kind::Name, at);
  token.firstDot = firstDot;
  return token;
}

// A quote that is doubled or stands behind a backslash belongs to the text, unless the text would
// then have no end. (Names in backticks know no backslash.)
size_t Lexer::endOfQuoted(size_t start) const {
  const char quote = text_[start];
  size_t fallback = kNone;
  for (size_t at = start + 1; at < text_.size(); ++at) {
    if (text_[at] == '\\' && quote != '`' && at + 1 < text_.size() && text_[at + 1] == quote) {
      fallback = ++at;
    } else if (text_[at] == quote) {
      if (at + 1 == text_.size() || text_[at + 1] != quote) return at + 1;
      fallback = at++;
    }
  }
  return fallback == kNone ? kNone : fallback + 1;
}

size_t Lexer::endOfNumber(size_t start) const {
  size_t at = start;
  const auto digits = [&] {
    const size_t first = at;
    while (at < text_.size() && isDigit(text_[at])) ++at;
    return at > first;
  };
  if (text_[at] == '-') ++at;
  const bool hasWhole = digits();
  bool hasFraction = false;
  if (at < text_.size() && text_[at] == '.') {
    ++at;
    hasFraction = digits();
  }
  if (!hasWhole && !hasFraction) return kNone;
  if (at < text_.size() && (text_[at] == 'e' || text_[at] == 'E')) {
    const size_t mantissa = at++;
    if (at < text_.size() && (text_[at] == '-' || text_[at] == '+')) ++at;
    if (!digits()) at = mantissa;
  }
  const bool goesOn = at < text_.size() && (isNameCharacter(text_[at]) || text_[at] == '.');
  return goesOn ? kNone : at;
}

}  // namespace spandrel::query
