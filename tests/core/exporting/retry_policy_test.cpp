#include "exporting/retry_policy.h"

#include <gtest/gtest.h>

#include <set>

namespace spandrel::exporting {
namespace {

constexpr double kAlmostOne = 0.9999999;

TEST(NextStep, DeliversEverySuccess) {
  for (int status = 200; status < 300; ++status)
    EXPECT_EQ(nextStep(status, 5, true), NextStep::Deliver) << status;
}

TEST(NextStep, RetriesFourStatusesOfAllAndNoAnswer) {
  std::set<int> retried;

  for (int status = 0; status < 600; ++status) {
    if (nextStep(status, 5, true) == NextStep::Retry) retried.insert(status);
  }

  EXPECT_EQ(retried, (std::set<int>{0, 429, 502, 503, 504}));
}

TEST(NextStep, HalvesOnlyWhatHasTwoSpans) {
  for (const int status : {400, 413}) {
    EXPECT_EQ(nextStep(status, 2, false), NextStep::Halve);
    EXPECT_EQ(nextStep(status, 1, false), NextStep::GiveUp);
  }
}

TEST(NextStep, ChangesTheEncodingOnce) {
  EXPECT_EQ(nextStep(415, 5, true), NextStep::OtherEncoding);
  EXPECT_EQ(nextStep(415, 5, false), NextStep::GiveUp);
}

TEST(NextStep, GivesUpOnEveryOtherStatus) {
  for (const int status :
       {300, 301, 302, 307, 308, 401, 403, 404, 405, 408, 422, 425, 500, 501, 505, 599}) {
    EXPECT_EQ(nextStep(status, 5, true), NextStep::GiveUp) << status;
  }
}

TEST(RetryDelay, DoublesFromOneSecondToThirty) {
  const int64_t expected[] = {999, 1'999, 3'999, 7'999, 15'999, 29'999, 29'999, 29'999};
  for (uint32_t attempts = 1; attempts <= 8; ++attempts) {
    EXPECT_EQ(retryDelay(attempts, kAlmostOne, 0, 0, 0), expected[attempts - 1]) << attempts;
  }
  EXPECT_EQ(retryDelay(4'000'000'000u, kAlmostOne, 0, 0, 0), 29'999);
}

TEST(RetryDelay, SpreadsOverTheWholeRange) {
  EXPECT_EQ(retryDelay(3, 0.0, 0, 0, 0), 0);
  EXPECT_EQ(retryDelay(3, 0.25, 0, 0, 0), 1'000);
  EXPECT_EQ(retryDelay(3, 0.5, 0, 0, 0), 2'000);
}

TEST(RetryDelay, KeepsToTheWaitTheReceiverNames) {
  EXPECT_EQ(retryDelay(1, 0.0, 5'000, 0, 0), 5'000);
  EXPECT_EQ(retryDelay(7, kAlmostOne, 5'000, 0, 0), 5'499);
  EXPECT_EQ(retryDelay(1, kAlmostOne, 600'000, 0, 0), 600'999);
}

TEST(RetryDelay, BacksOffWhenTheReceiverSaysAtOnce) {
  EXPECT_EQ(retryDelay(2, 0.5, 0, 0, 0), 1'000);
}

TEST(RetryDelay, GivesUpAfterFifteenMinutes) {
  EXPECT_EQ(retryDelay(40, 0.0, 0, 100, 100 + kBatchLifeMillis), 0);
  EXPECT_EQ(retryDelay(40, 0.5, 0, 100, 100 + kBatchLifeMillis), std::nullopt);
  EXPECT_EQ(retryDelay(40, 0.0, 0, 100, 101 + kBatchLifeMillis), std::nullopt);
}

TEST(RetryDelay, GivesUpWhenTheNamedWaitEndsTooLate) {
  EXPECT_EQ(retryDelay(1, 0.0, 3'600'000, 0, 0), std::nullopt);
}

TEST(RetryDelay, SurvivesAClockThatWentBackAndBadChance) {
  EXPECT_EQ(retryDelay(1, 0.5, 0, 1'000'000, 0), 500);
  for (const double chance : {-1.0, 1.0, 2.0, 1e300, std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_EQ(retryDelay(1, chance, 0, 0, 0), 500);
  }
}

TEST(RetryDelay, NoTenthOfTheFirstSecondHoldsAQuarterOfAHundredClients) {
  int buckets[10] = {};
  uint32_t state = 12345;
  for (int client = 0; client < 100; ++client) {
    state = state * 1'664'525u + 1'013'904'223u;
    buckets[*retryDelay(1, state / 4294967296.0, 0, 0, 0) / 100]++;
  }
  for (const int count : buckets) EXPECT_LE(count, 25);
}

}  // namespace
}  // namespace spandrel::exporting
