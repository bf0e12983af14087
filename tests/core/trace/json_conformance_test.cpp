// Every reader of JSON texts over the cases of json_conformance.h.
#include "json_conformance.h"

#include <gtest/gtest.h>

#include "base/json_members.h"
#include "trace/json_value.h"

namespace spandrel::trace {
namespace {

TEST(JsonConformance, WhatIsJsonIsTakenByEveryReader) {
  for (const auto& [name, text] : test::jsonToTake()) {
    EXPECT_TRUE(checkJson(text).ok()) << name;
    const auto dense = minifyJson(text);
    ASSERT_TRUE(dense.ok()) << name;
    EXPECT_EQ(respaceJson(dense.value()).value(), respaceJson(text).value()) << name;
    const auto value = parseJsonValue(text);
    ASSERT_TRUE(value.ok()) << name << ": " << value.error().message;
    EXPECT_EQ(dumpJson(parseJsonValue(dumpJson(value.value())).value()), dumpJson(value.value()))
        << name;
    JsonMembers members(text);
    while (members.next()) {
    }
    EXPECT_TRUE(members.ok()) << name;
  }
}

TEST(JsonConformance, WhatIsNoJsonIsRefusedByEveryReaderWithItsPlace) {
  for (const auto& [name, text] : test::jsonToRefuse()) {
    const auto checked = checkJson(text);
    ASSERT_FALSE(checked.ok()) << name;
    EXPECT_FALSE(checked.error().message.empty()) << name;
    EXPECT_LE(checked.error().offset, text.size()) << name;
    EXPECT_FALSE(minifyJson(text).ok()) << name;
    EXPECT_FALSE(respaceJson(text).ok()) << name;
    EXPECT_FALSE(parseJsonValue(text).ok()) << name;
    JsonMembers members(text);
    while (members.next()) {
    }
    EXPECT_FALSE(members.ok()) << name;
  }
}

TEST(JsonConformance, WhatReadersMayDecideHasOneAnswer) {
  for (const auto& [name, text, wanted] : test::jsonToDecide()) {
    const auto value = parseJsonValue(text);
    ASSERT_EQ(value.ok(), !wanted.empty()) << name;
    EXPECT_EQ(value.ok() ? dumpJson(value.value()) : "", wanted) << name;
    EXPECT_EQ(checkJson(text).ok(), value.ok()) << name;
  }
}

TEST(JsonConformance, TextsNest512DeepAndValues64) {
  const auto nested = [](size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_TRUE(checkJson(nested(512)).ok());
  EXPECT_EQ(checkJson(nested(513)).error().code, ErrorCode::TooDeep);
  EXPECT_TRUE(parseJsonValue(nested(64)).ok());
  EXPECT_EQ(parseJsonValue(nested(65)).error().code, ErrorCode::TooDeep);
}

}  // namespace
}  // namespace spandrel::trace
