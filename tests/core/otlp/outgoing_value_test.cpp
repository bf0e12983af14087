// What leaves on the wire, and what the reference's form makes of the same values.
#include "otlp/outgoing_value.h"

#include "otlp/json_value.h"
#include "otlp/sample_traces.h"

namespace spandrel::otlp {
namespace {

using trace::AnyValue;

AnyValue leaving(std::string_view key, const AnyValue& value, ValueForm form) {
  AnyValue scratch;
  return outgoingValue(key, value, form, scratch);
}

AnyValue nested(int levels) {
  AnyValue value = AnyValue::of(true);
  for (int i = 0; i < levels; ++i) value = AnyValue::array({value});
  return value;
}

TEST(OutgoingValue, InputsAndOutputsCarryJsonText) {
  for (const char* key : {"mlflow.spanInputs", "mlflow.spanOutputs"}) {
    const auto wire = [&](const AnyValue& value) { return leaving(key, value, ValueForm::Wire); };
    EXPECT_EQ(wire(AnyValue::json("{\"a\":1}")), AnyValue::string("{\"a\":1}"));
    EXPECT_EQ(wire(AnyValue::json("\"hello\"")), AnyValue::string("\"hello\""));
    EXPECT_EQ(wire(AnyValue::string("hello")), AnyValue::string("\"hello\""));
    EXPECT_EQ(wire(AnyValue::of(int64_t{5})), AnyValue::string("5"));
    EXPECT_EQ(wire(AnyValue::empty()), AnyValue::string("null"));
    EXPECT_EQ(wire(AnyValue::of(-0.0)), AnyValue::string("-0"));
    EXPECT_EQ(wire(AnyValue::of(HUGE_VAL)), AnyValue::string("\"Infinity\""));
    EXPECT_EQ(wire(AnyValue::bytes("\xfb\xff")), AnyValue::string("\"+/8=\""));
    EXPECT_EQ(
        wire(AnyValue::map({{"k", AnyValue::array({AnyValue::of(0.5), AnyValue::string("x")})}})),
        AnyValue::string("{\"k\":[0.5,\"x\"]}"));
    AnyValue foreign = AnyValue::string("{\"a\":1}");
    foreign.isNative = true;
    EXPECT_EQ(wire(foreign), foreign);
  }
}

TEST(OutgoingValue, OtherTextStaysTextAndScalarsStayTyped) {
  const auto wire = [](const AnyValue& value) { return leaving("k", value, ValueForm::Wire); };
  EXPECT_EQ(wire(AnyValue::json("{\"a\":1}")), AnyValue::string("{\"a\":1}"));
  for (const AnyValue& same :
       {AnyValue::string("x"), AnyValue::of(int64_t{1}), AnyValue::of(1.0), AnyValue::of(false),
        AnyValue::bytes("b"), AnyValue::empty(), nested(1)}) {
    EXPECT_EQ(wire(same), same);
  }
}

TEST(OutgoingValue, MoreThanThirtyLevelsLeaveAsText) {
  EXPECT_EQ(leaving("k", nested(30), ValueForm::Wire), nested(30));
  EXPECT_EQ(leaving("k", nested(31), ValueForm::Wire),
            AnyValue::string(std::string(31, '[') + "true" + std::string(31, ']')));
  EXPECT_EQ(leaving("k", nested(60), ValueForm::Reference), nested(60));
}

TEST(OutgoingValue, ReferenceFormDecodesTextAndLeavesForeignScalarsAlone) {
  const auto reference = [](AnyValue value, bool isNative) {
    value.isNative = isNative;
    AnyValue out = leaving("k", value, ValueForm::Reference);
    out.isNative = false;
    return out;
  };
  EXPECT_EQ(reference(AnyValue::json("\"x\""), false), AnyValue::string("x"));
  EXPECT_EQ(reference(AnyValue::json("[1,NaN]"), false).items.size(), 2u);
  EXPECT_EQ(reference(AnyValue::json("broken {"), false), AnyValue::string("broken {"));
  EXPECT_EQ(reference(AnyValue::json("9223372036854775808"), false),
            AnyValue::string("9223372036854775808"));
  EXPECT_EQ(reference(AnyValue::string("{\"a\": 1}"), false), AnyValue::string("{\"a\": 1}"));
  EXPECT_EQ(reference(AnyValue::string("{\"a\": 1}"), true),
            AnyValue::map({{"a", AnyValue::of(int64_t{1})}}));
  EXPECT_EQ(reference(AnyValue::string("\"x\""), true), AnyValue::string("x"));
  for (const char* scalar : {"123", "true", "null", "NaN", "{broken", ""}) {
    EXPECT_EQ(reference(AnyValue::string(scalar), true), AnyValue::string(scalar));
  }
}

TEST(OutgoingValue, ValuesBuiltDeeperThanAnyReaderAllowsAreCutWithoutHarm) {
  const AnyValue deep = nested(400);
  EXPECT_FALSE(encoded(deep).empty());
  std::string json;
  appendAnyValueJson(json, deep, ValueForm::Typed);
  EXPECT_FALSE(json.empty());
  EXPECT_EQ(jsonTextOf(deep), std::string(400, '[') + "true" + std::string(400, ']'));
}

}  // namespace
}  // namespace spandrel::otlp
