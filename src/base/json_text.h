// JSON as text: quoting, respacing, escaping and checking without building a tree.
//
// Two writers of JSON meet here. JavaScript's writes no spaces; Python's writes ", " and ": " and
// either keeps non-ASCII characters or escapes them. Numbers and the order of keys are never
// touched, so 64-bit integers and repeated keys survive every function of this file.
//
// What is accepted is what Python's reader accepts: JSON, and the bare words NaN, Infinity and
// -Infinity. Nesting is bounded by an argument; nothing recurses.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace spandrel {

// Texts nested deeper than this are refused by every function that has no limit of its own.
inline constexpr int kMaxJsonTextDepth = 512;

enum class JsonEscapes : uint8_t {
  Needed,  // only ", \ and U+0000 to U+001F; everything else stays (Python's ensure_ascii=False)
  Ascii,   // also all from U+007F up, as UTF-16 \uXXXX in small hex; ill-formed UTF-8 as \ufffd
};

// Appends `text` as a JSON string with its quotes.
void appendJsonString(std::string& out, std::string_view text,
                      JsonEscapes escapes = JsonEscapes::Needed);
std::string quoteJson(std::string_view text, JsonEscapes escapes = JsonEscapes::Needed);

// Appends a JSON text with all from U+007F up escaped. What is ASCII stays as it is.
void appendAsciiJson(std::string& out, std::string_view json);
std::string asciiJson(std::string_view json);

// Well-formed, one value, nothing after it.
Result<Done> checkJson(std::string_view json, int maxDepth = kMaxJsonTextDepth);
// The separators become ", " and ": "; other white space between tokens goes.
Result<std::string> respaceJson(std::string_view json);
// White space between tokens goes.
Result<std::string> minifyJson(std::string_view json);

// The content of a JSON string given with its quotes; an unpaired surrogate and ill-formed
// UTF-8 become U+FFFD.
// The token must come from a JsonScanner.
std::string unquoteJson(std::string_view quoted);

// Reads a text token by token and checks the grammar on the way.
//
//   JsonScanner scanner(text);
//   for (;;) { auto token = scanner.next(); if (token.kind == JsonScanner::Kind::End) … }
//
// After Kind::Error every further call gives Kind::Error; error() says what and where.
class JsonScanner {
 public:
  enum class Kind : uint8_t {
    BeginObject,
    EndObject,
    BeginArray,
    EndArray,
    Key,
    String,   // text with quotes
    Integer,  // digits, perhaps a sign
    Number,   // with fraction or exponent
    True,
    False,
    Null,
    NaN,
    Infinity,
    MinusInfinity,
    End,
    Error
  };
  struct Token {
    Kind kind;
    std::string_view text;  // as it stands in the input
  };

  explicit JsonScanner(std::string_view text, int maxDepth = kMaxJsonTextDepth)
      : text_(text), maxDepth_(maxDepth) {}

  Token next();
  int depth() const { return static_cast<int>(open_.size()); }
  size_t offset() const { return position_; }
  const Error& error() const { return error_; }

 private:
  enum class Expect : uint8_t { Value, ValueOrEnd, KeyOrEnd, Key, CommaOrEnd, Nothing };

  Token value();
  Token key();
  Token begin(char open);
  Token end(char close);
  Token string(Kind kind);
  Token number();
  Token word(std::string_view spelled, Kind kind);
  Token done(Kind kind, size_t start);
  Token fail(const char* message, ErrorCode code = ErrorCode::Malformed);
  Token failAtCharacter(const char* message);
  void skipSpace();
  void valueEnded() { expect_ = open_.empty() ? Expect::Nothing : Expect::CommaOrEnd; }

  std::string_view text_;
  size_t position_ = 0;
  int maxDepth_;
  std::string open_;  // '{' and '[' that wait for their end
  Expect expect_ = Expect::Value;
  bool failed_ = false;
  Error error_;
};

}  // namespace spandrel
