// Walking one level of a JSON text: the members of an object or the elements of an array, each with
// the text of its value. Readers of dictionaries use it instead of a tree, so what they do not need
// costs no memory, and values that are kept as text are kept exactly.
//
//   JsonMembers members(text);
//   while (members.next()) if (members.key() == "name") …members.value()…
//   if (!members.ok()) return members.error();
//
// The text is checked while it is walked: only after next() has returned false is it known to be
// well-formed. A walker over the value of a member checks that value again.
#pragma once

#include <string>
#include <string_view>

#include "base/json_text.h"

namespace spandrel {

class JsonMembers {
 public:
  using Kind = JsonScanner::Kind;

  explicit JsonMembers(std::string_view json, int maxDepth = kMaxJsonTextDepth);

  bool isObject() const { return container_ == Kind::BeginObject; }
  bool isArray() const { return container_ == Kind::BeginArray; }

  // False at the end, at an error, and at once where the text is no object and no array.
  bool next();

  // Of the member next() found. Elements of arrays have an empty key.
  const std::string& key() const { return key_; }
  std::string_view value() const { return value_; }
  // The first token of the value: BeginObject, BeginArray or a scalar.
  Kind kind() const { return kind_; }
  bool isString() const { return kind_ == Kind::String; }
  bool isNull() const { return kind_ == Kind::Null; }
  // The content of a string value; for anything else its text.
  std::string text() const;
  size_t offset() const { return static_cast<size_t>(value_.data() - json_.data()); }

  bool ok() const { return !failed_; }
  const Error& error() const { return scanner_.error(); }

 private:
  bool fail();

  std::string_view json_;
  JsonScanner scanner_;
  Kind container_;
  bool failed_ = false;
  bool ended_ = false;
  std::string key_;
  std::string_view value_;
  Kind kind_ = Kind::Null;
};

}  // namespace spandrel
