// Input made to exhaust the stack, the memory or the patience of a decoder.
#include <cstdlib>
#include <random>

#include "base/json_text.h"
#include "otlp/json_reader.h"
#include "otlp/sample_traces.h"
#include "trace/json_value.h"

namespace spandrel::otlp {
namespace {

// Counts spans and looks at the largest, keeps nothing: what remains is the decoder's own memory.
class MeasuringSink : public TraceSink {
 public:
  bool onSpan(trace::SpanData&& span) override {
    ++spans;
    size_t bytes = span.attributes.capacity() * sizeof(trace::Attribute) +
                   span.events.capacity() * sizeof(trace::Event) +
                   span.links.capacity() * sizeof(trace::Link) + span.name.capacity();
    for (const trace::Attribute& attribute : span.attributes) {
      bytes += attribute.value.items.capacity() * sizeof(trace::AnyValue) +
               attribute.value.text.capacity();
    }
    largest = std::max(largest, bytes);
    return true;
  }
  size_t spans = 0;
  size_t largest = 0;
};

std::string repeated(std::string_view unit, size_t times) {
  std::string out;
  out.reserve(unit.size() * times);
  for (size_t i = 0; i < times; ++i) out += unit;
  return out;
}

std::string message(uint32_t field, const std::string& content) {
  WireWriter out;
  out.stringField(field, content);
  return written(out);
}

size_t limitFor(size_t inputBytes) {
  return 4 * inputBytes + (size_t{1} << 20);
}

TEST(HostileBytes, SixtyFourMebibytesOfEmptyGroupsTakeNoMemory) {
  const std::string bytes = repeated(std::string_view("\x0a\x00", 2), size_t{32} << 20);
  MeasuringSink sink;
  const ReadReport report = readTraces(bytesOf(bytes), sink);
  EXPECT_FALSE(report.failed);
  EXPECT_EQ(sink.spans, 0u);
}

TEST(HostileBytes, EmptyMessagesInOneSpanStayWithinTheBudget) {
  for (const char* unit : {"\x4a", "\x5a", "\x6a"}) {  // attributes, events, links
    const std::string span = repeated(std::string(unit) + '\0', 500000);
    const std::string bytes = message(1, message(2, message(2, span)));
    MeasuringSink sink;
    const ReadReport report = readTraces(bytesOf(bytes), sink);
    EXPECT_FALSE(report.failed);
    EXPECT_EQ(sink.spans, 1u);
    EXPECT_LE(sink.largest, limitFor(bytes.size()));
    EXPECT_GT(report.droppedForMemory, 0u);
  }
}

TEST(HostileBytes, EmptyMembersOfOneArrayStayWithinTheBudget) {
  const std::string value = message(5, repeated(std::string_view("\x0a\x00", 2), 500000));
  const std::string bytes = message(1, message(2, message(2, message(9, message(2, value)))));
  MeasuringSink sink;
  const ReadReport report = readTraces(bytesOf(bytes), sink);
  EXPECT_FALSE(report.failed);
  EXPECT_LE(sink.largest, limitFor(bytes.size()));
  EXPECT_GT(report.droppedForMemory, 0u);
}

TEST(HostileBytes, ManySpansEachWithinTheBudgetAreAllDelivered) {
  const std::string bytes =
      message(1, message(2, repeated(std::string_view("\x12\x00", 2), 1000000)));
  MeasuringSink sink;
  EXPECT_FALSE(readTraces(bytesOf(bytes), sink).failed);
  EXPECT_EQ(sink.spans, 1000000u);
}

TEST(HostileBytes, NestingOfAnyDepthEndsInAnError) {
  // Built from the inside: a million open groups, and lists as deep as lengths allow.
  ReadReport report;
  EXPECT_FALSE(decodeSpan(bytesOf(repeated("\xf3\x01", 1000000)), report).ok());
  std::string value;
  for (int i = 0; i < 3001; ++i) value = message(i % 2 == 0 ? 5 : 1, value);
  EXPECT_EQ(decodeAnyValue(bytesOf(value), report).error().code, ErrorCode::TooDeep);
}

TEST(HostileBytes, RandomBytesNeverCrash) {
  std::mt19937 random(7);
  for (int round = 0; round < 5000; ++round) {
    std::string bytes(random() % 200, '\0');
    for (char& c : bytes) c = static_cast<char>(random() % 3 == 0 ? random() : random() % 32);
    MeasuringSink sink;
    readTraces(bytesOf(bytes), sink);
    ReadReport report;
    const auto value = decodeAnyValue(bytesOf(bytes), report);
    if (value.ok()) {
      const std::string once = encoded(value.value(), ValueForm::Typed);
      const auto again = decodeAnyValue(bytesOf(once), report);
      ASSERT_TRUE(again.ok());
      ASSERT_EQ(golden::hexOf(encoded(again.value(), ValueForm::Typed)), golden::hexOf(once));
    }
  }
}

TEST(HostileJson, AMillionBracketsEndInAnError) {
  for (const std::string& text :
       {std::string(1000000, '['), repeated("{\"resourceSpans\":[", 100000),
        repeated("{\"a\":", 1000000),
        "{\"x\":" + std::string(1000000, '[') + std::string(1000000, ']') + "}"}) {
    MeasuringSink sink;
    const ReadReport report = readTracesJson(text, sink);
    EXPECT_TRUE(report.failed);
    EXPECT_TRUE(report.error.code == ErrorCode::TooDeep ||
                report.error.code == ErrorCode::Malformed);
    EXPECT_LE(report.error.offset, 17u * 512);
  }
}

TEST(HostileJson, FiveHundredNestedArraysInAnUnknownMemberAreFine) {
  MeasuringSink sink;
  EXPECT_FALSE(
      readTracesJson("{\"x\":" + std::string(500, '[') + std::string(500, ']') + "}", sink).failed);
}

TEST(HostileJson, ValuesNestSixtyFourDeepAndNoDeeper) {
  const auto nested = [](int levels, bool inMaps) {
    std::string text = R"({"boolValue":true})";
    for (int i = 0; i < levels; ++i) {
      text = inMaps ? R"({"kvlistValue":{"values":[{"key":"k","value":)" + text + "}]}}"
                    : R"({"arrayValue":{"values":[)" + text + "]}}";
    }
    return text;
  };
  ReadReport report;
  for (const bool inMaps : {false, true}) {
    EXPECT_TRUE(decodeAnyValueJson(nested(64, inMaps), report).ok());
    const auto refused = decodeAnyValueJson(nested(65, inMaps), report);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, ErrorCode::TooDeep);
  }
}

TEST(HostileJson, EmptyObjectsInOneSpanStayWithinTheBudget) {
  for (const char* list : {"attributes", "events", "links"}) {
    const std::string text = R"({"resourceSpans":[{"scopeSpans":[{"spans":[{")" +
                             std::string(list) + "\":[{}" + repeated(",{}", 1000000) + "]}]}]}]}";
    MeasuringSink sink;
    const ReadReport report = readTracesJson(text, sink);
    EXPECT_FALSE(report.failed) << report.error.message;
    EXPECT_EQ(sink.spans, 1u);
    EXPECT_LE(sink.largest, limitFor(text.size()));
    EXPECT_GT(report.droppedForMemory, 0u);
  }
}

TEST(HostileJson, HugeNumbersAndTextsAreReadInOnePass) {
  ReadReport report;
  const std::string digits(1000000, '9');
  EXPECT_EQ(decodeAnyValueJson("{\"intValue\":" + digits + "}", report).value().text.size(),
            digits.size());
  EXPECT_EQ(decodeAnyValueJson("{\"doubleValue\":1e" + digits + "}", report).value(),
            trace::AnyValue::of(HUGE_VAL));
  EXPECT_EQ(decodeAnyValueJson("{\"doubleValue\":0." + digits + "}", report).value(),
            trace::AnyValue::of(1.0));
  const std::string text(10000000, 'a');
  EXPECT_EQ(decodeAnyValueJson("{\"stringValue\":\"" + text + "\"}", report).value().text, text);
}

TEST(HostileJson, RandomChangesNeverCrashAndWhatIsReadIsStable) {
  const std::string text = jsonOf(fullTraces());
  std::mt19937 random(11);
  const std::string alphabet = "{}[]\",:\\u0dn-+.eE19 \xff\x80";
  int accepted = 0;
  for (int round = 0; round < 1500; ++round) {
    std::string changed = text;
    for (uint32_t i = 0; i <= random() % 3; ++i)
      changed[random() % changed.size()] = alphabet[random() % alphabet.size()];
    CollectingSink sink;
    const ReadReport report = readTracesJson(changed, sink);
    EXPECT_LE(report.error.offset, changed.size());
    if (report.failed) continue;
    ++accepted;
    const TracesData first = sink.take();
    CollectingSink again;
    ASSERT_FALSE(readTracesJson(jsonOf(first), again).failed);
    ASSERT_EQ(jsonOf(again.take()), jsonOf(first));
    ASSERT_EQ(jsonOf(decodedTraces(encoded(first))), jsonOf(first));
  }
  EXPECT_GT(accepted, 150);
}

TEST(HostileJson, ValueTextsAreCheckedAndBounded) {
  EXPECT_TRUE(trace::parseJsonValue(std::string(64, '[') + std::string(64, ']')).ok());
  EXPECT_EQ(trace::parseJsonValue(std::string(65, '[') + std::string(65, ']')).error().code,
            ErrorCode::TooDeep);
  for (const char* bad : {"", "{", "[1,]", "nul", "1 2", "{\"a\"}", "'a'", "01", "\"\\x\""}) {
    EXPECT_FALSE(trace::parseJsonValue(bad).ok()) << bad;
  }
  std::string many = "{\"k\":0";
  for (int i = 1; i < 100000; ++i) many += ",\"k\":" + std::to_string(i);
  const auto last = trace::parseJsonValue(many + "}");
  ASSERT_TRUE(last.ok());
  EXPECT_EQ(last.value(), trace::AnyValue::map({{"k", trace::AnyValue::of(int64_t{99999})}}));
}

}  // namespace
}  // namespace spandrel::otlp
