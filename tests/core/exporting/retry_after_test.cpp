#include "exporting/retry_after.h"

#include <gtest/gtest.h>

#include <string>

namespace spandrel::exporting {
namespace {

constexpr int64_t kNow = 784'111'777'000;  // Sun, 06 Nov 1994 08:49:37 GMT

std::optional<int64_t> wait(std::string_view text, std::string_view date = "") {
  return parseRetryAfter(text, date, kNow);
}

TEST(HttpDate, ReadsAllThreeForms) {
  EXPECT_EQ(parseHttpDate("Sun, 06 Nov 1994 08:49:37 GMT", 0), kNow);
  EXPECT_EQ(parseHttpDate("Sunday, 06-Nov-94 08:49:37 GMT", kNow), kNow);
  EXPECT_EQ(parseHttpDate("Sun Nov  6 08:49:37 1994", 0), kNow);
}

TEST(HttpDate, CountsLeapDaysAndTheEpoch) {
  EXPECT_EQ(parseHttpDate("Thu, 01 Jan 1970 00:00:00 GMT", 0), 0);
  EXPECT_EQ(parseHttpDate("Tue, 29 Feb 2000 00:00:00 GMT", 0), 951'782'400'000);
  EXPECT_EQ(parseHttpDate("Fri, 31 Dec 2027 23:59:60 GMT", 0), 1'830'297'600'000);
  EXPECT_EQ(parseHttpDate("Fri, 29 Feb 2100 00:00:00 GMT", 0), std::nullopt);
}

TEST(HttpDate, PlacesTwoDigitYearsWithinFiftyYears) {
  constexpr int64_t k2026 = 1'790'000'000'000;
  EXPECT_EQ(parseHttpDate("Friday, 01-Jan-27 00:00:00 GMT", k2026), 1'798'761'600'000);
  EXPECT_EQ(parseHttpDate("Thursday, 01-Jan-98 00:00:00 GMT", k2026), 883'612'800'000);
}

TEST(HttpDate, RefusesEachCutAndExtension) {
  for (const std::string whole : {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
                                  "Sun Nov  6 08:49:37 1994"}) {
    for (size_t length = 0; length < whole.size(); ++length) {
      EXPECT_EQ(parseHttpDate(whole.substr(0, length), kNow), std::nullopt)
          << whole.substr(0, length);
    }
    EXPECT_EQ(parseHttpDate(whole + " ", kNow), std::nullopt);
  }
}

TEST(HttpDate, RefusesImpossibleTimes) {
  for (const char* text : {"Sun, 32 Nov 1994 08:49:37 GMT", "Sun, 31 Nov 1994 08:49:37 GMT",
                           "Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:00:00 GMT",
                           "Sun, 06 Nov 1994 08:60:00 GMT", "Sun, 06 Nov 1994 08:49:61 GMT",
                           "Sun, 06 Nov 1969 08:49:37 GMT", "Sun, 06 nov 1994 08:49:37 GMT",
                           "Sun, 06 Nov 1994 08:49:37 CET", "2026-11-21T09:00:00Z"}) {
    EXPECT_EQ(parseHttpDate(text, kNow), std::nullopt) << text;
  }
}

TEST(RetryAfter, TakesWholeSeconds) {
  EXPECT_EQ(wait("0"), 0);
  EXPECT_EQ(wait("1"), 1'000);
  EXPECT_EQ(wait("3600"), 3'600'000);
  EXPECT_EQ(wait(" 2\t"), 2'000);
  EXPECT_EQ(wait("007"), 7'000);
}

TEST(RetryAfter, RefusesWhatIsNoWaitAtAll) {
  for (const char* text :
       {"", " ", "-1", "+1", "1e9", "1.5", "1s", "abc", "1 2", "0x10", "\xff", "1,2"}) {
    EXPECT_EQ(wait(text), std::nullopt) << text;
  }
}

TEST(RetryAfter, RefusesMoreThanADay) {
  EXPECT_EQ(wait("86400"), kMaxRetryAfterMillis);
  EXPECT_EQ(wait("86401"), std::nullopt);
  EXPECT_EQ(wait("99999999999999999999999999"), std::nullopt);
  EXPECT_EQ(wait("Tue, 08 Nov 1994 08:49:38 GMT"), std::nullopt);
}

TEST(RetryAfter, ComparesADateWithOurClockWhenTheAnswerHasNone) {
  EXPECT_EQ(wait("Sun, 06 Nov 1994 08:50:37 GMT"), 60'000);
  EXPECT_EQ(wait("Sun, 06 Nov 1994 08:50:37 GMT", "yesterday"), 60'000);
}

TEST(RetryAfter, ReadsAPastDateAsNoWait) {
  EXPECT_EQ(wait("Sun, 06 Nov 1994 08:00:00 GMT"), 0);
}

TEST(RetryAfter, ComparesADateWithTheReceiversOwnClock) {
  // The receiver is two hours ahead of us and asks for ten seconds.
  EXPECT_EQ(wait("Sun, 06 Nov 1994 10:49:47 GMT", "Sun, 06 Nov 1994 10:49:37 GMT"), 10'000);
}

TEST(RetryAfter, TakesBothHeadersInOneText) {
  EXPECT_EQ(parseRetryAfterLines("7", kNow), 7'000);
  EXPECT_EQ(parseRetryAfterLines("7\nrubbish", kNow), 7'000);
  EXPECT_EQ(
      parseRetryAfterLines("Sun, 06 Nov 1994 10:49:47 GMT\nSun, 06 Nov 1994 10:49:37 GMT", kNow),
      10'000);
  EXPECT_EQ(parseRetryAfterLines("\n", kNow), std::nullopt);
}

}  // namespace
}  // namespace spandrel::exporting
