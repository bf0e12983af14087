// Recorded values as the product sees them, and spans as recorded getters show them.
#pragma once

#include <string>

#include "golden.h"
#include "trace/attribute_text.h"
#include "trace/constants.h"
#include "trace/json_value.h"
#include "trace/trace.h"

namespace spandrel::golden {

using trace::AnyValue;
using trace::SpanData;

// Keys of a dictionary become the text that json.dumps gives them.
inline std::string jsonKey(const Json& key);

// Like untag(), but as JSON: an integer beyond 64 bits keeps its digits as a Json value.
inline AnyValue recorded(const Json& tagged) {
  if (tagged.is_array()) {
    std::vector<AnyValue> items;
    for (const Json& item : tagged) items.push_back(recorded(item));
    return AnyValue::array(std::move(items));
  }
  if (!tagged.is_object()) return untag(tagged);
  std::vector<AnyValue::Member> members;
  if (tagged.size() == 1) {
    const std::string tag = tagged.begin().key();
    const Json& content = tagged.begin().value();
    if (tag == "$dict") {
      for (const Json& pair : content) members.emplace_back(jsonKey(pair[0]), recorded(pair[1]));
      return AnyValue::map(std::move(members));
    }
    if (tag.starts_with("$")) {
      AnyValue value = untag(tagged);
      const bool isHuge = tag == "$int" && value.kind == AnyValue::Kind::String;
      return isHuge ? AnyValue::json(value.text) : value;
    }
  }
  for (const auto& [key, content] : tagged.items()) members.emplace_back(key, recorded(content));
  return AnyValue::map(std::move(members));
}

inline std::string jsonKey(const Json& key) {
  const AnyValue value = recorded(key);
  return value.kind == AnyValue::Kind::String ? value.text : trace::dumpJson(value);
}

// As the host hands a value over: structures are text without spaces.
inline AnyValue handedOver(const Json& tagged) {
  AnyValue value = recorded(tagged);
  if (value.kind != AnyValue::Kind::Array && value.kind != AnyValue::Kind::Map) return value;
  return AnyValue::json(minifyJson(trace::dumpJson(value)).take());
}

inline AnyValue textOrNull(const std::string& text, bool isNull) {
  return isNull ? AnyValue::empty() : AnyValue::string(text);
}

inline AnyValue attributesView(const std::vector<trace::Attribute>& attributes) {
  std::vector<AnyValue::Member> members;
  for (const trace::Attribute& attribute : attributes) {
    members.emplace_back(attribute.key, trace::attributeValue(attribute.value));
  }
  return AnyValue::map(std::move(members));
}

inline AnyValue eventsView(const SpanData& span) {
  std::vector<AnyValue> events;
  for (const trace::Event& event : span.events) {
    events.push_back(AnyValue::map({{"name", AnyValue::string(event.name)},
                                    {"timestamp", AnyValue::of(static_cast<int64_t>(event.timeNs))},
                                    {"attributes", attributesView(event.attributes)}}));
  }
  return AnyValue::array(std::move(events));
}

inline AnyValue linksView(const SpanData& span) {
  std::vector<AnyValue> links;
  for (const trace::Link& link : span.links) {
    const std::string traceId =
        link.mlflowTraceId.empty() ? trace::generateTraceIdV3(link.traceId) : link.mlflowTraceId;
    const std::string spanId = link.mlflowSpanId.empty() ? link.spanId.hex() : link.mlflowSpanId;
    links.push_back(
        AnyValue::map({{"trace_id", AnyValue::string(traceId)},
                       {"span_id", AnyValue::string(spanId)},
                       {"attributes", link.attributes.empty() ? AnyValue::empty()
                                                              : attributesView(link.attributes)}}));
  }
  return AnyValue::array(std::move(links));
}

// All getters of a span, in the order and shape of the recorded `view`.
inline AnyValue viewOf(const SpanData& span) {
  const std::string traceId = trace::mlflowTraceIdOf(span);
  const auto type = trace::spanTypeOf(span);
  const char* codes[] = {"UNSET", "OK", "ERROR"};
  const auto time = [](uint64_t ns) { return AnyValue::of(static_cast<int64_t>(ns)); };
  return AnyValue::map(
      {{"name", AnyValue::string(span.name)},
       {"trace_id", AnyValue::string(traceId)},
       {"request_id", AnyValue::string(traceId)},
       {"span_id", AnyValue::string(span.spanId.hex())},
       {"parent_id", textOrNull(span.parentSpanId.hex(), span.parentSpanId.isZero())},
       {"span_type", textOrNull(type.value_or(""), !type)},
       {"start_time_ns", time(span.startTimeNs)},
       {"end_time_ns", span.isOpen ? AnyValue::empty() : time(span.endTimeNs)},
       {"status",
        AnyValue::map({{"status_code", AnyValue::string(codes[static_cast<int>(span.status.code)])},
                       {"description", AnyValue::string(span.status.description)}})},
       {"inputs", trace::attributeValue(span, trace::attribute_key::kInputs)},
       {"outputs", trace::attributeValue(span, trace::attribute_key::kOutputs)},
       {"attributes", attributesView(span.attributes)},
       {"events", eventsView(span)},
       {"links", linksView(span)}});
}

inline std::string viewText(const SpanData& span) {
  return trace::dumpJson(viewOf(span));
}

// A recorded view with changes: of `attributes` only the changed entries are given.
inline std::string changedViewText(const Json& view, const Json& changes) {
  AnyValue all = recorded(view);
  for (const auto& [key, change] : changes.items()) {
    for (auto& [name, value] : all.members) {
      if (name != key) continue;
      if (key != "attributes") {
        value = recorded(change);
        continue;
      }
      const AnyValue changed = recorded(change);
      for (const auto& [attribute, content] : changed.members) {
        for (auto& [old, oldContent] : value.members) {
          if (old == attribute) oldContent = content;
        }
      }
    }
  }
  return trace::dumpJson(all);
}

}  // namespace spandrel::golden
