#include "exporting/retry_after.h"

#include <array>

namespace spandrel::exporting {
namespace {

constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 7> kLongDays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                       "Thursday", "Friday", "Saturday"};
constexpr int64_t kMillisPerDay = 86'400'000;

bool isDigit(char c) {
  return c >= '0' && c <= '9';
}

std::string_view trimmed(std::string_view text) {
  const auto isSpace = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && isSpace(text.front())) text.remove_prefix(1);
  while (!text.empty() && isSpace(text.back())) text.remove_suffix(1);
  return text;
}

struct CivilTime {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
};

// Reads a date from left to right; the first mismatch makes every later step fail too.
class DateReader {
 public:
  explicit DateReader(std::string_view text) : rest_(text) {}

  bool ok() const { return ok_; }
  bool atEnd() const { return ok_ && rest_.empty(); }

  DateReader& literal(std::string_view expected) {
    if (!ok_ || rest_.substr(0, expected.size()) != expected) return fail();
    rest_.remove_prefix(expected.size());
    return *this;
  }

  // Exactly `digits` digits.
  DateReader& number(int digits, int& out) {
    if (!ok_ || rest_.size() < static_cast<size_t>(digits)) return fail();
    out = 0;
    for (int i = 0; i < digits; ++i) {
      if (!isDigit(rest_[i])) return fail();
      out = out * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(digits);
    return *this;
  }

  // asctime pads the day of the month with a space.
  DateReader& paddedDay(int& out) {
    if (ok_ && !rest_.empty() && rest_.front() == ' ') {
      rest_.remove_prefix(1);
      return number(1, out);
    }
    return number(2, out);
  }

  template <size_t N>
  DateReader& oneOf(const std::array<std::string_view, N>& names, int& index) {
    if (!ok_) return *this;
    for (size_t i = 0; i < N; ++i) {
      if (rest_.substr(0, names[i].size()) != names[i]) continue;
      rest_.remove_prefix(names[i].size());
      index = static_cast<int>(i);
      return *this;
    }
    return fail();
  }

  DateReader& time(CivilTime& out) {
    return number(2, out.hour)
        .literal(":")
        .number(2, out.minute)
        .literal(":")
        .number(2, out.second);
  }

 private:
  DateReader& fail() {
    ok_ = false;
    return *this;
  }

  std::string_view rest_;
  bool ok_ = true;
};

bool isLeap(int year) {
  return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

int daysOfMonth(int year, int month) {
  constexpr std::array<int, 12> kLengths = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 1 && isLeap(year) ? 29 : kLengths[month];
}

// Days since 1970-01-01 of the proleptic Gregorian calendar, month 0 … 11.
int64_t daysSinceEpoch(int year, int month, int day) {
  const auto leapsBefore = [](int64_t y) { return (y - 1) / 4 - (y - 1) / 100 + (y - 1) / 400; };
  int64_t days = (year - 1970) * 365ll + leapsBefore(year) - leapsBefore(1970);
  for (int m = 0; m < month; ++m) days += daysOfMonth(year, m);
  return days + day - 1;
}

std::optional<int64_t> toMillis(const CivilTime& t) {
  if (t.year < 1970 || t.day < 1 || t.day > daysOfMonth(t.year, t.month)) return std::nullopt;
  if (t.hour > 23 || t.minute > 59 || t.second > 60) return std::nullopt;  // 60: a leap second
  const int64_t seconds = t.hour * 3600ll + t.minute * 60 + t.second;
  return daysSinceEpoch(t.year, t.month, t.day) * kMillisPerDay + seconds * 1000;
}

// "94" means the year with these last digits that is at most 50 years ahead.
int fullYear(int twoDigits, int64_t nowMillis) {
  constexpr double kMillisPerYear = 365.2425 * kMillisPerDay;
  const int thisYear = 1970 + static_cast<int>(static_cast<double>(nowMillis) / kMillisPerYear);
  int year = thisYear - thisYear % 100 + twoDigits;
  if (year > thisYear + 50) year -= 100;
  if (year <= thisYear - 50) year += 100;
  return year;
}

}  // namespace

std::optional<int64_t> parseHttpDate(std::string_view text, int64_t nowMillis) {
  int weekday = 0;

  CivilTime fixed;  // Sun, 06 Nov 1994 08:49:37 GMT
  DateReader imf(text);
  imf.oneOf(kDays, weekday)
      .literal(", ")
      .number(2, fixed.day)
      .literal(" ")
      .oneOf(kMonths, fixed.month);
  imf.literal(" ").number(4, fixed.year).literal(" ").time(fixed).literal(" GMT");
  if (imf.atEnd()) return toMillis(fixed);

  CivilTime old;  // Sunday, 06-Nov-94 08:49:37 GMT
  int shortYear = 0;
  DateReader rfc850(text);
  rfc850.oneOf(kLongDays, weekday)
      .literal(", ")
      .number(2, old.day)
      .literal("-")
      .oneOf(kMonths, old.month);
  rfc850.literal("-").number(2, shortYear).literal(" ").time(old).literal(" GMT");
  if (rfc850.atEnd()) {
    old.year = fullYear(shortYear, nowMillis);
    return toMillis(old);
  }

  CivilTime c;  // Sun Nov  6 08:49:37 1994
  DateReader asctime(text);
  asctime.oneOf(kDays, weekday).literal(" ").oneOf(kMonths, c.month).literal(" ").paddedDay(c.day);
  asctime.literal(" ").time(c).literal(" ").number(4, c.year);
  if (asctime.atEnd()) return toMillis(c);
  return std::nullopt;
}

std::optional<int64_t> parseRetryAfter(std::string_view text, std::string_view dateHeader,
                                       int64_t nowMillis) {
  text = trimmed(text);
  if (text.empty()) return std::nullopt;
  int64_t wait = 0;
  if (isDigit(text.front())) {
    for (const char c : text) {
      if (!isDigit(c)) return std::nullopt;
      wait = wait * 10 + (c - '0');
      if (wait > kMaxRetryAfterMillis / 1000) return std::nullopt;
    }
    return wait * 1000;
  }
  const auto moment = parseHttpDate(text, nowMillis);
  if (!moment) return std::nullopt;
  wait = *moment - parseHttpDate(trimmed(dateHeader), nowMillis).value_or(nowMillis);
  if (wait > kMaxRetryAfterMillis) return std::nullopt;
  return wait < 0 ? 0 : wait;
}

std::optional<int64_t> parseRetryAfterLines(std::string_view lines, int64_t nowMillis) {
  const size_t end = lines.find('\n');
  if (end == std::string_view::npos) return parseRetryAfter(lines, {}, nowMillis);
  return parseRetryAfter(lines.substr(0, end), lines.substr(end + 1), nowMillis);
}

}  // namespace spandrel::exporting
