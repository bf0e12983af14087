// Reads the objects below a span's group from OTLP/JSON: the JSON twin of span_fields_reader.
#pragma once

#include <string>
#include <vector>

#include "otlp/json_cursor.h"
#include "otlp/traces_data.h"

namespace spandrel::otlp {

class JsonFieldsReader {
 public:
  JsonFieldsReader(JsonCursor& cursor, ReadReport& report, MemoryBudget& budget)
      : cursor_(cursor), report_(report), budget_(budget) {}

  // Each reads the value the cursor stands on. What was in `out` is replaced.
  void readSpan(trace::SpanData& out);
  void readAnyValue(trace::AnyValue& out) { readAnyValue(out, 0); }
  void readResource(trace::Resource& out);
  void readScope(trace::Scope& out);
  void readText(std::string& out);

 private:
  bool readSpanScalar(std::string_view key, trace::SpanData& out);
  void readEvents(trace::SpanData& span);
  void readEvent(trace::Event& out);
  void readLinks(trace::SpanData& span);
  void readLink(trace::Link& out);
  void readStatus(trace::Status& out);
  void readKind(trace::SpanKind& out);
  void readStatusCode(trace::StatusCode& out);
  void readAttributes(std::vector<trace::Attribute>& out, uint32_t& dropped);
  void readKeyValue(std::string& key, trace::AnyValue& value, int level);
  void readAnyValue(trace::AnyValue& out, int level);
  void readValueMember(std::string_view key, trace::AnyValue& out, int level);
  void readStringValue(trace::AnyValue& out);
  void readBoolValue(trace::AnyValue& out);
  void readIntValue(trace::AnyValue& out);
  void readDoubleValue(trace::AnyValue& out);
  void readBytesValue(trace::AnyValue& out);
  void readArrayValue(trace::AnyValue& out, int level);
  void readMapValue(trace::AnyValue& out, int level);
  void keepAsText(trace::AnyValue& out);
  template <typename Id>
  void readId(Id& out);
  template <typename T>
  bool hasRoomIn(std::vector<T>& list);
  bool hasRoom(size_t bytes);

  JsonCursor& cursor_;
  ReadReport& report_;
  MemoryBudget& budget_;
};

}  // namespace spandrel::otlp
