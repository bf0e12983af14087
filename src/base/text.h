// Hex, base64 and UTF-8: the small encodings that ids and text need everywhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace spandrel {

using Bytes = std::span<const uint8_t>;

// Two lower-case digits a byte.
std::string toHex(Bytes bytes);
// Digits of either case; anything else, or an odd count, is refused with the offset.
Result<std::vector<uint8_t>> fromHex(std::string_view hex);

// Standard alphabet with padding (RFC 4648 §4).
std::string toBase64(Bytes bytes);
// Standard and URL alphabets, with or without padding.
Result<std::vector<uint8_t>> fromBase64(std::string_view text);

// Length in bytes of the well-formed UTF-8 sequence at the start of `text`; 0 if there is none.
// Overlong forms, surrogates and values above U+10FFFF are not well-formed.
size_t utf8SequenceLength(std::string_view text);
bool isUtf8(std::string_view text);
// How many bytes from `position` on are ASCII; eight are looked at together.
size_t asciiRun(std::string_view text, size_t position);
// The same of bytes below 0x7F, which ASCII-escaped JSON keeps.
size_t printableRun(std::string_view text, size_t position);
// The same of bytes that JSON's strings carry as they are: no quotation mark, backslash or control
// character.
size_t plainJsonRun(std::string_view text, size_t position);
// Each maximal ill-formed part becomes U+FFFD, as browsers do.
std::string sanitizeUtf8(std::string_view text);
// Decodes one code point at `position` of well-formed text and moves past it.
uint32_t nextCodePoint(std::string_view text, size_t& position);
void appendUtf8(std::string& out, uint32_t codePoint);

// Code points of well-formed text.
size_t countCodePoints(std::string_view text);
// The first `count` code points.
std::string_view takeCodePoints(std::string_view text, size_t count);

}  // namespace spandrel
