#include "view/blob_store.h"

namespace spandrel::view {
namespace {
constexpr size_t kSegmentBytes = 256 * 1024;
constexpr size_t kOwnSegmentFrom = kSegmentBytes / 4;
}  // namespace

uint8_t* BlobStore::reserve(size_t maxBytes) {
  if (maxBytes >= kOwnSegmentFrom) {
    target_ = open(maxBytes);
    return segments_[target_].data.get();
  }
  if (shared_ == UINT32_MAX || segments_[shared_].capacity - segments_[shared_].used < maxBytes) {
    const uint32_t full = shared_;
    shared_ = open(kSegmentBytes);
    if (full != UINT32_MAX && segments_[full].live == 0) free(full);
  }
  target_ = shared_;
  return segments_[shared_].data.get() + segments_[shared_].used;
}

BlobRef BlobStore::commit(size_t usedBytes) {
  Segment& segment = segments_[target_];
  BlobRef ref{target_, static_cast<uint32_t>(segment.used), static_cast<uint32_t>(usedBytes)};
  segment.used += usedBytes;
  segment.live += usedBytes;
  if (usedBytes == 0) {
    ref = {};
    if (target_ != shared_) free(target_);
  }
  return ref;
}

void BlobStore::release(const BlobRef& ref) {
  if (ref.length == 0) return;
  Segment& segment = segments_[ref.segment];
  segment.live -= ref.length;
  if (segment.live == 0 && ref.segment != shared_) free(ref.segment);
}

Bytes BlobStore::bytes(const BlobRef& ref) const {
  if (ref.length == 0) return {};
  return {segments_[ref.segment].data.get() + ref.offset, ref.length};
}

uint32_t BlobStore::open(size_t capacity) {
  uint32_t index;
  if (freeIndexes_.empty()) {
    index = static_cast<uint32_t>(segments_.size());
    segments_.emplace_back();
  } else {
    index = freeIndexes_.back();
    freeIndexes_.pop_back();
  }
  // Not make_unique: it would clear what is written over at once.
  segments_[index].data.reset(new uint8_t[capacity]);
  segments_[index].capacity = capacity;
  segments_[index].used = 0;
  segments_[index].live = 0;
  memoryBytes_ += capacity;
  return index;
}

void BlobStore::free(uint32_t index) {
  memoryBytes_ -= segments_[index].capacity;
  segments_[index] = Segment();
  freeIndexes_.push_back(index);
}

}  // namespace spandrel::view
