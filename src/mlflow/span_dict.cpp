#include "mlflow/span_dict.h"

#include "base/text.h"
#include "trace/attribute_text.h"
#include "trace/json_value.h"

namespace spandrel::mlflow {
namespace {

using trace::Attribute;
using trace::Event;
using trace::Link;
using trace::SpanData;
using trace::StatusCode;

const char* statusText(StatusCode code) {
  switch (code) {
    case StatusCode::Ok:
      return "\"STATUS_CODE_OK\"";
    case StatusCode::Error:
      return "\"STATUS_CODE_ERROR\"";
    case StatusCode::Unset:
      break;
  }
  return "\"STATUS_CODE_UNSET\"";
}

void appendBase64(std::string& out, Bytes bytes) {
  out.push_back('"');
  out.append(toBase64(bytes));
  out.push_back('"');
}

// `appendValue`: trace::appendJson for values as they are (events and links have such), or
// trace::appendAttributeInDict for a span's.
template <typename AppendValue>
void appendAttributes(std::string& out, const std::vector<Attribute>& attributes,
                      JsonEscapes escapes, AppendValue appendValue) {
  out.push_back('{');
  for (const Attribute& attribute : attributes) {
    if (&attribute != attributes.data()) out.append(", ");
    appendJsonString(out, attribute.key, escapes);
    out.append(": ");
    appendValue(out, attribute.value, escapes);
  }
  out.push_back('}');
}

void appendEvents(std::string& out, const std::vector<Event>& events, JsonEscapes escapes) {
  out.push_back('[');
  for (const Event& event : events) {
    out.append(&event == events.data() ? "{\"name\": " : ", {\"name\": ");
    appendJsonString(out, event.name, escapes);
    out.append(", \"time_unix_nano\": ").append(std::to_string(event.timeNs));
    out.append(", \"attributes\": ");
    appendAttributes(out, event.attributes, escapes, trace::appendJson);
    out.push_back('}');
  }
  out.push_back(']');
}

void appendLinks(std::string& out, const std::vector<Link>& links, JsonEscapes escapes) {
  out.push_back('[');
  for (const Link& link : links) {
    out.append(&link == links.data() ? "{\"trace_id\": " : ", {\"trace_id\": ");
    const bool isTraceIdWritten = !link.mlflowTraceId.empty();
    appendJsonString(out,
                     isTraceIdWritten ? link.mlflowTraceId : trace::generateTraceIdV3(link.traceId),
                     escapes);
    out.append(", \"span_id\": ");
    appendJsonString(out, link.mlflowSpanId.empty() ? link.spanId.hex() : link.mlflowSpanId,
                     escapes);
    out.append(", \"attributes\": ");
    if (link.attributes.empty()) {
      out.append("null");
    } else {
      appendAttributes(out, link.attributes, escapes, trace::appendJson);
    }
    out.push_back('}');
  }
  out.push_back(']');
}

}  // namespace

void appendSpanDict(std::string& out, const SpanData& span, JsonEscapes escapes) {
  out.append("{\"trace_id\": ");
  appendBase64(out, span.traceId.bytes);
  out.append(", \"span_id\": ");
  appendBase64(out, span.spanId.bytes);
  out.append(", \"parent_span_id\": ");
  if (span.parentSpanId.isZero()) {
    out.append("null");
  } else {
    appendBase64(out, span.parentSpanId.bytes);
  }
  out.append(", \"name\": ");
  appendJsonString(out, span.name, escapes);
  out.append(", \"start_time_unix_nano\": ").append(std::to_string(span.startTimeNs));
  out.append(", \"end_time_unix_nano\": ");
  out.append(span.isOpen ? "null" : std::to_string(span.endTimeNs));
  out.append(", \"events\": ");
  appendEvents(out, span.events, escapes);
  out.append(", \"status\": {\"code\": ").append(statusText(span.status.code));
  out.append(", \"message\": ");
  appendJsonString(out, span.status.description, escapes);
  out.append("}, \"attributes\": ");
  appendAttributes(out, span.attributes, escapes, trace::appendAttributeInDict);
  out.append(", \"links\": ");
  appendLinks(out, span.links, escapes);
  out.push_back('}');
}

std::string toDictText(const SpanData& span, JsonEscapes escapes) {
  std::string out;
  appendSpanDict(out, span, escapes);
  return out;
}

}  // namespace spandrel::mlflow
