#include "base/json_members.h"

namespace spandrel {

JsonMembers::JsonMembers(std::string_view json, int maxDepth)
    : json_(json), scanner_(json, maxDepth), container_(scanner_.next().kind) {
  if (container_ == Kind::Error) fail();
  if (!isObject() && !isArray()) {
    // A scalar: walk past it, so that what follows it is an error too.
    if (!failed_ && scanner_.next().kind == Kind::Error) fail();
    ended_ = true;
  }
}

bool JsonMembers::next() {
  if (ended_) return false;
  JsonScanner::Token token = scanner_.next();
  key_.clear();
  if (token.kind == Kind::Key) {
    key_ = unquoteJson(token.text);
    token = scanner_.next();
  } else if (token.kind == Kind::EndObject || token.kind == Kind::EndArray) {
    ended_ = true;
    if (scanner_.next().kind == Kind::Error) fail();
    return false;
  }
  if (token.kind == Kind::Error) return fail();

  kind_ = token.kind;
  const char* start = token.text.data();
  while (scanner_.depth() > 1) {
    if (scanner_.next().kind == Kind::Error) return fail();
  }
  value_ = std::string_view(start, static_cast<size_t>(json_.data() + scanner_.offset() - start));
  return true;
}

std::string JsonMembers::text() const {
  return isString() ? unquoteJson(value_) : std::string(value_);
}

bool JsonMembers::fail() {
  failed_ = true;
  ended_ = true;
  return false;
}

}  // namespace spandrel
