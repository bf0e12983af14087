// Prompts that a trace used. (The tag that names them: trace/linked_prompts.h.)
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace spandrel::manager {

// One version of a prompt. Two are the same when name, version and template are.
struct Prompt {
  std::string name;
  std::string version;   // the number as text
  std::string contents;  // JSON text of "template" without white space; empty: not given
  std::string json;      // the object as it was given

  bool operator==(const Prompt& other) const {
    return name == other.name && version == other.version && contents == other.contents;
  }
};

// From {"name": …, "version": number or text, "template"?: …, …}. Further keys are kept.
Result<Prompt> parsePrompt(std::string_view json);

}  // namespace spandrel::manager
