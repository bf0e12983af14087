// Records to OTLP bytes directly, against the writer that takes the detour over plain data.
#include <gtest/gtest.h>

#include "otlp/record_encoder.h"
#include "otlp/span_writer.h"
#include "record/portable.h"
#include "record/sample_span.h"

namespace spandrel {
namespace {

std::string asText(Bytes bytes) {
  return toHex(bytes);
}

std::string viaPlainData(const trace::SpanData& span) {
  otlp::WireWriter out;
  otlp::encodeSpan(span, otlp::ValueForm::Wire, out);
  return asText(out.bytes());
}

std::string direct(const record::RecordRef& record, const record::TextTable& table) {
  otlp::WireWriter out;
  otlp::encodeRecord(record.words(), table, out);
  return asText(out.bytes());
}

TEST(RecordEncoder, WritesTheSameBytesAsTheSpanWriter) {
  const record::TextTable table;
  const trace::SpanData span = test::sampleSpan();
  const record::RecordRef record = record::adoptSpan(span, 0, 0);

  EXPECT_EQ(direct(record, table), viaPlainData(span));
}

TEST(RecordEncoder, MarksAnOpenSpan) {
  const record::TextTable table;
  trace::SpanData span = test::sampleSpan();
  span.isOpen = true;
  span.endTimeNs = 0;
  const record::RecordRef record = record::adoptSpan(span, 0, 0);

  EXPECT_EQ(direct(record, table),
            viaPlainData(record::decodeRecord(record.words(), table, record::Form::Wire)));
}

TEST(RecordEncoder, BatchEqualsTheRequestOfTheSpanWriter) {
  const record::TextTable table;
  trace::SpanData span = test::sampleSpan();
  std::vector<record::RecordRef> records;
  otlp::ResourceSpans group;
  group.resource.attributes = {{"service.name", trace::AnyValue::string("test")}};
  group.scopes.push_back({{"spandrel", "1", {}, 0, ""}, {}});
  for (int i = 0; i < 100; ++i) {
    span.spanId.bytes[0] = static_cast<uint8_t>(i);
    span.attributes.back().value =
        trace::AnyValue::string(std::string(static_cast<size_t>(i) * 400, 'y'));
    records.push_back(record::adoptSpan(span, 0, 0));
    group.scopes[0].spans.push_back(span);
  }
  otlp::EncodedOrigin origin;
  otlp::encodeResource(group.resource, origin.resource);
  otlp::encodeScope(group.scopes[0].scope, origin.scope);

  otlp::WireWriter out;
  otlp::WireWriter expected;
  const Bytes bytes = otlp::encodeBatch(records, table, origin, out);
  otlp::encodeTraces(std::span(&group, 1), otlp::ValueForm::Wire, expected);

  EXPECT_TRUE(asText(bytes) == asText(expected.bytes()));
}

TEST(RecordEncoder, WritesNothingForNoRecords) {
  const record::TextTable table;
  otlp::WireWriter out;

  EXPECT_TRUE(otlp::encodeBatch({}, table, otlp::EncodedOrigin(), out).empty());
}

}  // namespace
}  // namespace spandrel
