#include "exporting/batch_policy.h"

#include <gtest/gtest.h>

namespace spandrel::exporting {
namespace {

TEST(BatchPolicy, WaitsForNothingWhenNothingWaits) {
  EXPECT_EQ(BatchPolicy{}.waitMillis(0, 0, 0, 1'000), BatchPolicy::kNotYet);
}

TEST(BatchPolicy, LeavesAtOnceWhenFullByCount) {
  const BatchPolicy policy{.maxSpans = 3};
  EXPECT_EQ(policy.waitMillis(2, 10, 0, 0), 5'000);
  EXPECT_EQ(policy.waitMillis(3, 10, 0, 0), 0);
  EXPECT_EQ(policy.waitMillis(4, 10, 0, 0), 0);
}

TEST(BatchPolicy, LeavesAtOnceWhenFullByBytes) {
  const BatchPolicy policy{.maxBytes = 1'000};
  EXPECT_EQ(policy.waitMillis(1, 999, 0, 0), 5'000);
  EXPECT_EQ(policy.waitMillis(1, 1'000, 0, 0), 0);
}

TEST(BatchPolicy, CountsTheDelayFromTheFirstSpan) {
  const BatchPolicy policy;
  EXPECT_EQ(policy.waitMillis(1, 10, 100, 100), 5'000);
  EXPECT_EQ(policy.waitMillis(9, 90, 100, 3'100), 2'000);
  EXPECT_EQ(policy.waitMillis(9, 90, 100, 5'100), 0);
  EXPECT_EQ(policy.waitMillis(9, 90, 100, 90'000), 0);
}

TEST(BatchPolicy, NeverWaitsLongerThanTheDelay) {
  EXPECT_EQ(BatchPolicy{}.waitMillis(1, 1, 1'000'000, 0), 5'000);
  EXPECT_EQ(BatchPolicy{.delayMillis = -5}.waitMillis(1, 1, 0, 0), 0);
}

}  // namespace
}  // namespace spandrel::exporting
