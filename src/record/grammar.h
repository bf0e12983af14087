// The packed record: one ended span (or a snapshot of an open one) as it crosses from JavaScript
// into the core and as it stays there until it is exported. js/tracing/recorder.ts writes it.
//
//   record    = header texts* attribute* event* link* strings
//   header    = 26 words, below
//   texts     = statusDescription? traceState? traceIdText? experimentId?   (each a text, by flag)
//   attribute = tag payload
//   event     = timeLow timeHigh text(name) attributeCount droppedAttributes attribute*
//   link      = traceId[4] spanId[2] flags text(traceState) text(traceIdText)
//               attributeCount droppedAttributes attribute*
//   text      = one word: bit 31 set: id in the text table; else: length of the next bytes of
//               `strings`; kNoText: there is none
//   tag       = one word: bits 0-3 type, bit 4 native, bit 5 long, bit 6 key is a text id,
//               bits 7-31 text id or length of the key in `strings`
//   payload   = Empty, False, True: nothing       Int32: 1 word
//               Int64, Double: 2 words, low first Bytes: byte length, bytes padded to words
//               String, Json: a text; with the long bit as Bytes
//               Array, Map: count, then that many tag+payload (Array: key of length 0)
//   strings   = the texts in the order in which the words name them, UTF-8, padded to words
//
// Words are 32-bit little-endian; a record is a whole number of words. While a record is staged
// (written by JavaScript, not committed yet) the content of `strings` is in the chunk's rope, and
// text lengths and kStringLength count UTF-16 code units; `strings` is as long as if they were
// bytes, which they are where all text is ASCII.
//
// The version is part of the key under which bundles share a manager: change it with the grammar.
#pragma once

#include <cstdint>

namespace spandrel::record {

inline constexpr uint32_t kGrammarVersion = 1;

namespace header {
inline constexpr uint32_t kByteLength = 0;
inline constexpr uint32_t kFlags = 1;
inline constexpr uint32_t kTraceId = 2;       // 4 words: the 16 bytes in order
inline constexpr uint32_t kSpanId = 6;        // 2 words
inline constexpr uint32_t kParentSpanId = 8;  // 2 words, zero: none
inline constexpr uint32_t kStartTime = 10;    // 2 words, ns since 1970, low first
inline constexpr uint32_t kEndTime = 12;      // 2 words, zero while open
inline constexpr uint32_t kName = 14;         // text
inline constexpr uint32_t kSpanType = 15;     // text
inline constexpr uint32_t kAttributeCount = 16;
inline constexpr uint32_t kEventCount = 17;
inline constexpr uint32_t kLinkCount = 18;
inline constexpr uint32_t kDroppedAttributes = 19;
inline constexpr uint32_t kDroppedEvents = 20;
inline constexpr uint32_t kDroppedLinks = 21;
inline constexpr uint32_t kOrdinal = 22;  // place in start order within the trace
inline constexpr uint32_t kStringLength = 23;
// Bits 0-7 default log level (0: none), 8-31 set of destinations.
inline constexpr uint32_t kRouting = 24;
// How many of the last attributes are the trace's: sent by plain OTLP, no part of the span itself.
inline constexpr uint32_t kTraceAttributes = 25;
inline constexpr uint32_t kWords = 26;
}  // namespace header

namespace flags {
inline constexpr uint32_t kKindShift = 0;    // 3 bits, OTLP's SpanKind
inline constexpr uint32_t kStatusShift = 3;  // 2 bits, OTLP's StatusCode
inline constexpr uint32_t kOpen = 1u << 5;
inline constexpr uint32_t kRemoteParent = 1u << 6;
inline constexpr uint32_t kTypeWasSet = 1u << 7;  // the span type came from the user
inline constexpr uint32_t kPlain = 1u << 8;       // no virtual attributes: all stand in the list
inline constexpr uint32_t kStartTimeWasGiven = 1u << 9;  // shown as mlflow.spanStartTimeNs
inline constexpr uint32_t kRoot = 1u << 10;              // local root of its trace
inline constexpr uint32_t kCompletes = 1u << 15;  // root and all known spans have ended with it
inline constexpr uint32_t kHasDescription = 1u << 11;
inline constexpr uint32_t kHasTraceState = 1u << 12;
inline constexpr uint32_t kHasTraceIdText = 1u << 13;  // MLflow id where it is not "tr-<hex>"
inline constexpr uint32_t kHasExperimentId = 1u << 14;
inline constexpr uint32_t kTraceFlagsShift = 16;  // 8 bits, W3C trace flags
}  // namespace flags

enum class ValueType : uint32_t {
  Empty,
  False,
  True,
  Int32,
  Int64,
  Double,
  String,
  Json,
  Bytes,
  Array,
  Map
};

namespace tag {
inline constexpr uint32_t kTypeMask = 0xF;
inline constexpr uint32_t kNative = 1u << 4;
inline constexpr uint32_t kLong = 1u << 5;
inline constexpr uint32_t kKeyInterned = 1u << 6;
inline constexpr uint32_t kKeyShift = 7;
}  // namespace tag

inline constexpr uint32_t kInterned = 1u << 31;
inline constexpr uint32_t kNoText = 0xFFFFFFFF;

// Bytes as they stand among words.
constexpr uint32_t padded(size_t bytes) {
  return static_cast<uint32_t>((bytes + 3) & ~size_t{3});
}

}  // namespace spandrel::record
