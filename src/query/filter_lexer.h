// The words of a filter string, by the rules of SQL texts as MLflow's server splits them.
#pragma once

#include <cstdint>
#include <string_view>

namespace spandrel::query {

struct Token {
  enum class Kind : uint8_t {
    Name,      // a, a.b, a.`b c`.d, `a`
    Text,      // '…'
    Quoted,    // "…" alone: a name or a text, by its place
    Number,    // 5, -1.5, 1e3
    Operator,  // a run of = < > ! ~
    Open,
    Close,
    Comma,
    End,
    Unknown,  // a character that has no place in a filter, a text without an end
  };
  static constexpr size_t kNoDot = SIZE_MAX;

  Kind kind = Kind::End;
  std::string_view text;     // as it stands, with quotes
  size_t offset = 0;         // bytes
  size_t firstDot = kNoDot;  // of a name: the dot that ends its first part

  bool isName() const { return kind == Kind::Name || kind == Kind::Quoted; }
  // Case does not count; names in quotes are no words.
  bool isWord(std::string_view upperCase) const;
  // What stands between the quotes, untouched: a doubled quote stays doubled, as at the server.
  std::string_view content() const;
};

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}
  // The next token; Kind::End again and again after the last.
  Token next();

 private:
  Token take(Token::Kind kind, size_t end);
  Token name();
  size_t endOfQuoted(size_t start) const;
  size_t endOfNumber(size_t start) const;

  std::string_view text_;
  size_t at_ = 0;
};

// Content of a part in backticks or double quotes, or the part itself.
std::string_view withoutNameQuotes(std::string_view part);

}  // namespace spandrel::query
