// Traces that use every field, written out by hand.
#pragma once

#include "otlp/codec_shortcuts.h"

namespace spandrel::otlp {

inline trace::TraceId traceIdOf(const char* hex) {
  return trace::parseTraceIdHex(hex).take();
}
inline trace::SpanId spanIdOf(const char* hex) {
  return trace::parseSpanIdHex(hex).take();
}

inline trace::SpanData fullSpan() {
  using trace::AnyValue;
  trace::SpanData span;
  span.traceId = traceIdOf("0af7651916cd43dd8448eb211c80319c");
  span.spanId = spanIdOf("b7ad6b7169203331");
  span.parentSpanId = spanIdOf("00f067aa0ba902b7");
  span.traceState = "a=1,b=2";
  span.name = "Grüße 😀";
  span.kind = trace::SpanKind::Client;
  span.flags = 0x301;
  span.startTimeNs = 1581452772000000321;
  span.endTimeNs = 1581452773000000789;
  span.status = {trace::StatusCode::Error, "broken"};
  span.attributes = {
      {"text", AnyValue::string("value1")},
      {"empty text", AnyValue::string("")},
      {"yes", AnyValue::of(true)},
      {"no", AnyValue::of(false)},
      {"int", AnyValue::of(int64_t{-9007199254740993})},
      {"max", AnyValue::of(INT64_MAX)},
      {"min", AnyValue::of(INT64_MIN)},
      {"double", AnyValue::of(0.1)},
      {"minus zero", AnyValue::of(-0.0)},
      {"infinity", AnyValue::of(-HUGE_VAL)},
      {"bytes", AnyValue::bytes(std::string("\x00\xff\x10", 3))},
      {"nothing", AnyValue::empty()},
      {"list", AnyValue::array({AnyValue::of(int64_t{1}), AnyValue::string("a"), AnyValue::empty(),
                                AnyValue::array({}), AnyValue::map({})})},
      {"map", AnyValue::map(
                  {{"k", AnyValue::of(1.5)}, {"", AnyValue::empty()}, {"k", AnyValue::of(true)}})},
      {"", AnyValue::string("empty key")},
  };
  span.droppedAttributes = 3;
  span.events = {{"event", 1581452772500000001, {{"n", AnyValue::of(int64_t{2})}}, 4},
                 {"", 0, {}, 0}};
  span.droppedEvents = 5;
  trace::Link link;
  link.traceId = traceIdOf("ffffffffffffffffffffffffffffffff");
  link.spanId = spanIdOf("0000000000000001");
  link.traceState = "c=3";
  link.attributes = {{"why", AnyValue::string("retry")}};
  link.droppedAttributes = 6;
  link.flags = 0x100;
  span.links = {link};
  span.droppedLinks = 7;
  return span;
}

inline trace::SpanData bareSpan() {
  trace::SpanData span;
  span.traceId = traceIdOf("00000000000000000000000000000001");
  span.spanId = spanIdOf("0000000000000002");
  span.name = "bare";
  span.kind = trace::SpanKind::Internal;
  span.startTimeNs = 1;
  return span;
}

inline TracesData fullTraces() {
  using trace::AnyValue;
  ResourceSpans shop;
  shop.resource.attributes = {{"service.name", AnyValue::string("shop")}};
  shop.resource.droppedAttributes = 1;
  shop.resource.schemaUrl = "https://example.test/1";
  ScopeSpans scope;
  scope.scope = {"library", "1.2", {{"a", AnyValue::of(int64_t{1})}}, 2, "https://example.test/2"};
  scope.spans = {fullSpan(), bareSpan()};
  shop.scopes = {scope, {{"other", "", {}, 0, ""}, {bareSpan()}}};
  ResourceSpans page;
  page.scopes = {{{}, {fullSpan()}}};
  return {shop, page};
}

}  // namespace spandrel::otlp
