// One span as plain data: the form that codecs, dictionaries and tests share.
//
// The hot path does not use it (records go straight to OTLP bytes); everything that handles single
// spans does. Attributes are complete and in order: what a record keeps in its header
// (trace id, span type, log level) has been written out as attributes here.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "trace/any_value.h"
#include "trace/ids.h"

namespace spandrel::trace {

enum class SpanKind : uint8_t {
  Unspecified,
  Internal,
  Server,
  Client,
  Producer,
  Consumer
};                                                     // OTLP numbers
enum class StatusCode : uint8_t { Unset, Ok, Error };  // OTLP numbers

struct Status {
  StatusCode code = StatusCode::Unset;
  std::string description;
  bool operator==(const Status&) const = default;
};

struct Attribute {
  std::string key;
  AnyValue value;
  bool operator==(const Attribute&) const = default;
};

struct Event {
  std::string name;
  uint64_t timeNs = 0;
  std::vector<Attribute> attributes;
  uint32_t droppedAttributes = 0;
  bool operator==(const Event&) const = default;
};

struct Link {
  TraceId traceId;
  SpanId spanId;
  std::string traceState;
  std::vector<Attribute> attributes;
  uint32_t droppedAttributes = 0;
  uint32_t flags = 0;
  std::string
      mlflowTraceId;  // as the caller wrote it ("tr-…", bare hex); empty: derived from traceId
  std::string mlflowSpanId;  // as the caller wrote it where that is no 16 lower-case digits ("2b7")
  bool operator==(const Link&) const = default;
};

// Bits of OTLP's Span.flags and Link.flags above the W3C trace flags.
inline constexpr uint32_t kHasIsRemote = 0x100;
inline constexpr uint32_t kIsRemote = 0x200;

struct SpanData {
  TraceId traceId;
  SpanId spanId;
  SpanId parentSpanId;  // zero: no parent
  std::string traceState;
  std::string name;
  SpanKind kind = SpanKind::Internal;
  uint32_t flags = 0;  // as on the wire: W3C flags, kHasIsRemote, kIsRemote
  uint64_t startTimeNs = 0;
  uint64_t endTimeNs = 0;
  bool isOpen = false;  // no end time yet; endTimeNs is 0
  Status status;
  std::vector<Attribute> attributes;
  std::vector<Event> events;
  std::vector<Link> links;
  uint32_t droppedAttributes = 0;
  uint32_t droppedEvents = 0;
  uint32_t droppedLinks = 0;
  uint32_t ordinal = 0;  // place in start order within its trace

  bool operator==(const SpanData&) const = default;

  const AnyValue* find(std::string_view key) const;
};

// Where spans of a batch come from (OTLP Resource and InstrumentationScope).
struct Resource {
  std::vector<Attribute> attributes;
  uint32_t droppedAttributes = 0;
  std::string schemaUrl;
  bool operator==(const Resource&) const = default;
};

struct Scope {
  std::string name;
  std::string version;
  std::vector<Attribute> attributes;
  uint32_t droppedAttributes = 0;
  std::string schemaUrl;
  bool operator==(const Scope&) const = default;
};

}  // namespace spandrel::trace
