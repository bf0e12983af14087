// Text and bytes between JavaScript and the core.
//
// embind copies strings by a JavaScript loop and breaks lone surrogates, so long values go through
// two buffers instead: JavaScript asks for inputBuffer(bytes), encodes straight into it and calls a
// binding with the length; the binding leaves its answer in the output buffer and returns its
// length. A negative number is −(1 + ErrorCode): the output holds the message.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/text.h"

namespace spandrel::wasm {

// Address of a buffer of at least `bytes`; 0 when memory cannot be had. Valid until the next call.
uint32_t inputBuffer(uint32_t bytes);
// Gives back memory that a large input took.
void shrinkBuffers();
uint32_t outputAddress();
uint32_t errorOffset();

// Bindings of what neither recording nor export needs: registering a hundred of them takes
// milliseconds, so JavaScript calls bindRest() when it asks for the first. To be called while
// globals are set up.
bool bindLater(void (*bind)());

std::string_view inputText(uint32_t length);
Bytes inputBytes(uint32_t length);

int32_t reply(std::string text);
int32_t reply(std::vector<uint8_t> bytes);
int32_t reply(const Error& error);
int32_t reply(const uint8_t* data, size_t length);  // not copied: must outlive the read
inline int32_t reply(Bytes bytes) {
  return reply(bytes.data(), bytes.size());
}
inline int32_t reply(Done) {
  return reply(std::string());
}

template <typename T>
int32_t reply(Result<T> result) {
  return result.ok() ? reply(result.take()) : reply(result.error());
}

}  // namespace spandrel::wasm

// EMSCRIPTEN_BINDINGS for those. Followed by a body.
#define SPANDREL_LATE_BINDINGS(name)                                                  \
  static void name();                                                                 \
  [[maybe_unused]] static const bool name##Listed = spandrel::wasm::bindLater(&name); \
  static void name()
