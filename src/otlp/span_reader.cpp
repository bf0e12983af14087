#include "otlp/span_reader.h"

#include "otlp/fields.h"
#include "otlp/span_fields_reader.h"
#include "otlp/wire_reader.h"

namespace spandrel::otlp {
namespace {

class TracesReader {
 public:
  TracesReader(Bytes input, TraceSink& sink, ReadReport& report)
      : budget_(input.size()), messages_(report, budget_), groups_(sink), report_(report) {}

  void readAll(WireReader& reader) {
    while (reader.next()) {
      WireReader nested = reader;
      if (reader.field() != fields::traces_data::kResourceSpans) {
        reader.skip();
        continue;
      }
      if (!reader.readMessage(nested) || nested.remaining() == 0) continue;
      readResourceSpans(nested);
      reader.adopt(nested);
    }
    if (!reader.failed()) return;
    report_.failed = true;
    report_.error = reader.error();
  }

 private:
  void readResourceSpans(WireReader& reader) {
    trace::Resource resource;
    groups_.enterResource();
    budget_.refill();
    while (reader.next()) {
      WireReader nested = reader;
      switch (reader.field()) {
        case fields::resource_spans::kResource:
          if (!reader.readMessage(nested)) break;
          messages_.readResource(nested, resource);
          reader.adopt(nested);
          break;
        case fields::resource_spans::kScopeSpans:
        case fields::resource_spans::kInstrumentationLibrarySpans:  // of the same shape
          if (!reader.readMessage(nested)) break;
          readScopeSpans(nested);
          reader.adopt(nested);
          break;
        case fields::resource_spans::kSchemaUrl:
          messages_.readText(reader, resource.schemaUrl);
          break;
        default:
          reader.skip();
      }
    }
    groups_.leaveResource(std::move(resource));
  }

  void readScopeSpans(WireReader& reader) {
    trace::Scope scope;
    groups_.enterScope();
    budget_.refill();
    while (reader.next()) {
      WireReader nested = reader;
      switch (reader.field()) {
        case fields::scope_spans::kScope:
          if (!reader.readMessage(nested)) break;
          messages_.readScope(nested, scope);
          reader.adopt(nested);
          break;
        case fields::scope_spans::kSpans:
          if (!reader.readMessage(nested)) break;
          readSpan(nested);
          reader.adopt(nested);
          break;
        case fields::scope_spans::kSchemaUrl:
          messages_.readText(reader, scope.schemaUrl);
          break;
        default:
          reader.skip();
      }
    }
    groups_.leaveScope(std::move(scope));
  }

  void readSpan(WireReader& reader) {
    const size_t start = reader.offset();
    budget_.refill();
    trace::SpanData span;
    span.kind = trace::SpanKind::Unspecified;  // the default on the wire
    messages_.readSpan(reader, span);
    if (reader.failed()) return;
    if (groups_.deliver(std::move(span))) {
      ++report_.spanCount;
      return;
    }
    reader.failAt(ErrorCode::TooLarge, "more spans than there is room for", start);
  }

  MemoryBudget budget_;
  SpanFieldsReader messages_;
  GroupReporter groups_;
  ReadReport& report_;
};

}  // namespace

ReadReport readTraces(Bytes input, TraceSink& sink) {
  ReadReport report;
  WireReader reader(input);
  TracesReader(input, sink, report).readAll(reader);
  return report;
}

Result<trace::SpanData> decodeSpan(Bytes input, ReadReport& report) {
  MemoryBudget budget(input.size());
  WireReader reader(input);
  trace::SpanData span;
  span.kind = trace::SpanKind::Unspecified;
  SpanFieldsReader(report, budget).readSpan(reader, span);
  if (reader.failed()) return reader.error();
  ++report.spanCount;
  return span;
}

Result<trace::AnyValue> decodeAnyValue(Bytes input, ReadReport& report) {
  MemoryBudget budget(input.size());
  WireReader reader(input);
  trace::AnyValue value;
  SpanFieldsReader(report, budget).readAnyValue(reader, value);
  if (reader.failed()) return reader.error();
  return value;
}

}  // namespace spandrel::otlp
