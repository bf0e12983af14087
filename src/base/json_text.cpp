#include "base/json_text.h"

#include "base/text.h"

namespace spandrel {
namespace {

constexpr char kHexDigits[] = "0123456789abcdef";
constexpr uint32_t kReplacement = 0xFFFD;

void appendUnit(std::string& out, uint32_t unit) {
  out.append("\\u");
  for (int shift = 12; shift >= 0; shift -= 4) out.push_back(kHexDigits[unit >> shift & 15]);
}

void appendEscapedCodePoint(std::string& out, uint32_t codePoint) {
  if (codePoint >= 0x10000) {
    appendUnit(out, 0xD7C0 + (codePoint >> 10));
    appendUnit(out, 0xDC00 + (codePoint & 0x3FF));
  } else {
    appendUnit(out, codePoint);
  }
}

// Escapes the character at `position` and moves past it.
void appendEscapedUtf8(std::string& out, std::string_view text, size_t& position) {
  if (utf8SequenceLength(text.substr(position, 4)) == 0) {
    ++position;
    appendUnit(out, kReplacement);
  } else {
    appendEscapedCodePoint(out, nextCodePoint(text, position));
  }
}

void appendControl(std::string& out, uint8_t c) {
  switch (c) {
    case '"':
    case '\\':
      out.push_back('\\');
      out.push_back(static_cast<char>(c));
      return;
    case '\b':
      out.append("\\b");
      return;
    case '\t':
      out.append("\\t");
      return;
    case '\n':
      out.append("\\n");
      return;
    case '\f':
      out.append("\\f");
      return;
    case '\r':
      out.append("\\r");
      return;
    default:
      appendUnit(out, c);
  }
}

uint32_t hexUnit(std::string_view digits) {
  uint32_t unit = 0;
  for (char c : digits) {
    const uint32_t digit = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
    unit = unit << 4 | digit;
  }
  return unit;
}

Result<std::string> rewrite(std::string_view json, std::string_view comma, std::string_view colon) {
  using Kind = JsonScanner::Kind;
  std::string out;
  out.reserve(json.size() + json.size() / 8);
  JsonScanner scanner(json);
  bool isFirst = true;  // no comma before the next key or value
  for (;;) {
    const JsonScanner::Token token = scanner.next();
    switch (token.kind) {
      case Kind::Error:
        return scanner.error();
      case Kind::End:
        return out;
      case Kind::EndObject:
      case Kind::EndArray:
        out.append(token.text);
        isFirst = false;
        continue;
      default:
        break;
    }
    if (!isFirst) out.append(comma);
    out.append(token.text);
    isFirst = token.kind == Kind::BeginObject || token.kind == Kind::BeginArray ||
              token.kind == Kind::Key;
    if (token.kind == Kind::Key) out.append(colon);
  }
}

}  // namespace

void appendJsonString(std::string& out, std::string_view text, JsonEscapes escapes) {
  out.push_back('"');
  size_t clean = 0;  // start of what has not been copied yet
  size_t i = 0;
  while (i < text.size()) {
    const uint8_t c = static_cast<uint8_t>(text[i]);
    const bool isPlain =
        c >= 0x20 && c != '"' && c != '\\' && (c < 0x7F || escapes == JsonEscapes::Needed);
    if (isPlain) {
      i += escapes == JsonEscapes::Needed ? plainJsonRun(text, i) : 1;
      continue;
    }
    out.append(text.substr(clean, i - clean));
    if (c < 0x7F) {
      appendControl(out, c);
      ++i;
    } else {
      appendEscapedUtf8(out, text, i);
    }
    clean = i;
  }
  out.append(text.substr(clean));
  out.push_back('"');
}

std::string quoteJson(std::string_view text, JsonEscapes escapes) {
  std::string out;
  out.reserve(text.size() + 2);
  appendJsonString(out, text, escapes);
  return out;
}

void appendAsciiJson(std::string& out, std::string_view json) {
  size_t clean = 0;
  size_t i = 0;
  while (i < json.size()) {
    const size_t plain = printableRun(json, i);
    if (plain > 0) {
      i += plain;
      continue;
    }
    out.append(json.substr(clean, i - clean));
    appendEscapedUtf8(out, json, i);
    clean = i;
  }
  out.append(json.substr(clean));
}

std::string asciiJson(std::string_view json) {
  std::string out;
  out.reserve(json.size());
  appendAsciiJson(out, json);
  return out;
}

Result<Done> checkJson(std::string_view json, int maxDepth) {
  JsonScanner scanner(json, maxDepth);
  for (;;) {
    const JsonScanner::Kind kind = scanner.next().kind;
    if (kind == JsonScanner::Kind::End) return Done{};
    if (kind == JsonScanner::Kind::Error) return scanner.error();
  }
}

Result<std::string> respaceJson(std::string_view json) {
  return rewrite(json, ", ", ": ");
}

Result<std::string> minifyJson(std::string_view json) {
  return rewrite(json, ",", ":");
}

std::string unquoteJson(std::string_view quoted) {
  const std::string_view text = quoted.substr(1, quoted.size() - 2);
  std::string out;
  out.reserve(text.size());
  size_t i = 0;
  while (i < text.size()) {
    const size_t backslash = text.find('\\', i);
    out.append(text.substr(i, backslash - i));
    if (backslash == std::string_view::npos) break;
    const char escape = text[backslash + 1];
    i = backslash + 2;
    if (escape != 'u') {
      static constexpr std::string_view kLetters = "bfnrt";
      static constexpr std::string_view kMeanings = "\b\f\n\r\t";
      const size_t letter = kLetters.find(escape);
      out.push_back(letter == std::string_view::npos ? escape : kMeanings[letter]);
      continue;
    }
    uint32_t codePoint = hexUnit(text.substr(i, 4));
    i += 4;
    const bool isHigh = codePoint >= 0xD800 && codePoint < 0xDC00;
    if (isHigh && text.substr(i, 2) == "\\u") {
      const uint32_t low = hexUnit(text.substr(i + 2, 4));
      if (low >= 0xDC00 && low < 0xE000) {
        codePoint = 0x10000 + ((codePoint - 0xD800) << 10 | (low - 0xDC00));
        i += 6;
      }
    }
    if (codePoint >= 0xD800 && codePoint < 0xE000) codePoint = kReplacement;
    appendUtf8(out, codePoint);
  }
  return isUtf8(out) ? out : sanitizeUtf8(out);
}

}  // namespace spandrel
