// anyvalue.json: both directions against what MLflow's protobuf code wrote and read.
#include <cmath>
#include <cstdio>
#include <map>

#include "otlp/codec_shortcuts.h"
#include "otlp/json_value.h"

namespace spandrel::otlp {
namespace {

using golden::Json;
using trace::AnyValue;

// Deviations on purpose. Integers beyond int64 become text; an unpaired surrogate is U+FFFD instead
// of "?"; ill-formed UTF-8 is mended; field 8 belongs to profiles and is unknown here.
enum class Deviation { None, BeyondInt64, LoneSurrogate, InvalidUtf8, ProfilesField };

Deviation deviationOf(const std::string& name) {
  static const std::map<std::string, Deviation> kByName = {
      {"int_2_63", Deviation::BeyondInt64},
      {"int_huge", Deviation::BeyondInt64},
      {"int below int64", Deviation::BeyondInt64},
      {"lone high surrogate", Deviation::LoneSurrogate},
      {"lone low surrogate", Deviation::LoneSurrogate},
      {"reversed surrogates", Deviation::LoneSurrogate},
      {"lone surrogate in key", Deviation::LoneSurrogate},
      {"invalid UTF-8 in string", Deviation::InvalidUtf8},
      {"field 8 (string_value_strindex)", Deviation::ProfilesField},
      {"field 8 (string_value_strindex) after a string", Deviation::ProfilesField},
  };
  const auto found = kByName.find(name);
  return found == kByName.end() ? Deviation::None : found->second;
}

// Python's dictionaries keep the last of equal keys at the place of the first.
AnyValue withUniqueKeys(AnyValue value) {
  for (AnyValue& item : value.items) item = withUniqueKeys(item);
  std::vector<AnyValue::Member> members;
  for (AnyValue::Member& member : value.members) {
    AnyValue unique = withUniqueKeys(member.second);
    bool isKnown = false;
    for (AnyValue::Member& earlier : members) {
      if (earlier.first != member.first) continue;
      earlier.second = unique;
      isKnown = true;
    }
    if (!isKnown) members.emplace_back(member.first, unique);
  }
  value.members = std::move(members);
  return value;
}

bool sameDoubles(double a, double b) {
  return a == b ? std::signbit(a) == std::signbit(b) : std::isnan(a) && std::isnan(b);
}

// Equal but for the payload of NaN, which text cannot carry.
bool sameValue(const AnyValue& a, const AnyValue& b) {
  if (a.kind != b.kind || a.items.size() != b.items.size() || a.members.size() != b.members.size())
    return false;
  if (a.kind == AnyValue::Kind::Double) return sameDoubles(a.number, b.number);
  for (size_t i = 0; i < a.items.size(); ++i) {
    if (!sameValue(a.items[i], b.items[i])) return false;
  }
  for (size_t i = 0; i < a.members.size(); ++i) {
    if (a.members[i].first != b.members[i].first ||
        !sameValue(a.members[i].second, b.members[i].second))
      return false;
  }
  return a.text == b.text && a.boolean == b.boolean && a.integer == b.integer;
}

void checkDecoding(const Json& test, std::string_view bytes) {
  ReadReport report;
  const auto decoded = decodeAnyValue(bytesOf(bytes), report);
  if (test.contains("error") || test.contains("decode_error")) {
    EXPECT_FALSE(decoded.ok());
    return;
  }
  ASSERT_TRUE(decoded.ok()) << decoded.error().message;
  EXPECT_TRUE(sameValue(withUniqueKeys(decoded.value()), golden::untag(test["decoded"])))
      << jsonTextOf(decoded.value());
  EXPECT_EQ(report.repairedTexts, 0u);
}

void checkEncoding(const Json& test) {
  const AnyValue value = golden::untag(test["value"]);
  const std::string expected = golden::bytesOfHex(test["proto_hex"].get<std::string>());

  EXPECT_EQ(golden::hexOf(encoded(value)), test["proto_hex"].get<std::string>());
  checkDecoding(test, expected);

  if (test.contains("otlp_json")) {
    std::string json;
    appendAnyValueJson(json, value, ValueForm::Reference);
    EXPECT_EQ(Json::parse(json, nullptr, false), test["otlp_json"]) << json;
  }
}

TEST(GoldenAnyValue, AllCasesBothDirections) {
  const Json file = golden::load("anyvalue.json");
  int asRecorded = 0;
  int deviating = 0;
  for (const Json& test : file["cases"]) {
    const std::string name = test["name"].get<std::string>();
    SCOPED_TRACE(name);
    const bool encodes = test["direction"] == "encode";
    if (deviationOf(name) != Deviation::None) {
      ++deviating;
      continue;
    }
    ++asRecorded;
    if (encodes) {
      checkEncoding(test);
    } else {
      checkDecoding(test, golden::bytesOfHex(test["proto_hex"].get<std::string>()));
    }
  }
  std::printf("golden anyvalue: passed %d of %d, deviations %d\n", asRecorded,
              asRecorded + deviating, deviating);
  EXPECT_EQ(asRecorded, 125);
  EXPECT_EQ(deviating, 10);
}

// The same names again: what we do instead of what was recorded.
TEST(GoldenAnyValue, DeviationsAreAsRuled) {
  const Json file = golden::load("anyvalue.json");
  for (const Json& test : file["cases"]) {
    const std::string name = test["name"].get<std::string>();
    SCOPED_TRACE(name);
    const std::string hex = test.value("proto_hex", "");
    ReadReport report;
    switch (deviationOf(name)) {
      case Deviation::None:
        break;
      case Deviation::BeyondInt64:
        EXPECT_EQ(encoded(golden::untag(test["value"])),
                  encoded(AnyValue::string(test["value"]["$int"].get<std::string>())));
        break;
      case Deviation::LoneSurrogate: {
        std::string expected = golden::bytesOfHex(hex);
        const AnyValue ours = golden::untag(test["value"]);
        std::string bytes = encoded(ours);
        EXPECT_NE(bytes.find("\xEF\xBF\xBD"), std::string::npos);
        EXPECT_NE(expected.find('?'), std::string::npos);
        const auto back = decodeAnyValue(bytesOf(bytes), report);
        ASSERT_TRUE(back.ok());
        EXPECT_EQ(back.value(), ours);
        break;
      }
      case Deviation::InvalidUtf8: {
        const auto decoded = decodeAnyValue(bytesOf(golden::bytesOfHex(hex)), report);
        ASSERT_TRUE(decoded.ok());
        EXPECT_EQ(decoded.value().text, "\xEF\xBF\xBD\xEF\xBF\xBD");
        EXPECT_EQ(report.repairedTexts, 1u);
        break;
      }
      case Deviation::ProfilesField: {
        const auto decoded = decodeAnyValue(bytesOf(golden::bytesOfHex(hex)), report);
        ASSERT_TRUE(decoded.ok());
        EXPECT_EQ(decoded.value(), hex == "4005" ? AnyValue::empty() : AnyValue::string("x"));
        break;
      }
    }
  }
}

// What the reference keeps as text leaves as the value of the text.
TEST(GoldenAnyValue, TextOfAValueEncodesLikeTheValue) {
  const Json file = golden::load("anyvalue.json");
  int checked = 0;
  for (const Json& test : file["cases"]) {
    if (test["direction"] != "encode" || test.contains("error") || test.contains("decode_error"))
      continue;
    const std::string text = test["attribute_text"].get<std::string>();
    if (text.find("b'") != std::string::npos) continue;  // Python's notation of bytes
    SCOPED_TRACE(test["name"].get<std::string>());
    ReadReport report;
    const auto value =
        decodeAnyValue(bytesOf(golden::bytesOfHex(test["proto_hex"].get<std::string>())), report);
    ASSERT_TRUE(value.ok());
    const trace::Attribute attribute{"k", AnyValue::json(text)};

    WireWriter fromText;
    encodeAttribute(attribute, ValueForm::Reference, fromText);
    WireWriter fromValue;
    encodeAttribute({"k", withUniqueKeys(value.value())}, ValueForm::Reference, fromValue);
    EXPECT_EQ(golden::hexOf(written(fromText)), golden::hexOf(written(fromValue))) << text;
    ++checked;
  }
  EXPECT_EQ(checked, 98);
}

}  // namespace
}  // namespace spandrel::otlp
