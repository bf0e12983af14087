// Text and bytes between JavaScript and the core.
//
// embind copies strings by a JavaScript loop and breaks lone surrogates, so long values go through
// two buffers instead, and only numbers cross: JavaScript asks for inputBuffer(bytes), encodes
// straight into it and calls a binding with the length; the binding leaves its answer in the output
// buffer and returns its length. A negative number is −(1 + ErrorCode): the output holds the
// message.
#pragma once

#include <emscripten/em_macros.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/text.h"

// What JavaScript calls by its name. Numbers alone may cross: unsigned ones arrive signed, a bool
// as 0 or 1.
#define SPANDREL_EXPORT extern "C" EMSCRIPTEN_KEEPALIVE

namespace spandrel::wasm {

// Address of a buffer of at least `bytes`; 0 when memory cannot be had. Valid until the next call.
SPANDREL_EXPORT uint32_t inputBuffer(uint32_t bytes);
// Gives back memory that a large input took.
SPANDREL_EXPORT void shrinkBuffers();
// The shadow stack, which must be put back when a host exception (a RangeError of its stack) has
// unwound through C++ frames.
SPANDREL_EXPORT uint32_t stackPointer();
SPANDREL_EXPORT void restoreStack(uint32_t pointer);
SPANDREL_EXPORT uint32_t outputAddress();
SPANDREL_EXPORT uint32_t errorOffset();

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
