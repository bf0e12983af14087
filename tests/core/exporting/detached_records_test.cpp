#include "exporting/detached_records.h"

#include <gtest/gtest.h>

#include "exporting/engine.h"
#include "record/portable.h"

namespace spandrel::exporting {
namespace {

std::vector<uint8_t> recordOf(const std::string& name) {
  trace::SpanData span;
  span.traceId.bytes[0] = 1;
  span.spanId.bytes[0] = 2;
  span.name = name;
  return record::encodePortable(span);
}

std::vector<uint8_t> twoRecords() {
  std::vector<uint8_t> bytes = recordOf("one");
  const std::vector<uint8_t> second = recordOf("two");
  bytes.insert(bytes.end(), second.begin(), second.end());
  return bytes;
}

bool contains(Bytes bytes, std::string_view text) {
  return std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()).find(text) !=
         std::string_view::npos;
}

TEST(AdoptPortable, TakesNothingAsNoRecords) {
  const auto adopted = adoptPortable({});
  ASSERT_TRUE(adopted.ok());
  EXPECT_TRUE(adopted.value().empty());
}

TEST(AdoptPortable, KeepsTheBytesOfEachRecord) {
  const auto bytes = twoRecords();
  const auto adopted = adoptPortable(bytes);
  ASSERT_TRUE(adopted.ok());
  ASSERT_EQ(adopted.value().size(), 2u);
  const auto second =
      record::decodePortable(Bytes(adopted.value()[1].bytes(), adopted.value()[1].byteLength()));
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(second.value().name, "two");
}

TEST(AdoptPortable, RefusesEachCut) {
  const auto bytes = twoRecords();
  const size_t first = recordOf("one").size();
  for (size_t length = 1; length < bytes.size(); ++length) {
    if (length == first) continue;
    const auto adopted = adoptPortable(Bytes(bytes.data(), length));
    ASSERT_FALSE(adopted.ok()) << length;
    EXPECT_EQ(adopted.error().offset, length < first ? 0 : first);
  }
}

TEST(AdoptPortable, SurvivesEachChangedByte) {
  const auto bytes = twoRecords();
  for (size_t at = 0; at < bytes.size(); ++at) {
    for (const uint8_t change : {0x01, 0x80, 0xff}) {
      auto changed = bytes;
      changed[at] ^= change;
      const auto adopted = adoptPortable(changed);
      EXPECT_LE(adopted.ok() ? adopted.value().size() : 0, 2u);
    }
  }
}

TEST(Engine, EncodesRecordsThatNoQueueHolds) {
  Engine engine;
  const auto bytes = twoRecords();

  const auto request = engine.encodeRecords(bytes);
  ASSERT_TRUE(request.ok());
  EXPECT_TRUE(contains(request.value(), "one"));
  EXPECT_TRUE(contains(request.value(), "two"));

  const auto json = engine.encodeRecordsJson(bytes);
  ASSERT_TRUE(json.ok());
  EXPECT_NE(json.value().find("\"name\":\"two\""), std::string::npos);
  EXPECT_FALSE(engine.encodeRecords(Bytes(bytes.data(), 7)).ok());
}

}  // namespace
}  // namespace spandrel::exporting
