// Each distinct text once: span names, services, span types.
//
// Id 0 is the empty text. Texts never move, so a view of one lives as long as the table. Nothing is
// removed: the store builds a fresh table when it compacts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace spandrel::view {

class StringTable {
 public:
  using Id = uint32_t;

  StringTable();
  Id intern(std::string_view text);
  std::string_view text(Id id) const {
    return id < entries_.size() ? std::string_view{entries_[id].data, entries_[id].length}
                                : std::string_view{};
  }
  size_t size() const { return entries_.size(); }
  size_t memoryBytes() const;

 private:
  struct Entry {
    const char* data;
    uint32_t length;
    uint32_t hash;
  };

  const char* keep(std::string_view text);
  void grow();

  std::vector<Entry> entries_;
  std::vector<Id> slots_;  // open addressing, 0 is free
  std::vector<std::unique_ptr<char[]>> chunks_;
  char* chunkCursor_ = nullptr;
  size_t chunkLeft_ = 0;
  size_t textBytes_ = 0;
};

// Mixes eight bytes at a time; not for hostile keys beyond what bounded probing forgives.
uint32_t hashBytes(const void* data, size_t length);
uint32_t hashWord(uint64_t word);

}  // namespace spandrel::view
