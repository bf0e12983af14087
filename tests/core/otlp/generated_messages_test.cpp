// Our writer against protobuf's own generated classes, both ways.
#include <google/protobuf/stubs/logging.h>

#include "otlp/sample_traces.h"
#include "otlp_trace.pb.h"

namespace spandrel::otlp {
namespace {

namespace pb = opentelemetry::proto::trace::v1;
using PbValue = opentelemetry::proto::common::v1::AnyValue;

TEST(GeneratedMessages, ParseOurBytesAndWriteTheSameOnes) {
  for (const ValueForm form : {ValueForm::Typed, ValueForm::Wire, ValueForm::Reference}) {
    const std::string bytes = encoded(fullTraces(), form);
    pb::TracesData message;
    ASSERT_TRUE(message.ParseFromString(bytes));

    EXPECT_EQ(message.resource_spans_size(), 2);
    const pb::Span& span = message.resource_spans(0).scope_spans(0).spans(0);
    EXPECT_EQ(span.name(), "Grüße 😀");
    EXPECT_EQ(span.start_time_unix_nano(), 1581452772000000321u);
    EXPECT_EQ(span.attributes_size(), 15);
    EXPECT_EQ(span.attributes(4).value().int_value(), -9007199254740993);
    EXPECT_EQ(span.links(0).flags(), 0x100u);
    EXPECT_EQ(span.status().code(), pb::Status::STATUS_CODE_ERROR);
    EXPECT_EQ(golden::hexOf(message.SerializeAsString()), golden::hexOf(bytes));
  }
}

TEST(GeneratedMessages, TheirBytesDecodeAndEncodeToThemselves) {
  pb::TracesData message;
  pb::ResourceSpans& group = *message.add_resource_spans();
  group.mutable_resource()->add_attributes()->set_key("k");
  group.set_schema_url("u");
  pb::Span& span = *group.add_scope_spans()->add_spans();
  span.set_trace_id(std::string(16, '\x01'));
  span.set_span_id(std::string(8, '\x02'));
  span.set_kind(pb::Span::SPAN_KIND_CONSUMER);
  span.set_end_time_unix_nano(UINT64_MAX);
  span.set_flags(UINT32_MAX);
  span.add_events()->set_time_unix_nano(1);
  auto& attribute = *span.add_attributes();
  attribute.set_key("list");
  PbValue* value = attribute.mutable_value();
  for (int i = 0; i < 40; ++i) value = value->mutable_array_value()->add_values();
  value->set_bytes_value(std::string(300, '\0'));

  const std::string bytes = message.SerializeAsString();
  const TracesData traces = decodedTraces(bytes);

  ASSERT_EQ(traces.size(), 1u);
  EXPECT_EQ(traces[0].scopes[0].spans[0].endTimeNs, UINT64_MAX);
  EXPECT_EQ(golden::hexOf(encoded(traces)), golden::hexOf(bytes));
}

// Every prefix of a message: we refuse exactly those that protobuf refuses.
TEST(GeneratedMessages, AgreeOnEveryTruncation) {
  const std::string bytes = encoded(fullTraces());
  for (size_t length = 0; length < bytes.size(); ++length) {
    const std::string cut = bytes.substr(0, length);
    pb::TracesData message;
    CollectingSink sink;
    EXPECT_EQ(message.ParseFromString(cut), !readTraces(bytesOf(cut), sink).failed) << length;
  }
}

// One byte changed everywhere: both accept or both refuse, but for UTF-8, which we mend, and
// varints beyond their type, which we refuse.
TEST(GeneratedMessages, AgreeOnEveryChangedByte) {
  const google::protobuf::LogSilencer silence;  // protobuf prints each ill-formed text
  const std::string bytes = encoded(fullTraces());
  int accepted = 0;
  for (size_t at = 0; at < bytes.size(); ++at) {
    for (const uint8_t change : {0x01, 0x02, 0x04, 0x08, 0x40, 0x80, 0xFF}) {
      std::string changed = bytes;
      changed[at] = static_cast<char>(changed[at] ^ change);
      pb::TracesData message;
      const bool theirs = message.ParseFromString(changed);
      CollectingSink sink;
      const ReadReport ours = readTraces(bytesOf(changed), sink);
      accepted += theirs ? 1 : 0;
      if (ours.repairedTexts > 0 || (theirs && ours.failed && isOverflow(ours.error))) continue;
      EXPECT_EQ(theirs, !ours.failed)
          << "byte " << at << " ^ " << int(change) << ": " << ours.error.message;
      EXPECT_LE(ours.error.offset, changed.size());
    }
  }
  EXPECT_GT(accepted, 1000);
}

}  // namespace
}  // namespace spandrel::otlp
