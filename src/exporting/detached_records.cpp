#include "exporting/detached_records.h"

#include <cstring>

#include "record/portable.h"

namespace spandrel::exporting {
namespace {

constexpr uint32_t kHeaderBytes = record::header::kWords * 4;

uint32_t lengthAt(Bytes records, size_t offset) {
  uint32_t length = 0;
  std::memcpy(&length, records.data() + offset + record::header::kByteLength * 4, sizeof(length));
  return length;
}

}  // namespace

Result<std::vector<record::RecordRef>> adoptPortable(Bytes records) {
  std::vector<record::RecordRef> adopted;
  if (records.empty()) return adopted;
  if (records.size() > UINT32_MAX)
    return Error{ErrorCode::TooLarge, "too many records for one batch", 0};
  record::Block* block = record::Block::allocate(static_cast<uint32_t>(records.size()));
  if (block == nullptr) return Error{ErrorCode::TooLarge, "no memory for these records", 0};
  std::memcpy(block->data(), records.data(), records.size());

  static const record::TextTable noTexts;  // 4,096 places: made once
  Error error;
  size_t offset = 0;
  while (offset < records.size()) {
    const size_t left = records.size() - offset;
    const uint32_t length = left < kHeaderBytes ? 0 : lengthAt(records, offset);
    if (length < kHeaderBytes || length > left || length % 4 != 0) {
      error = {ErrorCode::Truncated, "the record is cut off or its length is wrong", offset};
      break;
    }
    const auto valid = record::validateRecord(Bytes(block->data() + offset, length), noTexts);
    if (!valid.ok()) {
      error = valid.error();
      error.offset += offset;
      break;
    }
    adopted.emplace_back(block, static_cast<uint32_t>(offset));
    offset += length;
  }
  block->release();  // each reference holds it now
  if (offset < records.size()) return error;
  return adopted;
}

}  // namespace spandrel::exporting
