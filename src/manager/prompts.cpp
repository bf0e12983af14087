#include "manager/prompts.h"

#include "base/json_members.h"
#include "base/json_text.h"

namespace spandrel::manager {
namespace {

Error invalidPrompt(const char* reason) {
  return {ErrorCode::InvalidParameterValue,
          std::string("a prompt is an object with name and version: ") + reason};
}

}  // namespace

Result<Prompt> parsePrompt(std::string_view json) {
  Prompt prompt;
  bool hasName = false;
  bool hasVersion = false;
  JsonMembers members(json);
  while (members.next()) {
    if (members.key() == "name" && members.isString()) {
      prompt.name = members.text();
      hasName = true;
    } else if (members.key() == "version") {
      const auto kind = members.kind();
      hasVersion = kind == JsonMembers::Kind::String || kind == JsonMembers::Kind::Integer ||
                   kind == JsonMembers::Kind::Number;
      prompt.version = members.text();
    } else if (members.key() == "template") {
      Result<std::string> text = minifyJson(members.value());
      if (text.ok()) prompt.contents = text.take();
    }
  }
  if (!members.ok()) return members.error();
  if (!members.isObject()) return invalidPrompt("this is no object");
  if (!hasName) return invalidPrompt("the name is missing or no text");
  if (!hasVersion) return invalidPrompt("the version is missing or neither a number nor text");
  prompt.json = std::string(json);
  return prompt;
}

}  // namespace spandrel::manager
