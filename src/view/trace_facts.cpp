#include "view/trace_facts.h"

#include "base/json_members.h"
#include "trace/constants.h"
#include "view/span_detail.h"

namespace spandrel::view {
namespace {

constexpr size_t kMaxValueBytes = 5000;  // a tag of MLflow's may have 4,096 characters

// Content of a string value; anything else as its JSON text.
std::string textOf(std::string_view json) {
  return json.starts_with('"') ? unquoteJson(json) : std::string(json);
}

// The value of a key; empty if it is not there.
std::string_view find(std::string_view json, std::string_view key) {
  JsonMembers members(json);
  std::string_view value;
  while (members.isObject() && members.next()) {
    if (members.key() == key) value = members.value();
  }
  return value;
}

// In {"key": "value"} and, as REST of version 2 answers, in [{"key": "key", "value": "value"}].
std::string valueOf(std::string_view map, std::string_view wanted) {
  JsonMembers entries(map);
  if (entries.isObject()) return textOf(find(map, wanted));
  std::string found;
  while (entries.next()) {
    if (textOf(find(entries.value(), "key")) == wanted) {
      found = textOf(find(entries.value(), "value"));
    }
  }
  return found;
}

}  // namespace

void keepFacts(TraceStore& store, uint32_t traceSlot, std::string_view infoJson) {
  std::string_view metadata = find(infoJson, "trace_metadata");
  if (metadata.empty()) metadata = find(infoJson, "request_metadata");
  const std::string usage = valueOf(metadata, trace::metadata_key::kTokenUsage);
  store.setInfo(traceSlot, std::string(infoJson),
                valueOf(find(infoJson, "tags"), trace::tag_key::kTraceName),
                usage.empty() ? TokenUsage{} : tokenUsageOfJson(usage));
}

std::string traceFacts(const TraceStore& store, uint32_t traceSlot) {
  const StoredTrace& trace = store.trace(traceSlot);
  if (trace.info) return trace.info->json;
  const SpanColumns& columns = store.columns();
  for (Row row = trace.first; row != kNoRow; row = columns.nextInTrace(row)) {
    const bool isMarked = (columns.flags(row) & span_flag::kHasTraceAttributes) != 0;
    if (isMarked && columns.parentSpanId(row) == 0) {
      return spanDetailJson(store, row, kMaxValueBytes);
    }
  }
  return {};
}

}  // namespace spandrel::view
