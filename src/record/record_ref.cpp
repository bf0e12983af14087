#include "record/record_ref.h"

#include <cstdlib>
#include <new>

namespace spandrel::record {

Block* Block::allocate(uint32_t byteCapacity) {
  // malloc, not new: without exceptions a failing new ends the module.
  void* memory = std::malloc(sizeof(Block) + byteCapacity);
  return memory ? new (memory) Block(byteCapacity) : nullptr;
}

void Block::release() {
  if (references_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  this->~Block();
  std::free(this);
}

}  // namespace spandrel::record
