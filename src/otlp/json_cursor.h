// A place in a JSON text, for readers that know which members they expect.
//
// The cursor always stands on the first token of a value. Every read… moves it to the value's last
// token; nextMember and nextItem move it to the first token of the following value:
//
//   if (cursor.beginObject()) while (cursor.nextMember(key)) {
//     if (key == "name") cursor.readText(x); else cursor.skipUnknown();
//   }
//
// Whatever a read does not expect it passes over, counts as unreadable and answers with false; null
// is passed over without counting. After an error all loops end; failed() tells.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/json_text.h"
#include "otlp/traces_data.h"

namespace spandrel::otlp {

class JsonCursor {
 public:
  using Kind = JsonScanner::Kind;

  // `base`: where `text` begins in the whole input, for offsets.
  JsonCursor(std::string_view text, size_t base, ReadReport& report)
      : scanner_(text), base_(base), report_(report) {}

  void advance();  // to the next token; the first call moves to the first value
  Kind kind() const { return token_.kind; }
  bool isNull() const { return token_.kind == Kind::Null; }
  std::string_view tokenText() const { return token_.text; }

  bool beginObject() { return begin(Kind::BeginObject); }
  // `key` lives until the next call; snake_case arrives as lowerCamelCase and is counted.
  bool nextMember(std::string_view& key);
  bool beginArray() { return begin(Kind::BeginArray); }
  bool nextItem();

  void skipValue();
  void skipUnknown();     // the value of a member nobody knows
  void skipUnreadable();  // a value that does not fit; null is fine

  // Well-formed UTF-8; what had to be mended is counted.
  bool readText(std::string& out);
  bool readUint64(uint64_t& out);
  bool readUint32(uint32_t& out);
  // The text of a number, or the content of a string; anything else is false and not passed over.
  bool scalarText(std::string_view& out);

  void fail(ErrorCode code, const char* message);
  bool failed() const { return token_.kind == Kind::Error; }
  Error error() const;
  // Behind the current token, in the whole input.
  size_t offset() const { return base_ + scanner_.offset(); }

 private:
  bool begin(Kind kind);
  std::string unescaped(std::string_view quoted);

  JsonScanner scanner_;
  size_t base_;
  ReadReport& report_;
  JsonScanner::Token token_{Kind::Null, {}};
  std::string buffer_;  // behind scalarText() and keys that had to be rewritten
  bool keyIsSnakeCase_ = false;
  bool stopped_ = false;
  Error error_;
};

}  // namespace spandrel::otlp
