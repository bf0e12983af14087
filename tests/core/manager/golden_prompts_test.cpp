// The recorded cases of linked prompts through the manager (tests/golden/prompts.json).

#include <gtest/gtest.h>

#include "golden.h"
#include "manager/trace_manager.h"
#include "span_builder.h"
#include "trace/constants.h"
#include "trace/json_value.h"
#include "trace/linked_prompts.h"

namespace spandrel::manager {
namespace {

using golden::Json;

Prompt promptOf(const Json& recorded) {
  const auto prompt = parsePrompt(trace::dumpJson(golden::untag(recorded)));
  EXPECT_TRUE(prompt.ok()) << recorded.dump();
  return prompt.value();
}

std::vector<std::string> namesOf(const std::vector<Prompt>& prompts) {
  std::vector<std::string> names;
  for (const Prompt& prompt : prompts) names.push_back(prompt.name + "@" + prompt.version);
  return names;
}

std::vector<std::string> namesOf(const Json& recorded) {
  std::vector<std::string> names;
  for (const Json& each : recorded)
    names.push_back(promptOf(each).name + "@" + promptOf(each).version);
  return names;
}

Json tagOf(const trace::TraceInfo& info) {
  const auto found = info.tags.find(std::string(trace::tag_key::kLinkedPrompts));
  return found == info.tags.end() ? Json(nullptr) : Json(found->second);
}

bool runSteps(const Json& recorded) {
  TraceManager manager;
  trace::TraceInfo info = infoOf(traceId(1));
  if (recorded["tag_before"].is_string())
    info.tags[std::string(trace::tag_key::kLinkedPrompts)] = recorded["tag_before"];
  const std::string known = info.traceId;
  const std::string asked = recorded["name"] == "unknown trace" ? "tr-unknown" : known;
  EXPECT_TRUE(manager.registerTrace(traceId(1), info, 0).ok());

  bool isEqual = true;
  for (const Json& step : recorded["steps"]) {
    const auto done = manager.registerPrompt(asked, promptOf(step["prompt"]));
    isEqual &= done.ok() != step.contains("error");
    if (!done.ok() && step.contains("error")) {
      const bool isKeyError = step["error"]["type"] == "KeyError";
      isEqual &= done.error().code ==
                 (isKeyError ? ErrorCode::ResourceDoesNotExist : ErrorCode::InternalError);
      if (!isKeyError)
        isEqual &= done.error().message.find(trace::tag_key::kLinkedPrompts) != std::string::npos;
    }
    isEqual &= tagOf(manager.getTrace(known)->info) == step["tag_after"];
    isEqual &= namesOf(manager.getPrompts(known)) == namesOf(step["prompts_after"]);
  }
  const auto popped = manager.popTrace(traceId(1), 0);
  isEqual &= namesOf(popped->prompts) == namesOf(recorded["popped_prompts"]);
  return isEqual && tagOf(popped->trace.info) == recorded["popped_tag"];
}

bool runHelper(const Json& recorded) {
  std::vector<trace::PromptVersion> prompts;
  for (const Json& each : recorded["prompts"])
    prompts.push_back({promptOf(each).name, promptOf(each).version});
  std::optional<std::string> before;
  if (recorded["tag_before"].is_string()) before = recorded["tag_before"].get<std::string>();
  const auto tag = trace::linkedPromptsTag(before, prompts);
  if (!tag.ok()) return false;
  return (tag.value() ? Json(*tag.value()) : Json(nullptr)) == recorded["expected"]["value"];
}

TEST(GoldenPrompts, TagAndPromptsAgreeAfterEveryStep) {
  const Json file = golden::load("prompts.json");
  int passed = 0;
  for (const Json& recorded : file["cases"]) {
    const bool isEqual = recorded.contains("steps") ? runSteps(recorded) : runHelper(recorded);
    passed += isEqual;
    EXPECT_TRUE(isEqual) << recorded["name"];
  }
  std::printf("golden prompts: passed %d of %zu, deviations 0\n", passed, file["cases"].size());
}

}  // namespace
}  // namespace spandrel::manager
