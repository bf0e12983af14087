// Reads protobuf's wire format field by field from bytes that may be hostile.
//
//   while (reader.next()) switch (reader.field()) {
//     case fields::…: reader.readText(text); break;
//     default: reader.skip();
//   }
//   if (reader.failed()) …
//
// Nothing is copied and nothing is allocated: lengths are compared with what is left before
// anything else happens. Rules, as protobuf's own parsers have them:
//   - a varint has at most 10 bytes, the tenth at most 1; a tag at most 5 bytes;
//   - field number 0, wire types 6 and 7, an end of a group that was not begun: refused;
//   - groups are skipped whole; groups and messages nest at most kMaxDepth deep, together;
//   - a length above INT_MAX is refused even if that much were there.
// A read of a field whose wire type is not the expected one skips it and returns false, as if the
// field were unknown. After an error every call returns false and nothing moves.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "base/text.h"
#include "otlp/wire_writer.h"

namespace spandrel::otlp {

class WireReader {
 public:
  static constexpr int kMaxDepth = 100;

  explicit WireReader(Bytes input)
      : begin_(input.data()), at_(begin_), end_(begin_ + input.size()) {}

  // Moves to the next field. False at the end, or after an error.
  bool next();
  uint32_t field() const { return field_; }
  WireType type() const { return type_; }

  // One value of the current field each; true: read, and of the expected type.
  bool readUint64(uint64_t& out);
  bool readInt64(int64_t& out);
  bool readUint32(uint32_t& out);  // the low 32 bits, as protobuf truncates
  bool readBool(bool& out);        // anything but 0 is true
  bool readFixed64(uint64_t& out);
  bool readFixed32(uint32_t& out);
  bool readDouble(double& out);
  bool readBytes(std::string_view& out);  // a view into the input
  // A reader of the nested message that the current field holds; on false `out` is untouched.
  bool readMessage(WireReader& out);
  // Passes over the current field's value, whatever it is.
  bool skip();

  // A nested reader that failed makes its parent fail: call this after the nested message is done.
  void adopt(const WireReader& nested) {
    if (nested.failed_) fail(nested.code_, nested.message_, nested.errorOffset_);
  }
  // Stops this reader for a reason of the caller's, which must outlive it.
  void failAt(ErrorCode code, const char* message, size_t offset) { fail(code, message, offset); }

  bool failed() const { return failed_; }
  Error error() const { return {code_, message_, errorOffset_}; }
  // From the start of the outermost input.
  size_t offset() const { return static_cast<size_t>(at_ - begin_); }
  size_t fieldOffset() const { return fieldOffset_; }
  size_t remaining() const { return static_cast<size_t>(end_ - at_); }
  int depth() const { return depth_; }

 private:
  bool fail(ErrorCode code, const char* message, size_t offset);
  bool isType(WireType expected);
  bool readVarint(uint64_t& out);
  bool readTag(uint32_t& field, WireType& type);
  bool readLength(size_t& length);
  bool skipValue(WireType type);
  bool skipGroup(uint32_t field);

  const uint8_t* begin_;  // of the outermost input
  const uint8_t* at_;
  const uint8_t* end_;  // of this message
  size_t fieldOffset_ = 0;
  size_t errorOffset_ = 0;
  const char* message_ = "";
  uint32_t field_ = 0;
  int depth_ = 0;
  WireType type_ = WireType::Varint;
  ErrorCode code_ = ErrorCode::Malformed;
  bool failed_ = false;
};

}  // namespace spandrel::otlp
