#include "otlp/wire_reader.h"

#include <climits>
#include <cstring>

namespace spandrel::otlp {
namespace {

constexpr ptrdiff_t kMaxTagBytes = 5;

uint64_t littleEndian(const uint8_t* at, int bytes) {
  uint64_t value = 0;
  for (int i = 0; i < bytes; ++i) value |= static_cast<uint64_t>(at[i]) << (8 * i);
  return value;
}

}  // namespace

bool WireReader::next() {
  if (failed_ || at_ == end_) return false;
  fieldOffset_ = offset();
  if (!readTag(field_, type_)) return false;
  if (type_ == WireType::EndGroup) {
    return fail(ErrorCode::Malformed, "end of a group that was not begun", fieldOffset_);
  }
  return true;
}

bool WireReader::readUint64(uint64_t& out) {
  return isType(WireType::Varint) && readVarint(out);
}

bool WireReader::readInt64(int64_t& out) {
  uint64_t value = 0;
  if (!readUint64(value)) return false;
  out = static_cast<int64_t>(value);
  return true;
}

bool WireReader::readUint32(uint32_t& out) {
  uint64_t value = 0;
  if (!readUint64(value)) return false;
  out = static_cast<uint32_t>(value);
  return true;
}

bool WireReader::readBool(bool& out) {
  uint64_t value = 0;
  if (!readUint64(value)) return false;
  out = value != 0;
  return true;
}

bool WireReader::readFixed64(uint64_t& out) {
  if (!isType(WireType::Fixed64)) return false;
  if (remaining() < 8)
    return fail(ErrorCode::Truncated, "a 64-bit value is cut short", fieldOffset_);
  out = littleEndian(at_, 8);
  at_ += 8;
  return true;
}

bool WireReader::readFixed32(uint32_t& out) {
  if (!isType(WireType::Fixed32)) return false;
  if (remaining() < 4)
    return fail(ErrorCode::Truncated, "a 32-bit value is cut short", fieldOffset_);
  out = static_cast<uint32_t>(littleEndian(at_, 4));
  at_ += 4;
  return true;
}

bool WireReader::readDouble(double& out) {
  uint64_t bits = 0;
  if (!readFixed64(bits)) return false;
  std::memcpy(&out, &bits, sizeof out);
  return true;
}

bool WireReader::readBytes(std::string_view& out) {
  size_t length = 0;
  if (!isType(WireType::Bytes) || !readLength(length)) return false;
  out = {reinterpret_cast<const char*>(at_), length};
  at_ += length;
  return true;
}

bool WireReader::readMessage(WireReader& out) {
  std::string_view content;
  if (type_ == WireType::Bytes && depth_ + 1 > kMaxDepth) {
    return fail(ErrorCode::TooDeep, "messages are nested more than 100 deep", fieldOffset_);
  }
  if (!readBytes(content)) return false;
  out = *this;
  out.at_ = reinterpret_cast<const uint8_t*>(content.data());
  out.end_ = out.at_ + content.size();
  ++out.depth_;
  return true;
}

bool WireReader::skip() {
  return !failed_ && skipValue(type_);
}

bool WireReader::fail(ErrorCode code, const char* message, size_t offset) {
  if (failed_) return false;
  failed_ = true;
  code_ = code;
  message_ = message;
  errorOffset_ = offset;
  return false;
}

bool WireReader::isType(WireType expected) {
  if (failed_) return false;
  if (type_ == expected) return true;
  skip();
  return false;
}

bool WireReader::readVarint(uint64_t& out) {
  const size_t start = offset();
  uint64_t value = 0;
  for (int shift = 0; shift < 70; shift += 7) {
    if (at_ == end_) return fail(ErrorCode::Truncated, "a varint is cut short", start);
    const uint8_t byte = *at_++;
    if (shift == 63 && byte > 1) break;
    value |= static_cast<uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80) {
      out = value;
      return true;
    }
  }
  return fail(ErrorCode::Malformed, "a varint has more than 64 bits", start);
}

bool WireReader::readTag(uint32_t& field, WireType& type) {
  const uint8_t* start = at_;
  const size_t startOffset = offset();
  uint64_t tag = 0;
  if (!readVarint(tag)) return false;
  if (tag > UINT32_MAX || at_ - start > kMaxTagBytes) {
    return fail(ErrorCode::Malformed, "a tag has more than 32 bits", startOffset);
  }
  if (tag >> 3 == 0) return fail(ErrorCode::Malformed, "field number 0", startOffset);
  if ((tag & 7) > static_cast<uint64_t>(WireType::Fixed32)) {
    return fail(ErrorCode::Malformed, "unknown wire type", startOffset);
  }
  field = static_cast<uint32_t>(tag >> 3);
  type = static_cast<WireType>(tag & 7);
  return true;
}

bool WireReader::readLength(size_t& length) {
  const size_t start = offset();
  uint64_t value = 0;
  if (!readVarint(value)) return false;
  if (value > INT_MAX) return fail(ErrorCode::Malformed, "a length is above 2 GiB", start);
  if (value > remaining()) return fail(ErrorCode::Truncated, "a length goes past the end", start);
  length = static_cast<size_t>(value);
  return true;
}

bool WireReader::skipValue(WireType type) {
  uint64_t ignored = 0;
  size_t length = 0;
  switch (type) {
    case WireType::Varint:
      return readVarint(ignored);
    case WireType::Fixed64:
      length = 8;
      break;
    case WireType::Fixed32:
      length = 4;
      break;
    case WireType::Bytes:
      if (!readLength(length)) return false;
      break;
    case WireType::StartGroup:
      return skipGroup(field_);
    case WireType::EndGroup:
      return fail(ErrorCode::Malformed, "end of a group that was not begun", fieldOffset_);
  }
  if (length > remaining()) return fail(ErrorCode::Truncated, "a value is cut short", fieldOffset_);
  at_ += length;
  return true;
}

bool WireReader::skipGroup(uint32_t field) {
  uint32_t open[kMaxDepth];
  int count = 0;
  open[count++] = field;
  while (count > 0) {
    if (at_ == end_) return fail(ErrorCode::Truncated, "a group has no end", fieldOffset_);
    const size_t start = offset();
    uint32_t inner = 0;
    WireType type = WireType::Varint;
    if (!readTag(inner, type)) return false;
    if (type == WireType::EndGroup) {
      if (inner != open[--count])
        return fail(ErrorCode::Malformed, "a group ends as another one", start);
    } else if (type == WireType::StartGroup) {
      if (depth_ + count >= kMaxDepth)
        return fail(ErrorCode::TooDeep, "groups are nested more than 100 deep", start);
      open[count++] = inner;
    } else if (!skipValue(type)) {
      return false;
    }
  }
  return true;
}

}  // namespace spandrel::otlp
