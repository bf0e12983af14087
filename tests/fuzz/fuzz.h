// What the fuzz targets share: claims that end the run, and a watch over memory.
//
// A target takes any bytes. It fails by a sanitizer, by a claim that does not hold, or by more
// memory than the input may cost.
#pragma once

#include <sanitizer/allocator_interface.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/text.h"

namespace spandrel::fuzz {

inline void claim(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "claim: %s\n", what);
  std::abort();
}

inline std::string_view textOf(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}
inline Bytes bytesOf(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

// A refusal names its place, which is inside of the input or at its end, and says something.
inline void claimIsClear(const Error& error, size_t inputBytes) {
  claim(!error.message.empty(), "an error has a message");
  claim(error.offset <= inputBytes, "an error is inside of the input");
}

// The most memory that was held at once since it was made, as the allocator counts it.
class MemoryWatch {
 public:
  MemoryWatch() {
    static const int installed = __sanitizer_install_malloc_and_free_hooks(&took, &gave);
    claim(installed != 0, "the allocator can be watched");
    current_ = peak_ = 0;
    isOn_ = true;
  }
  ~MemoryWatch() { isOn_ = false; }

  // The rule for everything that comes from outside.
  void claimWithin(size_t inputBytes) const {
    const int64_t most = static_cast<int64_t>(inputBytes) * 4 + (int64_t{1} << 20);
    if (peak_ > most) {
      std::fprintf(stderr, "%zu bytes of input took %lld bytes\n", inputBytes,
                   static_cast<long long>(peak_));
    }
    claim(peak_ <= most, "an input costs four times its bytes and 1 MiB at most");
  }

 private:
  static void took(const volatile void*, size_t size) {
    if (isOn_) peak_ = std::max(peak_, current_ += static_cast<int64_t>(size));
  }
  static void gave(const volatile void* block) {
    if (isOn_)
      current_ -=
          static_cast<int64_t>(__sanitizer_get_allocated_size(const_cast<const void*>(block)));
  }

  static inline bool isOn_ = false;
  static inline int64_t current_ = 0;
  static inline int64_t peak_ = 0;
};

// The input again and again, a mebibyte of it: there the part of the rule that grows with the input
// shows. Empty for most inputs, since it takes its time.
inline std::string manyTimes(std::string_view input) {
  std::string many;
  size_t sum = 0;
  for (const char c : input) sum += static_cast<uint8_t>(c);
  if (input.size() < 8 || sum % 61 != 0) return many;
  while (many.size() < size_t{1} << 20) many.append(input);
  return many;
}

}  // namespace spandrel::fuzz
