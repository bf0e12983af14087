#include "record/staging.h"

#include <cstdlib>

namespace spandrel::record {
namespace {

// A larger area was made for one record: another of its size is not needed.
constexpr uint32_t kMaxAdopted = 256 << 10;

}  // namespace

bool Staging::place(uint32_t wordBytes, uint32_t ropeBytes) {
  free();
  block_ = Block::allocate(wordBytes);
  rope_ = static_cast<uint8_t*>(std::malloc(ropeBytes));
  if (block_ && rope_) return true;
  free();
  return false;
}

void Staging::free() {
  if (block_) block_->release();
  std::free(rope_);
  block_ = nullptr;
  rope_ = nullptr;
}

Result<Done> Staging::commit(uint32_t wordBytes, uint32_t ropeBytes, uint32_t ropeUnits,
                             uint32_t recordCount, std::vector<RecordRef>& out) {
  const uint32_t capacity = block_ ? block_->capacity() : 0;
  const bool isWellFilled = wordBytes >= capacity / 2 && capacity <= kMaxAdopted;
  if (!block_ || !isWellFilled || ropeBytes != ropeUnits)
    return copy(wordBytes, ropeBytes, ropeUnits, recordCount, out);
  // In this order, so that the next area begins where this one's records end and leaves no gap.
  Block* adopted = block_->shrink(wordBytes);
  block_ = Block::allocate(capacity);
  return adoptChunk(adopted, wordBytes, text(ropeBytes), recordCount, out);
}

Result<Done> Staging::copy(uint32_t wordBytes, uint32_t ropeBytes, uint32_t ropeUnits,
                           uint32_t recordCount, std::vector<RecordRef>& out) const {
  if (!block_) return Error{ErrorCode::TooLarge, "there is no staging area"};
  return commitChunk(reinterpret_cast<const uint32_t*>(block_->data()), wordBytes, text(ropeBytes),
                     ropeUnits, recordCount, out);
}

}  // namespace spandrel::record
