#include "base/text.h"

#include <cstring>

namespace spandrel {
namespace {

constexpr char kHexDigits[] = "0123456789abcdef";
constexpr char kBase64Digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int hexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

int base64Value(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+' || c == '-') return 62;
  if (c == '/' || c == '_') return 63;
  return -1;
}

bool isContinuation(uint8_t byte) {
  return (byte & 0xC0) == 0x80;
}

constexpr uint64_t kEachByte = 0x0101010101010101;
constexpr uint64_t kHighBits = 0x80 * kEachByte;

// Not 0 where one of the eight bytes is below `limit`, which is at most 0x80.
uint64_t anyBelow(uint64_t bytes, uint8_t limit) {
  return (bytes - limit * kEachByte) & ~bytes & kHighBits;
}

// The start of the eight bytes for which `stops` is not 0, or of the last few.
template <typename Stops>
size_t skipEights(std::string_view text, size_t position, Stops stops) {
  while (text.size() - position >= 8) {
    uint64_t bytes;
    std::memcpy(&bytes, text.data() + position, 8);
    if (stops(bytes) != 0) break;
    position += 8;
  }
  return position;
}

}  // namespace

std::string toHex(Bytes bytes) {
  std::string out;
  out.reserve(bytes.size() * 2);
  for (uint8_t byte : bytes) {
    out.push_back(kHexDigits[byte >> 4]);
    out.push_back(kHexDigits[byte & 15]);
  }
  return out;
}

Result<std::vector<uint8_t>> fromHex(std::string_view hex) {
  if (hex.size() % 2 != 0) {
    return Error{ErrorCode::Malformed, "hex text has an odd number of digits", hex.size()};
  }
  std::vector<uint8_t> out;
  out.reserve(hex.size() / 2);
  for (size_t i = 0; i < hex.size(); i += 2) {
    const int high = hexValue(hex[i]);
    const int low = hexValue(hex[i + 1]);
    if (high < 0 || low < 0) {
      return Error{ErrorCode::Malformed, "not a hex digit", high < 0 ? i : i + 1};
    }
    out.push_back(static_cast<uint8_t>(high << 4 | low));
  }
  return out;
}

std::string toBase64(Bytes bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t left = bytes.size() - i;
    const uint32_t group = static_cast<uint32_t>(bytes[i]) << 16 |
                           (left > 1 ? static_cast<uint32_t>(bytes[i + 1]) << 8 : 0) |
                           (left > 2 ? bytes[i + 2] : 0);
    out.push_back(kBase64Digits[group >> 18]);
    out.push_back(kBase64Digits[group >> 12 & 63]);
    out.push_back(left > 1 ? kBase64Digits[group >> 6 & 63] : '=');
    out.push_back(left > 2 ? kBase64Digits[group & 63] : '=');
  }
  return out;
}

Result<std::vector<uint8_t>> fromBase64(std::string_view text) {
  size_t digits = text.size();
  while (digits > 0 && text[digits - 1] == '=' && text.size() - digits < 2) --digits;
  if (digits % 4 == 1 || (digits != text.size() && text.size() % 4 != 0)) {
    return Error{ErrorCode::Malformed, "base64 text has a wrong length", text.size()};
  }
  std::vector<uint8_t> out;
  out.reserve(digits / 4 * 3 + 2);
  uint32_t group = 0;
  for (size_t i = 0; i < digits; ++i) {
    const int value = base64Value(text[i]);
    if (value < 0) return Error{ErrorCode::Malformed, "not a base64 digit", i};
    group = group << 6 | static_cast<uint32_t>(value);
    const size_t place = i % 4;
    if (place == 1) out.push_back(static_cast<uint8_t>(group >> 4));
    if (place == 2) out.push_back(static_cast<uint8_t>(group >> 2));
    if (place == 3) out.push_back(static_cast<uint8_t>(group));
  }
  return out;
}

size_t utf8SequenceLength(std::string_view text) {
  if (text.empty()) return 0;
  const auto at = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t lead = at(0);
  if (lead < 0x80) return 1;
  if (lead < 0xC2 || lead > 0xF4) return 0;
  const size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if (!isContinuation(at(i))) return 0;
  }
  if (lead == 0xE0 && at(1) < 0xA0) return 0;  // overlong
  if (lead == 0xED && at(1) > 0x9F) return 0;  // surrogate
  if (lead == 0xF0 && at(1) < 0x90) return 0;  // overlong
  if (lead == 0xF4 && at(1) > 0x8F) return 0;  // above U+10FFFF
  return length;
}

size_t asciiRun(std::string_view text, size_t position) {
  size_t end = skipEights(text, position, [](uint64_t bytes) { return bytes & kHighBits; });
  while (end < text.size() && static_cast<uint8_t>(text[end]) < 0x80) ++end;
  return end - position;
}

size_t printableRun(std::string_view text, size_t position) {
  size_t end = skipEights(text, position, [](uint64_t bytes) {
    return (bytes | (bytes + kEachByte)) & kHighBits;  // a carry only stops it too early
  });
  while (end < text.size() && static_cast<uint8_t>(text[end]) < 0x7F) ++end;
  return end - position;
}

size_t plainJsonRun(std::string_view text, size_t position) {
  size_t end = skipEights(text, position, [](uint64_t bytes) {
    return anyBelow(bytes, 0x20) | anyBelow(bytes ^ '"' * kEachByte, 1) |
           anyBelow(bytes ^ '\\' * kEachByte, 1);
  });
  while (end < text.size() && text[end] != '"' && text[end] != '\\' &&
         static_cast<uint8_t>(text[end]) >= 0x20) {
    ++end;
  }
  return end - position;
}

bool isUtf8(std::string_view text) {
  size_t i = 0;
  while ((i += asciiRun(text, i)) < text.size()) {
    const size_t length = utf8SequenceLength(text.substr(i));
    if (length == 0) return false;
    i += length;
  }
  return true;
}

std::string sanitizeUtf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  size_t i = 0;
  while (i < text.size()) {
    const std::string_view rest = text.substr(i);
    size_t length = asciiRun(rest, 0);
    if (length == 0) length = utf8SequenceLength(rest);
    if (length > 0) {
      out.append(rest.substr(0, length));
      i += length;
      continue;
    }
    // A maximal prefix of a sequence counts as one error (WHATWG Encoding).
    const uint8_t lead = static_cast<uint8_t>(rest[0]);
    size_t bad = 1;
    if (lead >= 0xC2 && lead <= 0xF4) {
      const size_t expected = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
      while (bad < expected && bad < rest.size() &&
             isContinuation(static_cast<uint8_t>(rest[bad]))) {
        const uint8_t second = static_cast<uint8_t>(rest[1]);
        if (bad == 1 && ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F) ||
                         (lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second > 0x8F))) {
          break;
        }
        ++bad;
      }
    }
    out.append("\xEF\xBF\xBD");
    i += bad;
  }
  return out;
}

uint32_t nextCodePoint(std::string_view text, size_t& position) {
  const auto at = [&](size_t i) { return static_cast<uint32_t>(static_cast<uint8_t>(text[i])); };
  const uint32_t lead = at(position);
  if (lead < 0x80) return at(position++);
  const size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  uint32_t codePoint = lead & (0xFFu >> (length + 1));
  for (size_t i = 1; i < length && position + i < text.size(); ++i) {
    codePoint = codePoint << 6 | (at(position + i) & 0x3F);
  }
  position += length;
  return codePoint;
}

void appendUtf8(std::string& out, uint32_t codePoint) {
  const auto push = [&](uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (codePoint < 0x80) {
    push(codePoint);
  } else if (codePoint < 0x800) {
    push(0xC0 | codePoint >> 6);
    push(0x80 | (codePoint & 0x3F));
  } else if (codePoint < 0x10000) {
    push(0xE0 | codePoint >> 12);
    push(0x80 | (codePoint >> 6 & 0x3F));
    push(0x80 | (codePoint & 0x3F));
  } else {
    push(0xF0 | codePoint >> 18);
    push(0x80 | (codePoint >> 12 & 0x3F));
    push(0x80 | (codePoint >> 6 & 0x3F));
    push(0x80 | (codePoint & 0x3F));
  }
}

size_t countCodePoints(std::string_view text) {
  size_t count = 0;
  for (char c : text) {
    if (!isContinuation(static_cast<uint8_t>(c))) ++count;
  }
  return count;
}

std::string_view takeCodePoints(std::string_view text, size_t count) {
  size_t seen = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (isContinuation(static_cast<uint8_t>(text[i]))) continue;
    if (seen == count) return text.substr(0, i);
    ++seen;
  }
  return text;
}

}  // namespace spandrel
