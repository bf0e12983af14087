#include "record/portable.h"

#include <gtest/gtest.h>

#include "record/sample_span.h"

namespace spandrel {
namespace {

using record::Form;

TEST(PortableRecord, KeepsEverythingOfASpan) {
  const trace::SpanData span = test::sampleSpan();

  const auto bytes = record::encodePortable(span);
  const auto read = record::decodePortable(bytes);

  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(read.value(), span);
  EXPECT_EQ(bytes.size() % 4, 0u);
}

TEST(PortableRecord, KeepsAnOpenSpan) {
  trace::SpanData span = test::sampleSpan();
  span.isOpen = true;
  span.endTimeNs = 0;

  const auto read = record::decodePortable(record::encodePortable(span));

  ASSERT_TRUE(read.ok());
  EXPECT_TRUE(read.value().isOpen);
  EXPECT_EQ(read.value(), span);
}

TEST(PortableRecord, MarksAnOpenSpanOnTheWire) {
  trace::SpanData span = test::sampleSpan();
  span.isOpen = true;
  span.endTimeNs = 0;

  const auto read = record::decodePortable(record::encodePortable(span), Form::Wire);

  ASSERT_TRUE(read.ok());
  const trace::AnyValue* mark = read.value().find("spandrel.unfinished");
  ASSERT_NE(mark, nullptr);
  EXPECT_TRUE(mark->boolean);
}

TEST(PortableRecord, RefusesEveryTruncation) {
  const auto bytes = record::encodePortable(test::sampleSpan());

  for (size_t length = 0; length < bytes.size(); ++length) {
    const auto read = record::decodePortable(Bytes(bytes.data(), length));
    EXPECT_FALSE(read.ok()) << "cut at " << length;
  }
}

TEST(PortableRecord, SurvivesEveryChangedWord) {
  const auto original = record::encodePortable(test::sampleSpan());
  size_t refused = 0;

  for (size_t place = 0; place + 4 <= original.size(); place += 4) {
    for (const uint32_t word : {0u, 1u, 0x7FFFFFFFu, 0xFFFFFFFFu, 0x80000000u}) {
      auto bytes = original;
      std::memcpy(bytes.data() + place, &word, 4);
      if (!record::decodePortable(bytes).ok()) ++refused;
    }
  }

  EXPECT_GT(refused, 100u);
}

TEST(PortableRecord, RepairsTextThatIsNotUtf8) {
  trace::SpanData span = test::sampleSpan();
  span.name = "a\xff";

  const auto read = record::decodePortable(record::encodePortable(span));

  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read.value().name, "a\xEF\xBF\xBD");
}

TEST(PortableRecord, OfACoreRecordShowsTheSameSpan) {
  const trace::SpanData span = test::sampleSpan();
  const record::TextTable table;
  const record::RecordRef adopted = record::adoptSpan(span, 20, 0);
  ASSERT_TRUE(adopted);

  const auto read = record::decodePortable(record::toPortable(adopted.words(), table));

  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read.value(), span);
}

}  // namespace
}  // namespace spandrel
