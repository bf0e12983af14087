#include "record/staging.h"

#include <gtest/gtest.h>

#include <cstring>

#include "record/portable.h"

namespace spandrel {
namespace {

namespace header = record::header;

constexpr uint32_t kAreaBytes = 1024;
// A record whose name of four units is its only text.
constexpr uint32_t kNameUnits = 4;
constexpr uint32_t kRecordBytes = header::kWords * 4 + kNameUnits;

// Packs records behind each other; their bytes.
uint32_t pack(record::Staging& staging, uint32_t count, uint32_t areaBytes = kAreaBytes) {
  std::memset(staging.words(), 0xEE, areaBytes);
  for (uint32_t i = 0; i < count; ++i) {
    uint32_t words[header::kWords] = {};
    words[header::kByteLength] = kRecordBytes;
    words[header::kStringLength] = kNameUnits;
    words[header::kFlags] = record::flags::kPlain;
    words[header::kTraceId] = words[header::kSpanId] = 1;
    words[header::kName] = kNameUnits;
    words[header::kSpanType] = record::kNoText;
    std::memcpy(staging.words() + i * kRecordBytes, words, sizeof words);
  }
  return count * kRecordBytes;
}

uint32_t putRope(record::Staging& staging, std::string_view text) {
  std::memcpy(staging.rope(), text.data(), text.size());
  return static_cast<uint32_t>(text.size());
}

std::string nameOf(const record::RecordRef& record) {
  return record::decodeRecord(record.words(), record::TextTable()).name;
}

TEST(Staging, HandsAWellFilledAreaOver) {
  record::Staging staging;
  ASSERT_TRUE(staging.place(kAreaBytes, 64));
  const uint8_t* area = staging.words();
  const uint32_t wordBytes = pack(staging, 6);
  const uint32_t ropeBytes = putRope(staging, "name0001000200030004last");
  std::vector<record::RecordRef> out;

  const auto result = staging.commit(wordBytes, ropeBytes, 24, 6, out);

  ASSERT_TRUE(result.ok()) << result.error().message;
  ASSERT_NE(staging.words(), nullptr);
  EXPECT_NE(staging.words(), area);
  ASSERT_EQ(out.size(), 6u);
  // What is staged next does not touch them.
  pack(staging, 6);
  EXPECT_EQ(nameOf(out[0]), "name");
  EXPECT_EQ(nameOf(out[1]), "0001");
  EXPECT_EQ(nameOf(out[5]), "last");
}

TEST(Staging, CopiesOutOfAnAreaThatIsMostlyEmpty) {
  record::Staging staging;
  ASSERT_TRUE(staging.place(kAreaBytes, 64));
  const uint8_t* area = staging.words();
  const uint32_t wordBytes = pack(staging, 2);
  const uint32_t ropeBytes = putRope(staging, "onlyboth");
  std::vector<record::RecordRef> out;

  ASSERT_TRUE(staging.commit(wordBytes, ropeBytes, 8, 2, out).ok());

  EXPECT_EQ(staging.words(), area);
  pack(staging, 2);
  EXPECT_EQ(nameOf(out[0]), "only");
  EXPECT_EQ(nameOf(out[1]), "both");
}

TEST(Staging, CopiesTextThatTakesMoreBytesThanUnits) {
  record::Staging staging;
  ASSERT_TRUE(staging.place(kAreaBytes, 64));
  const uint8_t* area = staging.words();
  const uint32_t wordBytes = pack(staging, 6);
  const uint32_t ropeBytes = putRope(staging, "日本語!nameßéxy0003äöü.last");
  std::vector<record::RecordRef> out;

  ASSERT_TRUE(staging.commit(wordBytes, ropeBytes, 24, 6, out).ok());

  EXPECT_EQ(staging.words(), area);
  ASSERT_EQ(out.size(), 6u);
  EXPECT_EQ(nameOf(out[0]), "日本語!");
  EXPECT_EQ(nameOf(out[2]), "ßéxy");
  EXPECT_EQ(nameOf(out[5]), "last");
}

TEST(Staging, KeepsALargeAreaForItself) {
  constexpr uint32_t kLarge = 300 << 10;
  record::Staging staging;
  ASSERT_TRUE(staging.place(kLarge, 64 << 10));
  const uint8_t* area = staging.words();
  const uint32_t count = kLarge / kRecordBytes;
  const uint32_t wordBytes = pack(staging, count, kLarge);
  const uint32_t ropeBytes = putRope(staging, std::string(count * kNameUnits, 'x'));
  std::vector<record::RecordRef> out;

  ASSERT_TRUE(staging.commit(wordBytes, ropeBytes, ropeBytes, count, out).ok());

  EXPECT_EQ(staging.words(), area);
  ASSERT_EQ(out.size(), count);
  EXPECT_EQ(nameOf(out.back()), "xxxx");
}

TEST(Staging, KeepsTheRecordsBeforeABrokenOneOfAnAreaHandedOver) {
  record::Staging staging;
  ASSERT_TRUE(staging.place(kAreaBytes, 64));
  const uint32_t wordBytes = pack(staging, 6);
  const uint32_t tooLong = 0x7FFFFFFC;
  std::memcpy(staging.words() + 3 * kRecordBytes, &tooLong, 4);
  const uint32_t ropeBytes = putRope(staging, std::string(24, 'x'));
  std::vector<record::RecordRef> out;

  EXPECT_FALSE(staging.commit(wordBytes, ropeBytes, 24, 6, out).ok());

  EXPECT_EQ(out.size(), 3u);
  EXPECT_NE(staging.words(), nullptr);
}

TEST(Staging, RefusesWithoutAnArea) {
  record::Staging staging;
  std::vector<record::RecordRef> out;

  EXPECT_FALSE(staging.commit(128, 0, 0, 1, out).ok());
  EXPECT_FALSE(staging.copy(128, 0, 0, 1, out).ok());

  EXPECT_EQ(staging.words(), nullptr);
  EXPECT_TRUE(out.empty());
}

TEST(Block, GivesBackWhatIsBehindItsRecords) {
  record::Block* block = record::Block::allocate(1 << 20);
  ASSERT_NE(block, nullptr);
  std::memcpy(block->data(), "kept", 4);

  block = block->shrink(8);

  EXPECT_EQ(block->capacity(), 8u);
  EXPECT_EQ(std::memcmp(block->data(), "kept", 4), 0);
  block->release();
}

}  // namespace
}  // namespace spandrel
