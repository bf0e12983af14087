// Writes OTLP requests for tests, span by span, so that every shape a sender may produce can be
// had.
#pragma once

#include <cstring>
#include <string>
#include <vector>

#include "otlp/fields.h"
#include "otlp/wire_writer.h"
#include "view/otlp_importer.h"
#include "view/trace_layout.h"

namespace spandrel::view {

struct TestSpan {
  uint8_t trace = 1;  // last byte of the trace id
  uint32_t id = 1;    // last bytes of the span id
  uint32_t parent = 0;
  uint64_t start = 0;
  uint64_t end = 1;
  std::string name = "span";
  uint32_t status = 0;
  std::vector<std::pair<std::string, std::string>> attributes;
  std::vector<std::pair<std::string, int64_t>> numbers;
  std::vector<std::string> events;
  std::string service = "service";
};

inline std::string traceIdBytes(uint8_t trace) {
  return std::string(15, '\x11') + static_cast<char>(trace);
}

inline std::string spanIdBytes(uint32_t id) {
  std::string bytes(8, '\0');
  for (int i = 0; i < 4; ++i) bytes[static_cast<size_t>(7 - i)] = static_cast<char>(id >> (8 * i));
  return bytes;
}

inline uint64_t spanIdWord(uint32_t id) {
  uint64_t word;
  std::memcpy(&word, spanIdBytes(id).data(), 8);
  return word;
}

inline trace::TraceId traceIdOf(uint8_t trace) {
  trace::TraceId id;
  std::memcpy(id.bytes.data(), traceIdBytes(trace).data(), 16);
  return id;
}

namespace building {

inline void attribute(otlp::WireWriter& out, uint32_t field, const std::string& key,
                      const std::string& text) {
  const auto attribute = out.open(field);
  out.stringField(otlp::fields::key_value::kKey, key);
  const auto value = out.open(otlp::fields::key_value::kValue);
  out.stringField(otlp::fields::any_value::kStringValue, text);
  out.close(value);
  out.close(attribute);
}

inline void number(otlp::WireWriter& out, uint32_t field, const std::string& key, int64_t number) {
  const auto attribute = out.open(field);
  out.stringField(otlp::fields::key_value::kKey, key);
  const auto value = out.open(otlp::fields::key_value::kValue);
  out.varintField(otlp::fields::any_value::kIntValue, static_cast<uint64_t>(number));
  out.close(value);
  out.close(attribute);
}

inline void span(otlp::WireWriter& out, const TestSpan& span) {
  namespace f = otlp::fields::span;
  const auto message = out.open(otlp::fields::scope_spans::kSpans);
  out.stringField(f::kTraceId, traceIdBytes(span.trace));
  out.stringField(f::kSpanId, spanIdBytes(span.id));
  if (span.parent != 0) out.stringField(f::kParentSpanId, spanIdBytes(span.parent));
  out.stringField(f::kName, span.name);
  out.varintField(f::kKind, 1);
  out.fixed64Field(f::kStartTimeUnixNano, span.start);
  out.fixed64Field(f::kEndTimeUnixNano, span.end);
  for (const auto& [key, text] : span.attributes) attribute(out, f::kAttributes, key, text);
  for (const auto& [key, value] : span.numbers) number(out, f::kAttributes, key, value);
  for (const std::string& name : span.events) {
    const auto event = out.open(f::kEvents);
    out.fixed64Field(otlp::fields::event::kTimeUnixNano, span.start);
    out.stringField(otlp::fields::event::kName, name);
    attribute(out, otlp::fields::event::kAttributes, "of", name);
    out.close(event);
  }
  if (span.status != 0) {
    const auto status = out.open(f::kStatus);
    out.stringField(otlp::fields::status::kMessage, "went wrong");
    out.varintField(otlp::fields::status::kCode, span.status);
    out.close(status);
  }
  out.close(message);
}

}  // namespace building

// One ResourceSpans for each run of spans of one service.
inline std::vector<uint8_t> requestOf(const std::vector<TestSpan>& spans) {
  namespace fields = otlp::fields;
  otlp::WireWriter out;
  size_t at = 0;
  while (at < spans.size()) {
    const std::string& service = spans[at].service;
    const auto resourceSpans = out.open(fields::traces_data::kResourceSpans);
    const auto resource = out.open(fields::resource_spans::kResource);
    building::attribute(out, fields::resource::kAttributes, "service.name", service);
    out.close(resource);
    const auto scopeSpans = out.open(fields::resource_spans::kScopeSpans);
    const auto scope = out.open(fields::scope_spans::kScope);
    out.stringField(fields::scope::kName, "tests");
    out.close(scope);
    for (; at < spans.size() && spans[at].service == service; ++at) building::span(out, spans[at]);
    out.close(scopeSpans);
    out.close(resourceSpans);
  }
  return {out.bytes().begin(), out.bytes().end()};
}

inline ImportReport receive(TraceStore& store, const std::vector<TestSpan>& spans) {
  return importOtlpProtobuf(store, requestOf(spans));
}

// Names of the rows of a layout with their depth: "a 0", "b 1", ….
inline std::vector<std::string> rowsOf(const TraceStore& store, const TraceLayout& layout) {
  std::vector<LayoutRow> rows;
  layout.window(0, SIZE_MAX, rows);
  std::vector<std::string> out;
  for (const LayoutRow& row : rows) {
    out.push_back(std::string(store.strings().text(row.name)) + " " + std::to_string(row.depth));
  }
  return out;
}

}  // namespace spandrel::view
