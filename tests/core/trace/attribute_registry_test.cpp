#include "trace/attribute_registry.h"

#include <gtest/gtest.h>

#include "trace/attribute_text.h"

namespace spandrel::trace {
namespace {

TEST(SpanAttributesRegistry, SettingAgainReplacesAndMovesToTheEnd) {
  SpanAttributesRegistry registry;
  EXPECT_TRUE(registry.set("a", AnyValue::of(int64_t{1})).ok());
  EXPECT_TRUE(registry.set("b", AnyValue::of(int64_t{2})).ok());
  EXPECT_TRUE(registry.set("a", AnyValue::string("x")).ok());
  EXPECT_TRUE(registry.set("", AnyValue::of(true)).ok());

  ASSERT_EQ(registry.size(), 2u);
  EXPECT_EQ(registry.attributes()[0].key, "b");
  EXPECT_EQ(registry.text("a"), "\"x\"");
  EXPECT_EQ(*registry.get("a"), AnyValue::string("x"));
  EXPECT_EQ(registry.get("c"), nullptr);
}

TEST(SpanAttributesRegistry, LiveValuesAreNeverCached) {
  SpanAttributesRegistry registry;
  EXPECT_TRUE(registry.set("a", AnyValue::json("[1]")).ok());
  const ValuePointer before = registry.get("a");
  EXPECT_TRUE(registry.set("a", AnyValue::json("[2]")).ok());

  EXPECT_EQ(before->items[0].integer, 1);
  EXPECT_EQ(registry.get("a")->items[0].integer, 2);
}

TEST(CachedSpanAttributesRegistry, AThousandReadsOfAMegabyteDecodeOnce) {
  std::string text = "[";
  while (text.size() < 1000000) text.append("\"0123456789abcdef\", ");
  text.append("0]");
  const CachedSpanAttributesRegistry registry(
      {{"large", storedAttribute(std::move(text))}, {"small", storedAttribute("1")}});

  const ValuePointer first = registry.get("large");
  for (int i = 1; i < 1000; ++i) ASSERT_EQ(registry.get("large"), first);

  EXPECT_EQ(registry.decodeCount(), 1u);
  EXPECT_EQ(registry.getAll().size(), 2u);
  EXPECT_EQ(registry.decodeCount(), 2u);
}

TEST(CachedSpanAttributesRegistry, SetIsAlwaysRefused) {
  CachedSpanAttributesRegistry registry({{"a", AnyValue::of(true)}});

  const auto result = registry.set("a", AnyValue::of(false));

  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::InvalidParameterValue);
  EXPECT_NE(result.error().message.find("immutable"), std::string::npos);
  EXPECT_EQ(*registry.get("a"), AnyValue::of(true));
}

}  // namespace
}  // namespace spandrel::trace
