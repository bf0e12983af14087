#include "otlp/json_writer.h"

#include <cmath>

#include "base/number_text.h"
#include "base/text.h"

namespace spandrel::otlp {
namespace {

using trace::AnyValue;
using trace::Attribute;

constexpr int kMaxLevels = 100;  // as in span_writer.cpp

void appendEscape(std::string& out, uint32_t unit) {
  constexpr char kHex[] = "0123456789abcdef";
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) out += kHex[unit >> shift & 15];
}

// The escape of an ASCII character, or U+0000…U+009F controls; false: it stands for itself.
bool appendEscaped(std::string& out, uint32_t codePoint) {
  switch (codePoint) {
    case '"':
      out += "\\\"";
      return true;
    case '\\':
      out += "\\\\";
      return true;
    case '\n':
      out += "\\n";
      return true;
    case '\r':
      out += "\\r";
      return true;
    case '\t':
      out += "\\t";
      return true;
    default:
      break;
  }
  const bool isControl = codePoint < 0x20 || (codePoint >= 0x7F && codePoint < 0xA0);
  if (!isControl && codePoint != 0x2028 && codePoint != 0x2029) return false;
  appendEscape(out, codePoint);
  return true;
}

void appendWellFormed(std::string& out, std::string_view text) {
  size_t plain = 0;  // start of what has not been copied yet
  size_t at = 0;
  while (at < text.size()) {
    const uint8_t byte = static_cast<uint8_t>(text[at]);
    // Only these can begin a character that needs an escape.
    if (byte >= 0x20 && byte != '"' && byte != '\\' && byte != 0x7F && byte != 0xC2 &&
        byte != 0xE2) {
      ++at;
      continue;
    }
    size_t next = at;
    const uint32_t codePoint = nextCodePoint(text, next);
    const size_t before = out.size();
    out.append(text.substr(plain, at - plain));
    if (appendEscaped(out, codePoint)) {
      plain = next;
    } else {
      out.resize(before);
    }
    at = next;
  }
  out.append(text.substr(plain));
}

void appendString(std::string& out, std::string_view text) {
  out += '"';
  if (isUtf8(text)) {
    appendWellFormed(out, text);
  } else {
    appendWellFormed(out, sanitizeUtf8(text));
  }
  out += '"';
}

// Writes the members of one object with commas between them.
class ObjectWriter {
 public:
  explicit ObjectWriter(std::string& out) : out_(out) { out_ += '{'; }
  ~ObjectWriter() { out_ += '}'; }
  ObjectWriter(const ObjectWriter&) = delete;
  ObjectWriter& operator=(const ObjectWriter&) = delete;

  std::string& key(const char* name) {
    if (hasMembers_) out_ += ',';
    hasMembers_ = true;
    out_ += '"';
    out_ += name;
    out_ += "\":";
    return out_;
  }
  void text(const char* name, std::string_view text) {
    if (!text.empty()) appendString(key(name), text);
  }
  template <typename Id>
  void id(const char* name, const Id& id) {
    if (!id.isZero()) key(name) += '"' + id.hex() + '"';
  }
  void number(const char* name, uint64_t number) {
    if (number != 0) key(name) += std::to_string(number);
  }
  void time(const char* name, uint64_t timeNs) {
    if (timeNs != 0) key(name) += '"' + std::to_string(timeNs) + '"';
  }
  void attributes(const std::vector<Attribute>& attributes, ValueForm form);

 private:
  std::string& out_;
  bool hasMembers_ = false;
};

// Writes list items with commas; nothing at all for an empty list.
template <typename List, typename Append>
void listMember(ObjectWriter& object, const char* name, const List& list, Append append) {
  if (list.empty()) return;
  std::string& out = object.key(name);
  out += '[';
  bool isFirst = true;
  for (const auto& item : list) {
    if (!isFirst) out += ',';
    isFirst = false;
    append(out, item);
  }
  out += ']';
}

void appendDouble(std::string& out, double number) {
  const std::string text = doubleText(number);
  if (std::isfinite(number)) {
    out += text;
  } else {
    out += '"' + text + '"';
  }
}

void appendValue(std::string& out, const AnyValue& value, ValueForm form, int levelsLeft);

void appendKeyValue(std::string& out, std::string_view key, const AnyValue& value, ValueForm form,
                    int levelsLeft) {
  ObjectWriter object(out);
  object.text("key", key);
  if (value.kind != AnyValue::Kind::Empty)
    appendValue(object.key("value"), value, form, levelsLeft);
}

void appendNestedJson(std::string& out, const AnyValue& value, ValueForm form, int levelsLeft) {
  AnyValue scratch;
  appendValue(out, outgoingValue({}, value, form, scratch), form, levelsLeft - 1);
}

void appendContainer(std::string& out, const AnyValue& value, ValueForm form, int levelsLeft) {
  ObjectWriter object(out);
  if (value.kind == AnyValue::Kind::Array) {
    ObjectWriter list(object.key("arrayValue"));
    listMember(list, "values", value.items, [&](std::string& text, const AnyValue& item) {
      appendValue(text, item, form, levelsLeft - 1);
    });
  } else {
    ObjectWriter list(object.key("kvlistValue"));
    listMember(list, "values", value.members,
               [&](std::string& text, const AnyValue::Member& member) {
                 appendKeyValue(text, member.first, member.second, form, levelsLeft - 1);
               });
  }
}

void appendValue(std::string& out, const AnyValue& value, ValueForm form, int levelsLeft) {
  switch (value.kind) {
    case AnyValue::Kind::Array:
    case AnyValue::Kind::Map:
      if (levelsLeft > 0) return appendContainer(out, value, form, levelsLeft);
      break;
    case AnyValue::Kind::Json:
      if (levelsLeft > 0) return appendNestedJson(out, value, form, levelsLeft);
      break;
    default:
      break;
  }
  ObjectWriter object(out);
  switch (value.kind) {
    case AnyValue::Kind::Bool:
      object.key("boolValue") += value.boolean ? "true" : "false";
      return;
    case AnyValue::Kind::Int:
      object.key("intValue") += '"' + std::to_string(value.integer) + '"';
      return;
    case AnyValue::Kind::Double:
      return appendDouble(object.key("doubleValue"), value.number);
    case AnyValue::Kind::String:
      return appendString(object.key("stringValue"), value.text);
    case AnyValue::Kind::Bytes:
      object.key("bytesValue") +=
          '"' + toBase64({reinterpret_cast<const uint8_t*>(value.text.data()), value.text.size()}) +
          '"';
      return;
    default:
      return;
  }
}

void ObjectWriter::attributes(const std::vector<Attribute>& attributes, ValueForm form) {
  listMember(*this, "attributes", attributes, [form](std::string& out, const Attribute& attribute) {
    AnyValue scratch;
    appendKeyValue(out, attribute.key, outgoingValue(attribute.key, attribute.value, form, scratch),
                   form, kMaxLevels);
  });
}

void appendEvent(std::string& out, const trace::Event& event, ValueForm form) {
  ObjectWriter object(out);
  object.time("timeUnixNano", event.timeNs);
  object.text("name", event.name);
  object.attributes(event.attributes, form);
  object.number("droppedAttributesCount", event.droppedAttributes);
}

void appendLink(std::string& out, const trace::Link& link, ValueForm form) {
  ObjectWriter object(out);
  object.id("traceId", link.traceId);
  object.id("spanId", link.spanId);
  object.text("traceState", link.traceState);
  object.attributes(link.attributes, form);
  object.number("droppedAttributesCount", link.droppedAttributes);
  object.number("flags", link.flags);
}

void appendStatus(ObjectWriter& span, const trace::Status& status, ValueForm form) {
  const bool isDefault = status.code == trace::StatusCode::Unset && status.description.empty();
  if (isDefault && form != ValueForm::Reference) return;
  ObjectWriter object(span.key("status"));
  object.text("message", status.description);
  object.number("code", static_cast<uint64_t>(status.code));
}

void appendScopeSpans(std::string& out, const ScopeSpans& group, ValueForm form) {
  ObjectWriter object(out);
  {
    ObjectWriter scope(object.key("scope"));
    scope.text("name", group.scope.name);
    scope.text("version", group.scope.version);
    scope.attributes(group.scope.attributes, ValueForm::Typed);
    scope.number("droppedAttributesCount", group.scope.droppedAttributes);
  }
  listMember(object, "spans", group.spans, [form](std::string& text, const trace::SpanData& span) {
    appendSpanJson(text, span, form);
  });
  object.text("schemaUrl", group.scope.schemaUrl);
}

void appendResourceSpans(std::string& out, const ResourceSpans& group, ValueForm form) {
  ObjectWriter object(out);
  {
    ObjectWriter resource(object.key("resource"));
    resource.attributes(group.resource.attributes, ValueForm::Typed);
    resource.number("droppedAttributesCount", group.resource.droppedAttributes);
  }
  std::string& list = object.key("scopeSpans");
  list += '[';
  const size_t start = list.size();
  for (const ScopeSpans& scope : group.scopes) {
    if (scope.spans.empty()) continue;
    if (list.size() > start) list += ',';
    appendScopeSpans(list, scope, form);
  }
  list += ']';
  object.text("schemaUrl", group.resource.schemaUrl);
}

bool hasSpans(const ResourceSpans& group) {
  for (const ScopeSpans& scope : group.scopes) {
    if (!scope.spans.empty()) return true;
  }
  return false;
}

}  // namespace

void appendAnyValueJson(std::string& out, const AnyValue& value, ValueForm form) {
  appendValue(out, value, form, kMaxLevels);
}

void appendSpanJson(std::string& out, const trace::SpanData& span, ValueForm form) {
  ObjectWriter object(out);
  object.id("traceId", span.traceId);
  object.id("spanId", span.spanId);
  object.text("traceState", span.traceState);
  object.id("parentSpanId", span.parentSpanId);
  object.text("name", span.name);
  const bool hasKind = form != ValueForm::Reference || span.kind != trace::SpanKind::Internal;
  if (hasKind) object.number("kind", static_cast<uint64_t>(span.kind));
  object.time("startTimeUnixNano", span.startTimeNs);
  object.time("endTimeUnixNano", span.endTimeNs);
  object.attributes(span.attributes, form);
  object.number("droppedAttributesCount", span.droppedAttributes);
  listMember(object, "events", span.events, [form](std::string& text, const trace::Event& event) {
    appendEvent(text, event, form);
  });
  object.number("droppedEventsCount", span.droppedEvents);
  listMember(object, "links", span.links,
             [form](std::string& text, const trace::Link& link) { appendLink(text, link, form); });
  object.number("droppedLinksCount", span.droppedLinks);
  appendStatus(object, span.status, form);
  object.number("flags", span.flags);
}

void appendTracesJson(std::string& out, std::span<const ResourceSpans> traces, ValueForm form) {
  out += "{\"resourceSpans\":[";
  const size_t start = out.size();
  for (const ResourceSpans& group : traces) {
    if (!hasSpans(group)) continue;
    if (out.size() > start) out += ',';
    appendResourceSpans(out, group, form);
  }
  out += "]}";
}

}  // namespace spandrel::otlp
