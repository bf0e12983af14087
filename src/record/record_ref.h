// Records in memory: blocks that hold the records of one committed chunk, and references to them.
//
// A block lives as long as any reference into it. References are counted atomically, so records
// may be handed between threads; the bytes never change after the commit.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstring>
#include <utility>

#include "record/grammar.h"

namespace spandrel::record {

class Block {
 public:
  // Null when the memory cannot be had: the caller counts the loss. Starts with one reference.
  static Block* allocate(uint32_t byteCapacity);
  // Gives back what is behind the first `byteCapacity`; the block may move, so there must be one
  // reference only.
  Block* shrink(uint32_t byteCapacity);

  uint8_t* data() { return reinterpret_cast<uint8_t*>(this + 1); }
  const uint8_t* data() const { return reinterpret_cast<const uint8_t*>(this + 1); }
  uint32_t capacity() const { return capacity_; }

  void retain() { references_.fetch_add(1, std::memory_order_relaxed); }
  void release();

 private:
  explicit Block(uint32_t capacity) : references_(1), capacity_(capacity) {}

  std::atomic<uint32_t> references_;
  uint32_t capacity_;
};

class RecordRef {
 public:
  RecordRef() = default;
  RecordRef(Block* block, uint32_t offset) : block_(block), offset_(offset) { block_->retain(); }
  RecordRef(const RecordRef& other) : block_(other.block_), offset_(other.offset_) {
    if (block_) block_->retain();
  }
  RecordRef(RecordRef&& other) noexcept
      : block_(std::exchange(other.block_, nullptr)), offset_(other.offset_) {}
  RecordRef& operator=(RecordRef other) noexcept {
    std::swap(block_, other.block_);
    std::swap(offset_, other.offset_);
    return *this;
  }
  ~RecordRef() {
    if (block_) block_->release();
  }

  explicit operator bool() const { return block_ != nullptr; }
  // Aligned to 4 bytes.
  const uint32_t* words() const {
    return reinterpret_cast<const uint32_t*>(block_->data() + offset_);
  }
  const uint8_t* bytes() const { return block_->data() + offset_; }
  uint32_t byteLength() const { return words()[header::kByteLength]; }
  uint32_t flags() const { return words()[header::kFlags]; }
  // One bit a destination.
  uint32_t destinations() const { return words()[header::kRouting] >> 8; }

 private:
  Block* block_ = nullptr;
  uint32_t offset_ = 0;
};

}  // namespace spandrel::record
