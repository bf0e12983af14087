// The tag that says which prompt versions a trace used: a JSON array of {"name", "version"}.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace spandrel::trace {

struct PromptVersion {
  std::string name;
  std::string version;  // always text in the tag, whatever the caller's type was
  bool operator==(const PromptVersion&) const = default;
};

// The tag's value after `prompts` were linked; `current` is its value before, absent if there is no
// tag. Entries that stand there already, as exactly {"name", "version"}, are not added again, and a
// tag that gains nothing keeps its text. InternalError, with the key and the value in the message:
// the current value is no JSON or no list.
Result<std::optional<std::string>> linkedPromptsTag(std::optional<std::string_view> current,
                                                    const std::vector<PromptVersion>& prompts);

}  // namespace spandrel::trace
