// The encoded parts of spans that only a detail pane needs: attributes, events, links, status.
//
// Bytes are appended to segments and never move. A segment is freed when nothing in it is used any
// more; as traces are evicted in the order they came, segments fall free in that order too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/text.h"

namespace spandrel::view {

struct BlobRef {
  uint32_t segment = 0;
  uint32_t offset = 0;
  uint32_t length = 0;
};

class BlobStore {
 public:
  // Room for at most `maxBytes`, which stays unused until commit() says how much was written.
  uint8_t* reserve(size_t maxBytes);
  BlobRef commit(size_t usedBytes);
  void release(const BlobRef& ref);
  Bytes bytes(const BlobRef& ref) const;
  size_t memoryBytes() const { return memoryBytes_; }

 private:
  struct Segment {
    std::unique_ptr<uint8_t[]> data;
    size_t capacity = 0;
    size_t used = 0;
    size_t live = 0;
  };

  uint32_t open(size_t capacity);
  void free(uint32_t index);

  std::vector<Segment> segments_;
  std::vector<uint32_t> freeIndexes_;
  uint32_t shared_ = UINT32_MAX;  // small blobs go here
  uint32_t target_ = UINT32_MAX;  // of the running reservation
  size_t memoryBytes_ = 0;
};

}  // namespace spandrel::view
