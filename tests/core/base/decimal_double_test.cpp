#include "base/decimal_double.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <random>

namespace spandrel {
namespace {

double fromBits(uint64_t bits) {
  double value = 0;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

// Every exponent and mantissa pattern is as likely as any other.
double randomPositive(std::mt19937_64& random) {
  for (;;) {
    const double value = std::fabs(fromBits(random()));
    if (std::isfinite(value) && value > 0) return value;
  }
}

std::string textOf(const DecimalDigits& decimal) {
  return "0." + decimal.digits + "e" + std::to_string(decimal.point);
}

TEST(DecimalDouble, DigitsReadBackByTheLibraryAndByUs) {
  std::mt19937_64 random(1);

  for (int i = 0; i < 20000; ++i) {
    const double value = randomPositive(random);
    const DecimalDigits decimal = shortestDigits(value);

    ASSERT_EQ(std::strtod(textOf(decimal).c_str(), nullptr), value) << textOf(decimal);
    ASSERT_EQ(
        doubleOfDigits(decimal.digits, decimal.point - static_cast<int>(decimal.digits.size())),
        value)
        << textOf(decimal);
  }
}

TEST(DecimalDouble, NoShorterDecimalReadsBack) {
  std::mt19937_64 random(2);

  for (int i = 0; i < 20000; ++i) {
    const double value = randomPositive(random);
    const DecimalDigits decimal = shortestDigits(value);
    if (decimal.digits.size() < 2) continue;
    char shorter[64];
    std::snprintf(shorter, sizeof shorter, "%.*e", static_cast<int>(decimal.digits.size()) - 2,
                  value);

    ASSERT_NE(std::strtod(shorter, nullptr), value) << textOf(decimal);
  }
}

TEST(DecimalDouble, AnyDigitsRoundAsTheLibraryDoes) {
  std::mt19937_64 random(3);

  for (int i = 0; i < 20000; ++i) {
    std::string digits;
    const size_t length = 1 + random() % (i % 100 == 0 ? 900 : 25);
    while (digits.size() < length) digits += static_cast<char>('0' + random() % 10);
    const int exponent = static_cast<int>(random() % 700) - 350 - static_cast<int>(length / 2);
    const std::string text = digits + "e" + std::to_string(exponent);

    ASSERT_EQ(doubleOfDigits(digits, exponent), std::strtod(text.c_str(), nullptr)) << text;
  }
}

TEST(DecimalDouble, EdgesOfTheRange) {
  EXPECT_EQ(textOf(shortestDigits(5e-324)), "0.5e-323");
  EXPECT_EQ(textOf(shortestDigits(2.2250738585072014e-308)), "0.22250738585072014e-307");
  EXPECT_EQ(textOf(shortestDigits(std::numeric_limits<double>::max())), "0.17976931348623157e309");
  EXPECT_EQ(doubleOfDigits("24703282292062327", -340), 0.0);
  EXPECT_EQ(doubleOfDigits("24703282292062328", -340), 5e-324);
  EXPECT_EQ(doubleOfDigits("17976931348623158", 292), std::numeric_limits<double>::max());
  EXPECT_TRUE(std::isinf(doubleOfDigits("1797693134862315808", 290)));
  EXPECT_TRUE(std::isinf(doubleOfDigits("1", 100000)));
  EXPECT_EQ(doubleOfDigits("1", -100000), 0.0);
  EXPECT_EQ(doubleOfDigits("000", 5), 0.0);
}

TEST(DecimalDouble, AMiddleIsRoundedToEvenAndAHairAboveItUp) {
  const std::string middle = "9007199254740993";  // between 2^53 and 2^53 + 2

  EXPECT_EQ(doubleOfDigits(middle, 0), 9007199254740992.0);
  EXPECT_EQ(doubleOfDigits(middle + std::string(900, '0') + "1", -901), 9007199254740994.0);
  EXPECT_EQ(textOf(shortestDigits(2.98023223876953125e-08)), "0.29802322387695312e-7");
}

}  // namespace
}  // namespace spandrel
