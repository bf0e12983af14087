#include "otlp/json_reader.h"

#include "otlp/json_cursor.h"
#include "otlp/json_fields_reader.h"

namespace spandrel::otlp {
namespace {

using Kind = JsonCursor::Kind;

// The documents of one input share everything but the cursor.
struct Input {
  Input(std::string_view text, TraceSink& sink) : budget(text.size()), groups(sink) {}
  MemoryBudget budget;
  GroupReporter groups;
  ReadReport report;
};

class DocumentReader {
 public:
  DocumentReader(std::string_view text, size_t base, Input& input)
      : cursor_(text, base, input.report),
        fields_(cursor_, input.report, input.budget),
        input_(input) {}

  // Reads one value; false when it was broken. `end`: where it ends in the whole input.
  bool read(size_t& end) {
    cursor_.advance();
    if (cursor_.kind() == Kind::BeginArray) {
      while (cursor_.nextItem()) readTraces(true);
    } else {
      readTraces(true);
    }
    end = cursor_.offset();
    if (!cursor_.failed()) return true;
    input_.report.failed = true;
    input_.report.error = cursor_.error();
    return false;
  }

 private:
  void readTraces(bool mayWrap) {
    if (cursor_.isNull() || cursor_.failed()) return;
    if (cursor_.kind() != Kind::BeginObject) {
      return cursor_.fail(ErrorCode::Malformed, "expected an object with resourceSpans");
    }
    std::string_view key;
    while (cursor_.nextMember(key)) {
      if (key == "resourceSpans") {
        readList(&DocumentReader::readResourceSpans);
      } else if (key == "result" && mayWrap && cursor_.kind() == Kind::BeginObject) {
        readTraces(false);
      } else {
        cursor_.skipUnknown();
      }
    }
  }

  void readList(void (DocumentReader::*readItem)()) {
    if (!cursor_.beginArray()) return;
    while (cursor_.nextItem()) (this->*readItem)();
  }

  void readResourceSpans() {
    trace::Resource resource;
    input_.groups.enterResource();
    input_.budget.refill();
    std::string_view key;
    if (!cursor_.beginObject()) return;
    while (cursor_.nextMember(key)) {
      if (key == "resource") {
        fields_.readResource(resource);
      } else if (key == "scopeSpans" || key == "instrumentationLibrarySpans") {
        readList(&DocumentReader::readScopeSpans);
      } else if (key == "schemaUrl") {
        fields_.readText(resource.schemaUrl);
      } else {
        cursor_.skipUnknown();
      }
    }
    input_.groups.leaveResource(std::move(resource));
  }

  void readScopeSpans() {
    trace::Scope scope;
    input_.groups.enterScope();
    input_.budget.refill();
    std::string_view key;
    if (!cursor_.beginObject()) return;
    while (cursor_.nextMember(key)) {
      if (key == "scope" || key == "instrumentationLibrary") {
        fields_.readScope(scope);
      } else if (key == "spans") {
        readList(&DocumentReader::readSpan);
      } else if (key == "schemaUrl") {
        fields_.readText(scope.schemaUrl);
      } else {
        cursor_.skipUnknown();
      }
    }
    input_.groups.leaveScope(std::move(scope));
  }

  void readSpan() {
    if (cursor_.kind() != Kind::BeginObject) return cursor_.skipUnreadable();
    input_.budget.refill();
    trace::SpanData span;
    fields_.readSpan(span);
    if (cursor_.failed()) return;
    if (input_.groups.deliver(std::move(span))) {
      ++input_.report.spanCount;
    } else {
      cursor_.fail(ErrorCode::TooLarge, "more spans than there is room for");
    }
  }

  JsonCursor cursor_;
  JsonFieldsReader fields_;
  Input& input_;
};

size_t skipSpace(std::string_view text, size_t at) {
  const size_t next = text.find_first_not_of(" \t\r\n", at);
  return next == std::string_view::npos ? text.size() : next;
}

template <typename Value, typename Read>
Result<Value> decodeOne(std::string_view text, ReadReport& report, Read read) {
  MemoryBudget budget(text.size());
  JsonCursor cursor(text, 0, report);
  JsonFieldsReader reader(cursor, report, budget);
  cursor.advance();
  if (cursor.kind() != Kind::BeginObject) cursor.fail(ErrorCode::Malformed, "expected an object");
  Value value{};
  if (!cursor.failed()) read(reader, value);
  cursor.advance();
  if (cursor.failed()) return cursor.error();
  return value;
}

}  // namespace

ReadReport readTracesJson(std::string_view text, TraceSink& sink) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  Input input(text, sink);
  size_t at = skipSpace(text, text.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0);
  do {
    if (!DocumentReader(text.substr(at), at, input).read(at)) break;
    at = skipSpace(text, at);
  } while (at < text.size());
  return input.report;
}

Result<trace::SpanData> decodeSpanJson(std::string_view text, ReadReport& report) {
  return decodeOne<trace::SpanData>(
      text, report, [](JsonFieldsReader& reader, trace::SpanData& span) { reader.readSpan(span); });
}

Result<trace::AnyValue> decodeAnyValueJson(std::string_view text, ReadReport& report) {
  return decodeOne<trace::AnyValue>(
      text, report,
      [](JsonFieldsReader& reader, trace::AnyValue& value) { reader.readAnyValue(value); });
}

}  // namespace spandrel::otlp
