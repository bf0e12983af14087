#include "trace/utc_time.h"

#include <algorithm>

namespace spandrel::trace {
namespace {

constexpr int64_t kMillisPerDay = 86400000;
constexpr int64_t kFirstMillis = -62135596800000;  // 0001-01-01T00:00:00Z
constexpr int64_t kLastMillis = 253402300799999;   // 9999-12-31T23:59:59.999Z

struct Date {
  int64_t year;
  int64_t month;  // 1 to 12
  int64_t day;    // 1 to 31
};

// Days since 1970-01-01 in the Gregorian calendar; years begin in March so that the leap day is the
// last of its year. Eras of 400 years repeat exactly.
int64_t daysOf(const Date& date) {
  const int64_t year = date.year - (date.month <= 2 ? 1 : 0);
  const int64_t era = (year >= 0 ? year : year - 399) / 400;
  const int64_t yearOfEra = year - era * 400;
  const int64_t dayOfYear = (153 * (date.month + (date.month > 2 ? -3 : 9)) + 2) / 5 + date.day - 1;
  return era * 146097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719468;
}

Date dateOf(int64_t days) {
  days += 719468;
  const int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  const int64_t dayOfEra = days - era * 146097;
  const int64_t yearOfEra =
      (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146096) / 365;
  const int64_t dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
  const int64_t month = (5 * dayOfYear + 2) / 153;
  Date date{yearOfEra + era * 400, month < 10 ? month + 3 : month - 9,
            dayOfYear - (153 * month + 2) / 5 + 1};
  if (date.month <= 2) ++date.year;
  return date;
}

void appendDigits(std::string& out, int64_t value, size_t width) {
  const std::string digits = std::to_string(value);
  if (digits.size() < width) out.append(width - digits.size(), '0');
  out.append(digits);
}

// Reads fixed fields from left to right; after a mismatch ok() is false and all reads give 0.
class Fields {
 public:
  explicit Fields(std::string_view text) : text_(text) {}

  int64_t digits(size_t count) {
    int64_t value = 0;
    for (size_t i = 0; i < count; ++i) {
      if (!atDigit()) return fail();
      value = value * 10 + (text_[position_++] - '0');
    }
    return value;
  }
  void expect(std::string_view anyOf) {
    if (!at(anyOf)) fail();
    ++position_;
  }
  bool at(std::string_view anyOf) const {
    return isOk_ && position_ < text_.size() && anyOf.find(text_[position_]) != anyOf.npos;
  }
  bool atDigit() const { return at("0123456789"); }
  char take() { return text_[position_++]; }
  bool isDone() const { return isOk_ && position_ == text_.size(); }
  size_t position() const { return std::min(position_, text_.size()); }

 private:
  int64_t fail() {
    isOk_ = false;
    return 0;
  }

  std::string_view text_;
  size_t position_ = 0;
  bool isOk_ = true;
};

// Milliseconds of ".123456"; 0 where there is no fraction.
int64_t readFraction(Fields& fields) {
  if (!fields.at(".")) return 0;
  fields.take();
  if (!fields.atDigit()) {
    fields.digits(1);  // marks the failure
    return 0;
  }
  int64_t millis = 0;
  int64_t weight = 100;
  while (fields.atDigit()) {
    millis += (fields.take() - '0') * weight;
    weight /= 10;
  }
  return millis;
}

// Minutes east of UTC.
int64_t readOffset(Fields& fields) {
  if (fields.at("Zz")) {
    fields.take();
    return 0;
  }
  const bool isWest = fields.at("-");
  fields.expect("+-");
  const int64_t hours = fields.digits(2);
  fields.expect(":");
  const int64_t minutes = hours * 60 + fields.digits(2);
  return isWest ? -minutes : minutes;
}

}  // namespace

std::string utcTimeText(int64_t millis) {
  millis = std::clamp(millis, kFirstMillis, kLastMillis);
  const int64_t days = (millis - (millis < 0 ? kMillisPerDay - 1 : 0)) / kMillisPerDay;
  const int64_t ofDay = millis - days * kMillisPerDay;
  const Date date = dateOf(days);
  std::string out;
  appendDigits(out, date.year, 4);
  out.push_back('-');
  appendDigits(out, date.month, 2);
  out.push_back('-');
  appendDigits(out, date.day, 2);
  out.push_back('T');
  appendDigits(out, ofDay / 3600000, 2);
  out.push_back(':');
  appendDigits(out, ofDay / 60000 % 60, 2);
  out.push_back(':');
  appendDigits(out, ofDay / 1000 % 60, 2);
  if (ofDay % 1000 != 0) {
    out.push_back('.');
    appendDigits(out, ofDay % 1000, 3);
  }
  out.push_back('Z');
  return out;
}

Result<int64_t> parseUtcTime(std::string_view text) {
  Fields fields(text);
  Date date{};
  date.year = fields.digits(4);
  fields.expect("-");
  date.month = fields.digits(2);
  fields.expect("-");
  date.day = fields.digits(2);
  fields.expect("Tt ");
  const int64_t hour = fields.digits(2);
  fields.expect(":");
  const int64_t minute = fields.digits(2);
  fields.expect(":");
  const int64_t second = fields.digits(2);
  const int64_t fraction = readFraction(fields);
  const int64_t offset = readOffset(fields);
  const bool isInRange = date.month >= 1 && date.month <= 12 && date.day >= 1 && date.day <= 31 &&
                         hour <= 23 && minute <= 59 && second <= 59;
  if (!fields.isDone() || !isInRange) {
    return Error{ErrorCode::InvalidParameterValue,
                 "'" + std::string(text.substr(0, 64)) + "' is no RFC 3339 time",
                 fields.position()};
  }
  const int64_t minutes = (daysOf(date) * 24 + hour) * 60 + minute - offset;
  return (minutes * 60 + second) * 1000 + fraction;
}

}  // namespace spandrel::trace
