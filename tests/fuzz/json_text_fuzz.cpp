// JSON as text, judged by another reader; values out of JSON and back.
#include <nlohmann/json.hpp>
#include <optional>

#include "base/json_members.h"
#include "base/json_text.h"
#include "fuzz.h"
#include "otlp/span_codecs.h"
#include "trace/json_value.h"

using namespace spandrel;

namespace {

// The judge. It goes by rules of its own where a text is deeper than the limit, has NaN or Infinity
// bare (which Python writes), begins with a mark of byte order, has a number beyond all doubles, a
// NUL (the judge's end) or an escaped surrogate, or is no UTF-8 (those are mended later, not
// refused): no judgement there.
class Judge : public nlohmann::json_sax<nlohmann::json> {
 public:
  static std::optional<bool> takes(std::string_view text) {
    Judge judge;
    const bool isTaken = nlohmann::json::sax_parse(text, &judge);
    int depth = 0;
    for (const char c : text) depth += c == '[' || c == '{';
    if (judge.isOutOfRange_ || depth > kMaxJsonTextDepth || !isUtf8(text) ||
        text.find("NaN") != text.npos || text.find("Infinity") != text.npos ||
        text.starts_with("\xEF\xBB\xBF") || text.find('\0') != text.npos ||
        text.find("\\ud") != text.npos || text.find("\\uD") != text.npos) {
      return std::nullopt;
    }
    return isTaken;
  }
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_object(size_t) override { return true; }
  bool key(string_t&) override { return true; }
  bool end_object() override { return true; }
  bool start_array(size_t) override { return true; }
  bool end_array() override { return true; }
  bool parse_error(size_t, const std::string&, const nlohmann::detail::exception& error) override {
    isOutOfRange_ = error.id == 406;
    return false;
  }

 private:
  bool isOutOfRange_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = fuzz::textOf(data, size);
  const auto checked = checkJson(text);
  if (!checked.ok()) fuzz::claimIsClear(checked.error(), size);
  fuzz::claim(Judge::takes(text).value_or(checked.ok()) == checked.ok(),
              "both readers take the same texts");
  JsonMembers members(text);
  while (members.next()) (void)members.text();
  fuzz::claim(members.ok() == checked.ok(), "walking finds what checking finds");

  const auto spaced = respaceJson(text);
  const auto dense = minifyJson(text);
  fuzz::claim(spaced.ok() == checked.ok() && dense.ok() == checked.ok(), "so does rewriting");
  if (checked.ok()) {
    fuzz::claim(minifyJson(spaced.value()).value() == dense.value(), "only spaces change");
    fuzz::claim(respaceJson(dense.value()).value() == spaced.value(), "only spaces change");
    fuzz::claim(checkJson(asciiJson(text)).ok(), "escaped JSON is JSON");
  }
  const auto value = trace::parseJsonValue(text);
  fuzz::claim(checked.ok() || !value.ok(), "a value is well-formed JSON");
  if (value.ok()) {
    const std::string written = trace::dumpJson(value.value());
    const auto again = trace::parseJsonValue(written);
    fuzz::claim(again.ok() && trace::dumpJson(again.value()) == written, "values are stable");
  }
  const auto message = otlp::anyValueBytesOfJson(text);
  if (message.ok()) fuzz::claim(otlp::jsonOfAnyValueBytes(message.value()).ok(), "and as messages");
  return 0;
}
