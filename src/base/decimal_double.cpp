#include "base/decimal_double.h"

#include <array>
#include <cmath>
#include <cstring>
#include <limits>

namespace spandrel {
namespace {

// Every power of ten that a double holds exactly.
constexpr double kPowersOfTen[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                   1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                   1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
constexpr int kExactDigits = 15;  // decimals of so many digits survive a double
constexpr int kMantissaBits = 53;
constexpr int kSmallestExponent = -1074;  // of the last bit of a subnormal

// An unsigned whole number of up to 4,352 bits. The largest needed is 10^1096 (770 digits below the
// smallest double) shifted by 64 bits: 3,706.
class BigNumber {
 public:
  explicit BigNumber(uint64_t value = 0) {
    while (value != 0) {
      words_[size_++] = static_cast<uint32_t>(value);
      value >>= 32;
    }
  }

  bool isZero() const { return size_ == 0; }

  int bitLength() const {
    if (size_ == 0) return 0;
    int bits = (size_ - 1) * 32;
    for (uint32_t top = words_[size_ - 1]; top != 0; top >>= 1) ++bits;
    return bits;
  }

  void multiplyAdd(uint32_t factor, uint32_t summand) {
    uint64_t carry = summand;
    for (int i = 0; i < size_; ++i) {
      carry += static_cast<uint64_t>(words_[i]) * factor;
      words_[i] = static_cast<uint32_t>(carry);
      carry >>= 32;
    }
    if (carry != 0) words_[size_++] = static_cast<uint32_t>(carry);
  }

  void multiplyByPowerOfTen(int exponent) {
    for (; exponent >= 9; exponent -= 9) multiplyAdd(1000000000, 0);
    for (; exponent > 0; --exponent) multiplyAdd(10, 0);
  }

  void shiftLeft(int bits) {
    const int whole = bits / 32;
    const int part = bits % 32;
    if (part != 0) multiplyAdd(uint32_t{1} << part, 0);
    if (whole == 0 || size_ == 0) return;
    std::memmove(&words_[whole], &words_[0], sizeof(uint32_t) * size_);
    std::memset(&words_[0], 0, sizeof(uint32_t) * whole);
    size_ += whole;
  }

  void add(const BigNumber& other) {
    uint64_t carry = 0;
    const int size = size_ > other.size_ ? size_ : other.size_;
    for (int i = 0; i < size; ++i) {
      carry += static_cast<uint64_t>(wordAt(i)) + other.wordAt(i);
      words_[i] = static_cast<uint32_t>(carry);
      carry >>= 32;
    }
    size_ = size;
    if (carry != 0) words_[size_++] = static_cast<uint32_t>(carry);
  }

  // `other` must not be larger.
  void subtract(const BigNumber& other) {
    int64_t borrow = 0;
    for (int i = 0; i < size_; ++i) {
      borrow += static_cast<int64_t>(words_[i]) - other.wordAt(i);
      words_[i] = static_cast<uint32_t>(borrow);
      borrow >>= 32;
    }
    while (size_ > 0 && words_[size_ - 1] == 0) --size_;
  }

  // Below zero, zero, above zero: as a − b.
  static int compare(const BigNumber& a, const BigNumber& b) {
    if (a.size_ != b.size_) return a.size_ - b.size_;
    for (int i = a.size_ - 1; i >= 0; --i) {
      if (a.words_[i] != b.words_[i]) return a.words_[i] < b.words_[i] ? -1 : 1;
    }
    return 0;
  }

 private:
  uint32_t wordAt(int i) const { return i < size_ ? words_[i] : 0; }

  std::array<uint32_t, 136> words_;  // only the first size_ have a meaning
  int size_ = 0;
};

int compareSum(const BigNumber& a, const BigNumber& b, const BigNumber& c) {
  BigNumber sum = a;
  sum.add(b);
  return BigNumber::compare(sum, c);
}

// A decimal of at most 15 digits is the only one of that length that reads back as its double.
bool shortDigits(double value, DecimalDigits& out) {
  for (int scale = 0; scale <= 22; ++scale) {
    const double scaled = value * kPowersOfTen[scale];
    if (scaled >= 1e15) return false;
    const double whole = std::floor(scaled + 0.5);
    if (whole == 0 || whole / kPowersOfTen[scale] != value) continue;
    for (uint64_t rest = static_cast<uint64_t>(whole); rest != 0; rest /= 10) {
      out.digits.insert(out.digits.begin(), static_cast<char>('0' + rest % 10));
    }
    out.point = static_cast<int>(out.digits.size()) - scale;
    while (out.digits.back() == '0') out.digits.pop_back();
    return true;
  }
  return false;
}

}  // namespace

// Steele and White's free-format algorithm: value = numerator / denominator, and `above`, `below`
// are the distances (over the same denominator) to the ends of the interval that reads back as the
// value.
DecimalDigits shortestDigits(double value) {
  DecimalDigits result;
  if (shortDigits(value, result)) return result;

  int exponent = 0;
  const double fraction = std::frexp(value, &exponent);
  uint64_t mantissa = static_cast<uint64_t>(std::ldexp(fraction, kMantissaBits));
  exponent -= kMantissaBits;
  if (exponent < kSmallestExponent) {  // a subnormal has fewer bits
    mantissa >>= kSmallestExponent - exponent;
    exponent = kSmallestExponent;
  }
  const bool isEven = mantissa % 2 == 0;  // then the ends themselves read back, too
  // Below a power of two doubles lie twice as close.
  const bool isUneven =
      mantissa == uint64_t{1} << (kMantissaBits - 1) && exponent > kSmallestExponent;

  BigNumber numerator(mantissa);
  BigNumber denominator(1);
  BigNumber below(1);
  if (exponent > 0) {
    numerator.shiftLeft(exponent);
    below.shiftLeft(exponent);
  } else {
    denominator.shiftLeft(-exponent);
  }
  numerator.shiftLeft(1 + isUneven);  // so that half a distance is a whole number
  denominator.shiftLeft(1 + isUneven);
  BigNumber above = below;
  if (isUneven) above.shiftLeft(1);

  // From the binary exponent: right, or one too small.
  constexpr double kLog10Of2 = 0.30102999566398120;
  const int topBit = BigNumber(mantissa).bitLength() + exponent - 1;
  int point = static_cast<int>(std::ceil(topBit * kLog10Of2 - 1e-10));
  if (point >= 0) {
    denominator.multiplyByPowerOfTen(point);
  } else {
    for (BigNumber* number : {&numerator, &above, &below}) number->multiplyByPowerOfTen(-point);
  }
  const auto reachesNextPower = [&] {
    const int order = compareSum(numerator, above, denominator);
    return isEven ? order >= 0 : order > 0;
  };
  while (reachesNextPower()) {
    denominator.multiplyAdd(10, 0);
    ++point;
  }
  result.point = point;

  for (;;) {
    for (BigNumber* number : {&numerator, &above, &below}) number->multiplyAdd(10, 0);
    int digit = 0;
    for (; BigNumber::compare(numerator, denominator) >= 0; ++digit)
      numerator.subtract(denominator);
    const int low = BigNumber::compare(numerator, below);
    const bool isLow = isEven ? low <= 0 : low < 0;
    const bool isHigh = reachesNextPower();
    if (isLow || isHigh) {
      const int half = compareSum(numerator, numerator, denominator);
      const bool isNearerAbove = half > 0 || (half == 0 && digit % 2 != 0);
      const bool roundsUp = isHigh && (!isLow || isNearerAbove);
      result.digits.push_back(static_cast<char>('0' + digit + roundsUp));
      return result;
    }
    result.digits.push_back(static_cast<char>('0' + digit));
  }
}

double doubleOfDigits(std::string_view digits, int64_t exponent) {
  while (!digits.empty() && digits.front() == '0') digits.remove_prefix(1);
  while (!digits.empty() && digits.back() == '0') {
    digits.remove_suffix(1);
    ++exponent;
  }
  if (digits.empty()) return 0;
  const int64_t point = static_cast<int64_t>(digits.size()) + exponent;
  if (point > 310) return std::numeric_limits<double>::infinity();
  if (point < -325) return 0;

  if (digits.size() <= kExactDigits && exponent >= -22 && exponent <= 22) {
    uint64_t whole = 0;
    for (const char digit : digits) whole = whole * 10 + static_cast<uint64_t>(digit - '0');
    const double exact = static_cast<double>(whole);
    return exponent < 0 ? exact / kPowersOfTen[-exponent] : exact * kPowersOfTen[exponent];
  }

  // The middle between two doubles has at most 767 digits: what follows only says "and a bit more".
  constexpr size_t kMaxDigits = 770;
  const bool isCut = digits.size() > kMaxDigits;
  if (isCut) {
    exponent += static_cast<int64_t>(digits.size() - kMaxDigits);
    digits = digits.substr(0, kMaxDigits);
  }
  BigNumber numerator;
  for (const char digit : digits) numerator.multiplyAdd(10, static_cast<uint32_t>(digit - '0'));
  BigNumber denominator(1);
  if (exponent > 0) numerator.multiplyByPowerOfTen(static_cast<int>(exponent));
  if (exponent < 0) denominator.multiplyByPowerOfTen(static_cast<int>(-exponent));

  // quotient × 2^scale ≤ value < (quotient + 1) × 2^scale, with 63 or 64 bits in the quotient.
  const int scale = numerator.bitLength() - denominator.bitLength() - 63;
  if (scale > 0) {
    denominator.shiftLeft(scale);
  } else {
    numerator.shiftLeft(-scale);
  }
  denominator.shiftLeft(63);
  uint64_t quotient = 0;
  for (int bit = 0; bit < 64; ++bit) {
    quotient <<= 1;
    if (BigNumber::compare(numerator, denominator) >= 0) {
      numerator.subtract(denominator);
      quotient |= 1;
    }
    numerator.shiftLeft(1);
  }
  const bool hasMore = !numerator.isZero() || isCut;

  const int bits = (quotient >> 63) != 0 ? 64 : 63;
  int dropped = bits - kMantissaBits;
  if (scale + dropped < kSmallestExponent) dropped = kSmallestExponent - scale;
  if (dropped > 64) return 0;
  const uint64_t half = uint64_t{1} << (dropped - 1);
  const uint64_t mask = half | (half - 1);
  uint64_t mantissa = dropped == 64 ? 0 : quotient >> dropped;
  const uint64_t rest = quotient & mask;
  if (rest > half || (rest == half && (hasMore || mantissa % 2 != 0))) ++mantissa;
  return std::ldexp(static_cast<double>(mantissa), scale + dropped);
}

}  // namespace spandrel
