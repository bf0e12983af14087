// Reads the messages below a span's group: values, attributes, events, links, resources, scopes.
// Part of span_reader; a class because the counters and the memory limit go everywhere.
#pragma once

#include <string>
#include <vector>

#include "otlp/traces_data.h"
#include "otlp/wire_reader.h"

namespace spandrel::otlp {

class SpanFieldsReader {
 public:
  SpanFieldsReader(ReadReport& report, MemoryBudget& budget) : report_(report), budget_(budget) {}

  // Each reads to the end of its message and merges into `out`; a failure stays in the reader
  // given.
  void readSpan(WireReader& reader, trace::SpanData& out);
  void readAnyValue(WireReader& reader, trace::AnyValue& out);
  void readResource(WireReader& reader, trace::Resource& out);
  void readScope(WireReader& reader, trace::Scope& out);
  void readText(WireReader& reader, std::string& out);

 private:
  void readEvent(WireReader& reader, trace::Event& out);
  void readLink(WireReader& reader, trace::Link& out);
  void readStatus(WireReader& reader, trace::Status& out);
  void readKeyValue(WireReader& reader, std::string& key, trace::AnyValue& value);
  void readAttribute(WireReader& reader, std::vector<trace::Attribute>& out, uint32_t& dropped);
  void readArray(WireReader& reader, std::vector<trace::AnyValue>& out);
  void readMap(WireReader& reader, std::vector<trace::AnyValue::Member>& out);
  void readKind(WireReader& reader, trace::SpanKind& out);
  void readPlainValue(WireReader& reader, trace::AnyValue& out);
  template <typename Id>
  void readId(WireReader& reader, Id& out);
  template <typename T>
  void reserveFor(const WireReader& reader, uint32_t field, std::vector<T>& list);
  template <typename T>
  bool hasRoomIn(std::vector<T>& list);
  bool hasRoom(size_t bytes);

  ReadReport& report_;
  MemoryBudget& budget_;
};

}  // namespace spandrel::otlp
