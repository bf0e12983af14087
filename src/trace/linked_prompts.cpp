#include "trace/linked_prompts.h"

#include <algorithm>

#include "trace/constants.h"
#include "trace/json_value.h"

namespace spandrel::trace {
namespace {

Error badTag(const char* what, std::string_view value) {
  return Error{ErrorCode::InternalError, std::string(what) + " for '" +
                                             std::string(tag_key::kLinkedPrompts) +
                                             "' tag: " + std::string(value)};
}

AnyValue entryOf(const PromptVersion& prompt) {
  return AnyValue::map(
      {{"name", AnyValue::string(prompt.name)}, {"version", AnyValue::string(prompt.version)}});
}

bool isEntry(const AnyValue& value, const PromptVersion& prompt) {
  if (value.kind != AnyValue::Kind::Map || value.members.size() != 2) return false;
  return std::all_of(value.members.begin(), value.members.end(), [&](const AnyValue::Member& m) {
    if (m.second.kind != AnyValue::Kind::String) return false;
    return (m.first == "name" && m.second.text == prompt.name) ||
           (m.first == "version" && m.second.text == prompt.version);
  });
}

}  // namespace

Result<std::optional<std::string>> linkedPromptsTag(std::optional<std::string_view> current,
                                                    const std::vector<PromptVersion>& prompts) {
  std::optional<std::string> unchanged;
  if (current) unchanged = std::string(*current);
  if (prompts.empty()) return unchanged;

  AnyValue list = AnyValue::array({});
  if (current) {
    Result<AnyValue> parsed = parseJsonValue(*current);
    if (!parsed.ok()) return badTag("Invalid JSON format", *current);
    list = parsed.take();
    if (list.kind != AnyValue::Kind::Array) return badTag("Invalid format", *current);
  }
  // New entries are compared with the tag as it was, not with each other.
  const size_t before = list.items.size();
  for (const PromptVersion& prompt : prompts) {
    const auto end = list.items.begin() + static_cast<std::ptrdiff_t>(before);
    const bool isThere = std::any_of(list.items.begin(), end,
                                     [&](const AnyValue& entry) { return isEntry(entry, prompt); });
    if (!isThere) list.items.push_back(entryOf(prompt));
  }
  if (list.items.size() == before) return unchanged;
  return std::optional<std::string>(dumpJson(list, JsonEscapes::Ascii));
}

}  // namespace spandrel::trace
