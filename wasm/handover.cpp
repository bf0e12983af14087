#include "handover.h"

#include <emscripten/stack.h>

#include <cstdlib>
#include <utility>

namespace spandrel::wasm {
namespace {

constexpr uint32_t kKeptCapacity = 1 << 20;

struct Buffers {
  uint8_t* input = nullptr;
  uint32_t inputCapacity = 0;
  std::string text;
  std::vector<uint8_t> bytes;
  const uint8_t* output = nullptr;
  uint32_t errorOffset = 0;
};

Buffers& buffers() {
  static Buffers instance;
  return instance;
}

int32_t replyAt(const void* data, size_t length) {
  buffers().output = static_cast<const uint8_t*>(data);
  return static_cast<int32_t>(length);
}

}  // namespace

SPANDREL_EXPORT uint32_t stackPointer() {
  return static_cast<uint32_t>(emscripten_stack_get_current());
}

SPANDREL_EXPORT void restoreStack(uint32_t pointer) {
  // The C library's own function for it has another name in each version.
  __asm__ volatile(
      ".globaltype __stack_pointer, i32\n"
      "local.get %0\n"
      "global.set __stack_pointer"
      :
      : "r"(pointer));
}

SPANDREL_EXPORT uint32_t inputBuffer(uint32_t bytes) {
  Buffers& b = buffers();
  if (bytes > b.inputCapacity || b.input == nullptr) {
    std::free(b.input);
    b.inputCapacity = bytes < 4096 ? 4096 : bytes;
    b.input = static_cast<uint8_t*>(std::malloc(b.inputCapacity));
    if (b.input == nullptr) b.inputCapacity = 0;
  }
  return reinterpret_cast<uintptr_t>(b.input);
}

SPANDREL_EXPORT void shrinkBuffers() {
  Buffers& b = buffers();
  if (b.inputCapacity > kKeptCapacity) {
    std::free(b.input);
    b.input = nullptr;
    b.inputCapacity = 0;
  }
  if (b.text.capacity() > kKeptCapacity) b.text = std::string();
  if (b.bytes.capacity() > kKeptCapacity) b.bytes = std::vector<uint8_t>();
}

SPANDREL_EXPORT uint32_t outputAddress() {
  return reinterpret_cast<uintptr_t>(buffers().output);
}
SPANDREL_EXPORT uint32_t errorOffset() {
  return buffers().errorOffset;
}

std::string_view inputText(uint32_t length) {
  return {reinterpret_cast<const char*>(buffers().input), length};
}
Bytes inputBytes(uint32_t length) {
  return {buffers().input, length};
}

int32_t reply(std::string text) {
  Buffers& b = buffers();
  b.text = std::move(text);
  return replyAt(b.text.data(), b.text.size());
}

int32_t reply(std::vector<uint8_t> bytes) {
  Buffers& b = buffers();
  b.bytes = std::move(bytes);
  return replyAt(b.bytes.data(), b.bytes.size());
}

int32_t reply(const uint8_t* data, size_t length) {
  return replyAt(data, length);
}

int32_t reply(const Error& error) {
  Buffers& b = buffers();
  b.text = error.message;
  b.errorOffset = static_cast<uint32_t>(error.offset);
  replyAt(b.text.data(), b.text.size());
  // The length of a message is asked for by messageLength().
  return -1 - static_cast<int32_t>(error.code);
}

SPANDREL_EXPORT uint32_t messageLength() {
  return static_cast<uint32_t>(buffers().text.size());
}

}  // namespace spandrel::wasm
