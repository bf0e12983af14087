// One span that has everything a span can have.
#pragma once

#include "trace/span_data.h"

namespace spandrel::test {

inline trace::SpanData sampleSpan() {
  using trace::AnyValue;
  trace::SpanData span;
  span.traceId = trace::parseTraceIdHex("0af7651916cd43dd8448eb211c80319c").take();
  span.spanId = trace::parseSpanIdHex("b7ad6b7169203331").take();
  span.parentSpanId = trace::parseSpanIdHex("00000000000000aa").take();
  span.traceState = "vendor=1";
  span.name = "größe 😀";
  span.kind = trace::SpanKind::Client;
  span.flags = 3 | trace::kHasIsRemote | trace::kIsRemote;
  span.startTimeNs = 1700000000123456789;
  span.endTimeNs = 1700000000223456790;
  span.status = {trace::StatusCode::Error, "Error: läuft nicht"};
  AnyValue nativeText = AnyValue::string("native");
  nativeText.isNative = true;
  span.attributes = {
      {"text", AnyValue::string("value")},
      {"empty", AnyValue::empty()},
      {"yes", AnyValue::of(true)},
      {"no", AnyValue::of(false)},
      {"small", AnyValue::of(int64_t{-5})},
      {"large", AnyValue::of(int64_t{9007199254740993})},
      {"number", AnyValue::of(-0.0)},
      {"json", AnyValue::json("{\"a\":[1,2]}")},
      {"bytes", AnyValue::bytes(std::string("\0\xff\x01", 3))},
      {"list", AnyValue::array({AnyValue::string("ä"), AnyValue::string("")})},
      {"map", AnyValue::map(
                  {{"k", AnyValue::of(int64_t{1})}, {"", AnyValue::array({AnyValue::empty()})}})},
      {"native", nativeText},
      {"long", AnyValue::string(std::string(1000, 'x') + "é")},
  };
  span.events = {{"event", 1700000000123456800, {{"n", AnyValue::of(int64_t{7})}}, 2},
                 {"", 0, {}, 0}};
  trace::Link link;
  link.traceId = span.traceId;
  link.spanId = span.spanId;
  link.traceState = "a=b";
  link.flags = 1;
  link.mlflowTraceId = "tr-0af7651916cd43dd8448eb211c80319c";
  link.attributes = {{"why", AnyValue::string("because")}};
  link.droppedAttributes = 1;
  span.links = {link};
  span.droppedAttributes = 3;
  span.droppedEvents = 4;
  span.droppedLinks = 5;
  span.ordinal = 6;
  return span;
}

}  // namespace spandrel::test
