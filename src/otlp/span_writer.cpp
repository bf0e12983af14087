#include "otlp/span_writer.h"

#include "otlp/fields.h"

namespace spandrel::otlp {
namespace {

using trace::AnyValue;
using trace::Attribute;

// What readers make has at most kMaxReadDepth levels; this bounds the stack for all else.
constexpr int kMaxLevels = 100;

template <typename Id>
void idField(uint32_t field, const Id& id, WireWriter& out) {
  if (!id.isZero()) out.bytesField(field, id.bytes.data(), id.bytes.size());
}

void textField(uint32_t field, std::string_view text, WireWriter& out) {
  if (!text.empty()) out.stringField(field, text);
}

void countField(uint32_t field, uint64_t count, WireWriter& out) {
  if (count != 0) out.varintField(field, count);
}

void timeField(uint32_t field, uint64_t timeNs, WireWriter& out) {
  if (timeNs != 0) out.fixed64Field(field, timeNs);
}

void flagsField(uint32_t field, uint32_t flags, WireWriter& out) {
  if (flags != 0) out.fixed32Field(field, flags);
}

void writeValue(const AnyValue& value, ValueForm form, WireWriter& out, int levelsLeft);

void writeArray(const AnyValue& value, ValueForm form, WireWriter& out, int levelsLeft) {
  const auto list = out.open(fields::any_value::kArrayValue);
  for (const AnyValue& item : value.items) {
    const auto nested = out.open(fields::array_value::kValues);
    writeValue(item, form, out, levelsLeft - 1);
    out.close(nested);
  }
  out.close(list);
}

void writeKeyValue(std::string_view key, const AnyValue& value, ValueForm form, WireWriter& out,
                   int levelsLeft) {
  textField(fields::key_value::kKey, key, out);
  if (value.kind == AnyValue::Kind::Empty) return;  // absent and empty are the same
  const auto nested = out.open(fields::key_value::kValue);
  writeValue(value, form, out, levelsLeft);
  out.close(nested);
}

void writeMap(const AnyValue& value, ValueForm form, WireWriter& out, int levelsLeft) {
  const auto list = out.open(fields::any_value::kKvlistValue);
  for (const auto& [key, member] : value.members) {
    const auto nested = out.open(fields::key_value_list::kValues);
    writeKeyValue(key, member, form, out, levelsLeft - 1);
    out.close(nested);
  }
  out.close(list);
}

// Text inside another value, or given to encodeAnyValue.
void writeNestedJson(const AnyValue& value, ValueForm form, WireWriter& out, int levelsLeft) {
  AnyValue scratch;
  writeValue(outgoingValue({}, value, form, scratch), form, out, levelsLeft - 1);
}

// Levels past the limit, which only values built in memory can have, become empty values.
void writeValue(const AnyValue& value, ValueForm form, WireWriter& out, int levelsLeft) {
  switch (value.kind) {
    case AnyValue::Kind::Empty:
      return;
    case AnyValue::Kind::Bool:
      return out.varintField(fields::any_value::kBoolValue, value.boolean ? 1 : 0);
    case AnyValue::Kind::Int:
      return out.varintField(fields::any_value::kIntValue, static_cast<uint64_t>(value.integer));
    case AnyValue::Kind::Double:
      return out.doubleField(fields::any_value::kDoubleValue, value.number);
    case AnyValue::Kind::String:
      return out.stringField(fields::any_value::kStringValue, value.text);
    case AnyValue::Kind::Bytes:
      return out.bytesField(fields::any_value::kBytesValue, value.text.data(), value.text.size());
    case AnyValue::Kind::Json:
      if (levelsLeft > 0) writeNestedJson(value, form, out, levelsLeft);
      return;
    case AnyValue::Kind::Array:
      if (levelsLeft > 0) writeArray(value, form, out, levelsLeft);
      return;
    case AnyValue::Kind::Map:
      if (levelsLeft > 0) writeMap(value, form, out, levelsLeft);
      return;
  }
}

void attributeFields(uint32_t field, const std::vector<Attribute>& attributes, ValueForm form,
                     WireWriter& out) {
  for (const Attribute& attribute : attributes) {
    const auto nested = out.open(field);
    encodeAttribute(attribute, form, out);
    out.close(nested);
  }
}

void eventField(const trace::Event& event, ValueForm form, WireWriter& out) {
  const auto nested = out.open(fields::span::kEvents);
  timeField(fields::event::kTimeUnixNano, event.timeNs, out);
  textField(fields::event::kName, event.name, out);
  attributeFields(fields::event::kAttributes, event.attributes, form, out);
  countField(fields::event::kDroppedAttributesCount, event.droppedAttributes, out);
  out.close(nested);
}

void linkField(const trace::Link& link, ValueForm form, WireWriter& out) {
  const auto nested = out.open(fields::span::kLinks);
  idField(fields::link::kTraceId, link.traceId, out);
  idField(fields::link::kSpanId, link.spanId, out);
  textField(fields::link::kTraceState, link.traceState, out);
  attributeFields(fields::link::kAttributes, link.attributes, form, out);
  countField(fields::link::kDroppedAttributesCount, link.droppedAttributes, out);
  flagsField(fields::link::kFlags, link.flags, out);
  out.close(nested);
}

void statusField(const trace::Status& status, ValueForm form, WireWriter& out) {
  const bool isDefault = status.code == trace::StatusCode::Unset && status.description.empty();
  if (isDefault && form != ValueForm::Reference) return;  // the reference always writes it
  const auto nested = out.open(fields::span::kStatus);
  textField(fields::status::kMessage, status.description, out);
  countField(fields::status::kCode, static_cast<uint64_t>(status.code), out);
  out.close(nested);
}

// A nested message that is left out when nothing is in it.
template <typename Write>
void messageField(uint32_t field, WireWriter& out, Write write) {
  const size_t before = out.size();
  const auto nested = out.open(field);
  write();
  if (out.size() == nested.contentStart) return out.truncate(before);
  out.close(nested);
}

}  // namespace

void encodeAnyValue(const AnyValue& value, ValueForm form, WireWriter& out) {
  writeValue(value, form, out, kMaxLevels);
}

void encodeAttribute(const Attribute& attribute, ValueForm form, WireWriter& out) {
  AnyValue scratch;
  const AnyValue& value = outgoingValue(attribute.key, attribute.value, form, scratch);
  writeKeyValue(attribute.key, value, form, out, kMaxLevels);
}

void encodeSpan(const trace::SpanData& span, ValueForm form, WireWriter& out) {
  idField(fields::span::kTraceId, span.traceId, out);
  idField(fields::span::kSpanId, span.spanId, out);
  textField(fields::span::kTraceState, span.traceState, out);
  idField(fields::span::kParentSpanId, span.parentSpanId, out);
  textField(fields::span::kName, span.name, out);
  // The reference form has no kind for what MLflow makes itself, and all of that is internal.
  const bool hasKind = form != ValueForm::Reference || span.kind != trace::SpanKind::Internal;
  if (hasKind) countField(fields::span::kKind, static_cast<uint64_t>(span.kind), out);
  timeField(fields::span::kStartTimeUnixNano, span.startTimeNs, out);
  timeField(fields::span::kEndTimeUnixNano, span.endTimeNs, out);
  attributeFields(fields::span::kAttributes, span.attributes, form, out);
  countField(fields::span::kDroppedAttributesCount, span.droppedAttributes, out);
  for (const trace::Event& event : span.events) eventField(event, form, out);
  countField(fields::span::kDroppedEventsCount, span.droppedEvents, out);
  for (const trace::Link& link : span.links) linkField(link, form, out);
  countField(fields::span::kDroppedLinksCount, span.droppedLinks, out);
  statusField(span.status, form, out);
  flagsField(fields::span::kFlags, span.flags, out);
}

void encodeResource(const trace::Resource& resource, WireWriter& out) {
  attributeFields(fields::resource::kAttributes, resource.attributes, ValueForm::Typed, out);
  countField(fields::resource::kDroppedAttributesCount, resource.droppedAttributes, out);
}

void encodeScope(const trace::Scope& scope, WireWriter& out) {
  textField(fields::scope::kName, scope.name, out);
  textField(fields::scope::kVersion, scope.version, out);
  attributeFields(fields::scope::kAttributes, scope.attributes, ValueForm::Typed, out);
  countField(fields::scope::kDroppedAttributesCount, scope.droppedAttributes, out);
}

void encodeTraces(std::span<const ResourceSpans> traces, ValueForm form, WireWriter& out) {
  for (const ResourceSpans& group : traces) {
    size_t spanCount = 0;
    for (const ScopeSpans& scope : group.scopes) spanCount += scope.spans.size();
    if (spanCount == 0) continue;

    const auto resourceSpans = out.open(fields::traces_data::kResourceSpans);
    messageField(fields::resource_spans::kResource, out,
                 [&] { encodeResource(group.resource, out); });
    for (const ScopeSpans& scope : group.scopes) {
      if (scope.spans.empty()) continue;
      const auto scopeSpans = out.open(fields::resource_spans::kScopeSpans);
      messageField(fields::scope_spans::kScope, out, [&] { encodeScope(scope.scope, out); });
      for (const trace::SpanData& span : scope.spans) {
        const auto nested = out.open(fields::scope_spans::kSpans);
        encodeSpan(span, form, out);
        out.close(nested);
      }
      textField(fields::scope_spans::kSchemaUrl, scope.scope.schemaUrl, out);
      out.close(scopeSpans);
    }
    textField(fields::resource_spans::kSchemaUrl, group.resource.schemaUrl, out);
    out.close(resourceSpans);
  }
}

}  // namespace spandrel::otlp
