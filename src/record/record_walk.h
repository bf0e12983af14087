// The order of a record's words behind its header, for those that look at every word: a visitor
// checks, copies or rewrites what it is told of. (Reading values for their own sake: span_view.h.)
//
//   void headText(place)    a text word of the header
//   void text()             the next word is one
//   void words(n)           n words as they are
//   uint32_t count()        a number of attributes or members
//   uint32_t tag()          a tag, with its key
//   void inPlace(tag)       a length, and the bytes behind it
//   bool isGood(), fail()   the walk ends where it is not; fail: no such type, or nested too deeply
#pragma once

#include <cstdint>

#include "record/grammar.h"
#include "trace/any_value.h"

namespace spandrel::record {

template <typename Visitor>
class RecordWalk {
 public:
  RecordWalk(const uint32_t* head, Visitor& visitor) : head_(head), visitor_(visitor) {}

  void run() {
    visitor_.headText(header::kName);
    visitor_.headText(header::kSpanType);
    for (uint32_t bit : {flags::kHasDescription, flags::kHasTraceState, flags::kHasTraceIdText,
                         flags::kHasExperimentId}) {
      if (head_[header::kFlags] & bit) visitor_.text();
    }
    values(head_[header::kAttributeCount], 0);
    for (uint32_t i = 0; i < head_[header::kEventCount] && visitor_.isGood(); ++i) {
      visitor_.words(2);  // its time
      visitor_.text();
      attributes();
    }
    for (uint32_t i = 0; i < head_[header::kLinkCount] && visitor_.isGood(); ++i) {
      visitor_.words(7);  // ids and flags
      visitor_.text();
      visitor_.text();
      attributes();
    }
  }

 private:
  void attributes() {
    const uint32_t count = visitor_.count();
    visitor_.words(1);  // dropped ones
    values(count, 0);
  }
  void values(uint32_t count, int depth) {
    if (depth > trace::kMaxReadDepth) visitor_.fail();
    for (uint32_t i = 0; i < count && visitor_.isGood(); ++i) value(depth);
  }
  void value(int depth) {
    const uint32_t tagWord = visitor_.tag();
    switch (static_cast<ValueType>(tagWord & tag::kTypeMask)) {
      case ValueType::Empty:
      case ValueType::False:
      case ValueType::True:
        return;
      case ValueType::Int32:
        return visitor_.words(1);
      case ValueType::Int64:
      case ValueType::Double:
        return visitor_.words(2);
      case ValueType::String:
      case ValueType::Json:
        return tagWord & tag::kLong ? visitor_.inPlace(tagWord) : visitor_.text();
      case ValueType::Bytes:
        return visitor_.inPlace(tagWord);
      case ValueType::Array:
      case ValueType::Map:
        return values(visitor_.count(), depth + 1);
    }
    visitor_.fail();
  }

  const uint32_t* head_;
  Visitor& visitor_;
};

}  // namespace spandrel::record
