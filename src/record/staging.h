// The memory in which JavaScript packs records before they are committed: an area for words and one
// for the rope.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "record/commit.h"
#include "record/record_ref.h"

namespace spandrel::record {

class Staging {
 public:
  Staging() = default;
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;
  ~Staging() { free(); }

  // Makes the areas anew; false when memory cannot be had, and then there are none.
  bool place(uint32_t wordBytes, uint32_t ropeBytes);
  // Null where there is none.
  uint8_t* words() { return block_ ? block_->data() : nullptr; }
  uint8_t* rope() { return rope_; }

  // Takes the staged chunk over (commit.h). An area that ASCII records fill at least by half
  // becomes their memory, without a copy, and words() is another from then on, or null.
  Result<Done> commit(uint32_t wordBytes, uint32_t ropeBytes, uint32_t ropeUnits,
                      uint32_t recordCount, std::vector<RecordRef>& out);
  // The same, and words() stays where it is.
  Result<Done> copy(uint32_t wordBytes, uint32_t ropeBytes, uint32_t ropeUnits,
                    uint32_t recordCount, std::vector<RecordRef>& out) const;

 private:
  std::string_view text(uint32_t length) const {
    return {reinterpret_cast<const char*>(rope_), length};
  }
  void free();

  Block* block_ = nullptr;
  uint8_t* rope_ = nullptr;
};

}  // namespace spandrel::record
