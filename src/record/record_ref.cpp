#include "record/record_ref.h"

#include <cstdlib>
#include <new>

namespace spandrel::record {

Block* Block::allocate(uint32_t byteCapacity) {
  // malloc, not new: without exceptions a failing new ends the module.
  void* memory = std::malloc(sizeof(Block) + byteCapacity);
  return memory ? new (memory) Block(byteCapacity) : nullptr;
}

Block* Block::shrink(uint32_t byteCapacity) {
  void* memory = std::realloc(static_cast<void*>(this), sizeof(Block) + byteCapacity);
  Block* block = memory ? static_cast<Block*>(memory) : this;
  if (byteCapacity < block->capacity_) block->capacity_ = byteCapacity;
  return block;
}

void Block::release() {
  if (references_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  this->~Block();
  std::free(this);
}

}  // namespace spandrel::record
