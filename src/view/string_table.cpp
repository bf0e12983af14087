#include "view/string_table.h"

#include <cstring>

namespace spandrel::view {
namespace {

constexpr size_t kChunkBytes = 64 * 1024;
constexpr uint64_t kMixer = 0x9e3779b97f4a7c15ull;

uint64_t mix(uint64_t state, uint64_t word) {
  state = (state ^ word) * kMixer;
  return state ^ (state >> 29);
}

}  // namespace

uint32_t hashWord(uint64_t word) {
  const uint64_t mixed = mix(mix(kMixer, word), word >> 32);
  return static_cast<uint32_t>(mixed >> 32);
}

uint32_t hashBytes(const void* data, size_t length) {
  const char* cursor = static_cast<const char*>(data);
  uint64_t state = kMixer ^ length;
  while (length >= 8) {
    uint64_t word;
    std::memcpy(&word, cursor, 8);
    state = mix(state, word);
    cursor += 8;
    length -= 8;
  }
  uint64_t tail = 0;
  std::memcpy(&tail, cursor, length);
  state = mix(state, tail);
  return static_cast<uint32_t>(state >> 32);
}

StringTable::StringTable() : slots_(256, 0) {
  entries_.push_back({"", 0, 0});
}

StringTable::Id StringTable::intern(std::string_view text) {
  if (text.empty()) return 0;
  const uint32_t hash = hashBytes(text.data(), text.size());
  const size_t mask = slots_.size() - 1;
  size_t slot = hash & mask;
  while (slots_[slot] != 0) {
    const Entry& entry = entries_[slots_[slot]];
    if (entry.hash == hash && entry.length == text.size() &&
        std::memcmp(entry.data, text.data(), text.size()) == 0) {
      return slots_[slot];
    }
    slot = (slot + 1) & mask;
  }
  const Id id = static_cast<Id>(entries_.size());
  entries_.push_back({keep(text), static_cast<uint32_t>(text.size()), hash});
  slots_[slot] = id;
  if (entries_.size() * 4 > slots_.size() * 3) grow();
  return id;
}

const char* StringTable::keep(std::string_view text) {
  textBytes_ += text.size();
  if (text.size() > chunkLeft_) {
    if (text.size() > kChunkBytes / 4) {  // a long text gets memory of its own
      chunks_.push_back(std::make_unique<char[]>(text.size()));
      std::memcpy(chunks_.back().get(), text.data(), text.size());
      return chunks_.back().get();
    }
    chunks_.push_back(std::make_unique<char[]>(kChunkBytes));
    chunkCursor_ = chunks_.back().get();
    chunkLeft_ = kChunkBytes;
  }
  char* place = chunkCursor_;
  std::memcpy(place, text.data(), text.size());
  chunkCursor_ += text.size();
  chunkLeft_ -= text.size();
  return place;
}

void StringTable::grow() {
  std::vector<Id> larger(slots_.size() * 2, 0);
  const size_t mask = larger.size() - 1;
  for (Id id = 1; id < entries_.size(); ++id) {
    size_t slot = entries_[id].hash & mask;
    while (larger[slot] != 0) slot = (slot + 1) & mask;
    larger[slot] = id;
  }
  slots_.swap(larger);
}

size_t StringTable::memoryBytes() const {
  return textBytes_ + entries_.capacity() * sizeof(Entry) + slots_.capacity() * sizeof(Id);
}

}  // namespace spandrel::view
