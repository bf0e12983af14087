#include "record/commit.h"

#include <gtest/gtest.h>

#include "record/portable.h"

namespace spandrel {
namespace {

namespace header = record::header;
namespace tag = record::tag;

// A staged record as the recorder writes it: words and room for the strings here, strings in the
// rope.
struct Staged {
  std::vector<uint32_t> words = std::vector<uint32_t>(header::kWords, 0);
  uint32_t units = 0;

  void finish() {
    words.resize(words.size() + (units + 3) / 4, 0);
    words[header::kByteLength] = static_cast<uint32_t>(words.size() * 4);
    words[header::kStringLength] = units;
  }
};

Staged stagedSpan(uint32_t nameUnits, uint32_t keyUnits, uint32_t valueUnits) {
  Staged staged;
  staged.words[header::kFlags] = record::flags::kPlain;
  staged.words[header::kTraceId] = 1;
  staged.words[header::kSpanId] = 1;
  staged.words[header::kName] = nameUnits;
  staged.words[header::kSpanType] = record::kNoText;
  staged.words[header::kAttributeCount] = 1;
  staged.words.push_back(static_cast<uint32_t>(record::ValueType::String) | keyUnits
                                                                                << tag::kKeyShift);
  staged.words.push_back(valueUnits);
  staged.units = nameUnits + keyUnits + valueUnits;
  staged.finish();
  return staged;
}

std::vector<uint32_t> joined(const std::vector<Staged>& records) {
  std::vector<uint32_t> words;
  for (const Staged& each : records)
    words.insert(words.end(), each.words.begin(), each.words.end());
  return words;
}

TEST(CommitChunk, TakesAsciiTextAsItIs) {
  const record::TextTable table;
  const auto words = joined({stagedSpan(4, 3, 5), stagedSpan(1, 1, 0)});
  std::vector<record::RecordRef> out;

  const auto result = record::commitChunk(words.data(), static_cast<uint32_t>(words.size() * 4),
                                          "namekeyvaluenk", 14, 2, out);

  ASSERT_TRUE(result.ok()) << result.error().message;
  ASSERT_EQ(out.size(), 2u);
  const auto first = record::decodeRecord(out[0].words(), table);
  EXPECT_EQ(first.name, "name");
  ASSERT_NE(first.find("key"), nullptr);
  EXPECT_EQ(first.find("key")->text, "value");
  EXPECT_EQ(record::decodeRecord(out[1].words(), table).name, "n");
}

TEST(CommitChunk, TurnsUtf16LengthsIntoBytes) {
  const record::TextTable table;
  // 2 units of one character each, a surrogate pair, 3 characters of three bytes.
  const auto words = joined({stagedSpan(2, 2, 3), stagedSpan(2, 1, 1)});
  const std::string rope = "äö😀日本語ßéxy";
  std::vector<record::RecordRef> out;

  const auto result =
      record::commitChunk(words.data(), static_cast<uint32_t>(words.size() * 4), rope, 11, 2, out);

  ASSERT_TRUE(result.ok()) << result.error().message;
  const auto first = record::decodeRecord(out[0].words(), table);
  EXPECT_EQ(first.name, "äö");
  ASSERT_NE(first.find("😀"), nullptr);
  EXPECT_EQ(first.find("😀")->text, "日本語");
  const auto second = record::decodeRecord(out[1].words(), table);
  EXPECT_EQ(second.name, "ßé");
  EXPECT_EQ(second.find("x")->text, "y");
}

TEST(CommitChunk, RefusesAPairOfSurrogatesCutInTwo) {
  const auto words = joined({stagedSpan(1, 1, 0)});
  std::vector<record::RecordRef> out;

  const auto result =
      record::commitChunk(words.data(), static_cast<uint32_t>(words.size() * 4), "😀", 2, 1, out);

  EXPECT_FALSE(result.ok());
  EXPECT_TRUE(out.empty());
}

TEST(CommitChunk, KeepsTheRecordsBeforeABrokenOne) {
  auto words = joined({stagedSpan(1, 1, 1), stagedSpan(1, 1, 1)});
  words[words.size() / 2] = 0x7FFFFFFC;
  std::vector<record::RecordRef> out;

  const auto result = record::commitChunk(words.data(), static_cast<uint32_t>(words.size() * 4),
                                          "abcdef", 6, 2, out);

  EXPECT_FALSE(result.ok());
  EXPECT_EQ(out.size(), 1u);
}

TEST(CommitChunk, RefusesMoreTextThanTheRopeHas) {
  const auto words = joined({stagedSpan(4, 3, 50)});
  std::vector<record::RecordRef> out;

  const auto result = record::commitChunk(words.data(), static_cast<uint32_t>(words.size() * 4),
                                          "namekeyvalue", 12, 1, out);

  EXPECT_FALSE(result.ok());
}

TEST(RecordRef, FreesTheBlockWithItsLastReference) {
  record::Block* block = record::Block::allocate(64);
  std::memset(block->data(), 0, 64);
  record::RecordRef first(block, 0);
  block->release();

  record::RecordRef second = first;
  first = {};

  EXPECT_TRUE(second);
  EXPECT_FALSE(first);
  EXPECT_EQ(second.byteLength(), 0u);  // LeakSanitizer and ASan watch the rest
}

TEST(TextTable, IgnoresWhatDoesNotFit) {
  record::TextTable table;
  std::string joinedTexts;
  for (int i = 0; i < 5000; ++i) joinedTexts += std::to_string(i) + '\0';

  const uint32_t count = table.append(joinedTexts);

  EXPECT_EQ(count, record::TextTable::kMaxTexts);
  EXPECT_EQ(table.text(4095), "4095");
  EXPECT_EQ(table.text(4096), "");
}

}  // namespace
}  // namespace spandrel
