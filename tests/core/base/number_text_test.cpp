#include "base/number_text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>

namespace spandrel {
namespace {

struct TextCase {
  double value;
  const char* javaScript;
  const char* python;
};

// Written down from the two languages' own output.
const TextCase kTexts[] = {
    {0.0, "0", "0.0"},
    {-0.0, "-0", "-0.0"},
    {1.0, "1", "1.0"},
    {-1.5, "-1.5", "-1.5"},
    {0.1, "0.1", "0.1"},
    {100, "100", "100.0"},
    {1e15, "1000000000000000", "1000000000000000.0"},
    {1e16, "10000000000000000", "1e+16"},
    {123456789012345680.0, "123456789012345680", "1.2345678901234568e+17"},
    {1e20, "100000000000000000000", "1e+20"},
    {1e21, "1e+21", "1e+21"},
    {1.5e21, "1.5e+21", "1.5e+21"},
    {1e300, "1e+300", "1e+300"},
    {1e-4, "0.0001", "0.0001"},
    {1e-5, "0.00001", "1e-05"},
    {1.5e-6, "0.0000015", "1.5e-06"},
    {1e-7, "1e-7", "1e-07"},
    {5e-324, "5e-324", "5e-324"},
    {1e-323, "1e-323", "1e-323"},
    {2.2250738585072014e-308, "2.2250738585072014e-308", "2.2250738585072014e-308"},
    {1.7976931348623157e308, "1.7976931348623157e+308", "1.7976931348623157e+308"},
    {5.684341886080802e-14, "5.684341886080802e-14", "5.684341886080802e-14"},
    {9007199254740993.0, "9007199254740992", "9007199254740992.0"},
    {0.30000000000000004, "0.30000000000000004", "0.30000000000000004"},
    {90.33333333333333, "90.33333333333333", "90.33333333333333"},
    {123456789.123, "123456789.123", "123456789.123"},
};

TEST(NumberText, WritesDoublesAsJavaScriptAndPythonDo) {
  for (const TextCase& c : kTexts) {
    EXPECT_EQ(doubleText(c.value), c.javaScript);
    EXPECT_EQ(pythonDoubleText(c.value), c.python);
  }
  EXPECT_EQ(doubleText(std::nan("")), "NaN");
  EXPECT_EQ(doubleText(HUGE_VAL), "Infinity");
  EXPECT_EQ(pythonDoubleText(-HUGE_VAL), "-Infinity");
}

TEST(NumberText, EveryDoubleReadsBackBitByBit) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 20000; ++i) {
    uint64_t bits = random();
    // Every fourth is a power of two, where the spacing of doubles changes.
    if (i % 4 == 0) bits &= 0xFFF0000000000000u;
    double value;
    std::memcpy(&value, &bits, sizeof value);
    if (!std::isfinite(value)) continue;

    double back = 0;
    ASSERT_TRUE(parseDouble(doubleText(value), back));
    ASSERT_EQ(std::memcmp(&back, &value, sizeof value), 0) << doubleText(value);
    back = 0;
    ASSERT_TRUE(parseDouble(pythonDoubleText(value), back));
    ASSERT_EQ(std::memcmp(&back, &value, sizeof value), 0) << pythonDoubleText(value);
  }
}

TEST(NumberText, ReadsIntegersExactlyInEveryJsonSpelling) {
  const struct {
    const char* text;
    int64_t value;
  } cases[] = {
      {"0", 0},
      {"-0", 0},
      {"1", 1},
      {"-1", -1},
      {"1e3", 1000},
      {"1E+3", 1000},
      {"1.50e1", 15},
      {"10e-1", 1},
      {"2.0", 2},
      {"9007199254740993", 9007199254740993},
      {"9223372036854775807", INT64_MAX},
      {"-9223372036854775808", INT64_MIN},
      {"9.223372036854775807e18", INT64_MAX},
      {"0e999999999999", 0},
      {"1581452772000000321", 1581452772000000321},
      {"0.0", 0},
      {"1000e-3", 1},
  };
  for (const auto& c : cases) {
    int64_t value = -7;
    EXPECT_TRUE(parseInt64(c.text, value)) << c.text;
    EXPECT_EQ(value, c.value) << c.text;
  }
}

TEST(NumberText, RefusesWhatIsNoInteger) {
  for (const char* text :
       {"", " 1", "1 ", "+1", "01", "1.", ".5", "1.5", "1e-1", "1e", "abc", "0x10", "-", "1_0",
        "9223372036854775808", "-9223372036854775809", "1e19", "1e999999999999", "NaN"}) {
    int64_t value = -7;
    EXPECT_FALSE(parseInt64(text, value)) << text;
    EXPECT_EQ(value, -7);
  }
  uint64_t value = 7;
  EXPECT_FALSE(parseUint64("-1", value));
  EXPECT_FALSE(parseUint64("18446744073709551616", value));
  EXPECT_EQ(value, 7u);
  EXPECT_TRUE(parseUint64("18446744073709551615", value));
  EXPECT_EQ(value, UINT64_MAX);
}

TEST(NumberText, ReadsDoublesAndTheirSpecialNames) {
  double value = 0;
  EXPECT_TRUE(parseDouble("1.5", value));
  EXPECT_EQ(value, 1.5);
  EXPECT_TRUE(parseDouble("1e400", value));
  EXPECT_EQ(value, HUGE_VAL);
  EXPECT_TRUE(parseDouble("-Infinity", value));
  EXPECT_EQ(value, -HUGE_VAL);
  EXPECT_TRUE(parseDouble("NaN", value));
  EXPECT_TRUE(std::isnan(value));
  EXPECT_TRUE(parseDouble(std::string(100, '9') + ".5", value));
  EXPECT_EQ(value, 1e100);
  for (const char* text : {"", "nan", "inf", "0x1p3", "1.5 ", "--1", "1e+", "1..2"}) {
    EXPECT_FALSE(parseDouble(text, value)) << text;
  }
}

}  // namespace
}  // namespace spandrel
