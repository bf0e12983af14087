#include "view/otlp_importer.h"

#include <cstring>
#include <memory>
#include <string_view>

#include "otlp/fields.h"
#include "view/span_traits.h"
#include "view/wire_cursor.h"

namespace spandrel::view {
namespace {

namespace fields = otlp::fields;
using otlp::WireType;

uint64_t loadId(std::string_view bytes) {
  uint64_t id;
  std::memcpy(&id, bytes.data(), 8);
  return id;
}

// The parts of a span's encoding that are kept as they are, gathered into runs.
class KeptRuns {
 public:
  explicit KeptRuns(uint8_t* out) : begin_(out), out_(out) {}
  void keep(const uint8_t* from, const uint8_t* to) {
    if (from != runEnd_) {
      flush();
      runStart_ = from;
    }
    runEnd_ = to;
  }
  size_t finish() {
    flush();
    return static_cast<size_t>(out_ - begin_);
  }

 private:
  void flush() {
    if (runStart_ == nullptr) return;
    const size_t length = static_cast<size_t>(runEnd_ - runStart_);
    std::memcpy(out_, runStart_, length);
    out_ += length;
    runStart_ = nullptr;
  }

  uint8_t* begin_;
  uint8_t* out_;
  const uint8_t* runStart_ = nullptr;
  const uint8_t* runEnd_ = nullptr;
};

class ProtobufImport {
 public:
  ProtobufImport(TraceStore* store, Bytes request) : store_(store), request_(request) {}

  ImportReport run() {
    WireCursor cursor(request_);
    while (cursor.next()) {
      if (!cursor.is(fields::traces_data::kResourceSpans, WireType::Bytes)) {
        if (!cursor.skip()) break;
        continue;
      }
      std::string_view content;
      bool isCut = false;
      if (!cursor.bytesAsFarAsTheyGo(content, isCut)) break;
      readResourceSpans(content);
      if (isCut) cut("the request ends inside its ResourceSpans");
    }
    if (cursor.failed()) fail(cursor, "no OTLP request: a field cannot be read");
    return std::move(report_);
  }

 private:
  void readResourceSpans(std::string_view message) {
    SpanSource source;
    // The resource may stand behind the spans and may come in parts, which merge by concatenation.
    WireCursor ahead(message);
    std::string_view part;
    while (ahead.next()) {
      if (ahead.is(fields::resource_spans::kResource, WireType::Bytes)) {
        if (!ahead.bytes(part)) break;
        source.resource += part;
      } else if (ahead.is(fields::resource_spans::kSchemaUrl, WireType::Bytes)) {
        if (!ahead.bytes(part)) break;
        source.resourceSchemaUrl = part;
      } else if (!ahead.skip()) {
        break;
      }
    }
    WireCursor cursor(message);
    while (cursor.next()) {
      if (!cursor.is(fields::resource_spans::kScopeSpans, WireType::Bytes) &&
          !cursor.is(fields::resource_spans::kInstrumentationLibrarySpans, WireType::Bytes)) {
        if (!cursor.skip()) break;
        continue;
      }
      bool isCut = false;
      if (!cursor.bytesAsFarAsTheyGo(part, isCut)) break;
      readScopeSpans(part, source);
      if (isCut) cut("the request ends inside its ScopeSpans");
    }
    if (cursor.failed()) fail(cursor, "a field of ResourceSpans cannot be read");
  }

  void readScopeSpans(std::string_view message, SpanSource source) {
    source.scope.clear();
    source.scopeSchemaUrl.clear();
    WireCursor ahead(message);
    std::string_view part;
    while (ahead.next()) {
      if (ahead.is(fields::scope_spans::kScope, WireType::Bytes)) {
        if (!ahead.bytes(part)) break;
        source.scope += part;
      } else if (ahead.is(fields::scope_spans::kSchemaUrl, WireType::Bytes)) {
        if (!ahead.bytes(part)) break;
        source.scopeSchemaUrl = part;
      } else if (!ahead.skip()) {
        break;
      }
    }
    uint32_t sourceIndex = UINT32_MAX;
    WireCursor cursor(message);
    while (cursor.next()) {
      if (!cursor.is(fields::scope_spans::kSpans, WireType::Bytes)) {
        if (!cursor.skip()) break;
        continue;
      }
      bool isCut = false;
      if (!cursor.bytesAsFarAsTheyGo(part, isCut)) break;
      if (isCut) {
        cut("the request ends inside a span");
        break;
      }
      if (sourceIndex == UINT32_MAX && store_ != nullptr) sourceIndex = addSource(source);
      readSpan(part, sourceIndex);
    }
    if (cursor.failed()) fail(cursor, "a field of ScopeSpans cannot be read");
  }

  uint32_t addSource(const SpanSource& source) {
    return store_->addSource(source, serviceName(source.resource));
  }

  static std::string_view serviceName(std::string_view resource) {
    // Resource keeps its attributes under field 1, spans under 9: the reader of spans cannot be
    // used.
    WireCursor cursor(resource);
    std::string_view keyValue, service;
    while (cursor.next()) {
      if (!cursor.is(fields::resource::kAttributes, WireType::Bytes)) {
        if (!cursor.skip()) break;
      } else if (!cursor.bytes(keyValue)) {
        break;
      } else {
        const std::string_view text = stringOfKey(keyValue, "service.name");
        if (!text.empty()) service = text;
      }
    }
    return service;
  }

  static std::string_view stringOfKey(std::string_view keyValue, std::string_view wanted) {
    WireCursor cursor(keyValue);
    std::string_view key, value, text;
    while (cursor.next()) {
      if (cursor.is(fields::key_value::kKey, WireType::Bytes)) {
        if (!cursor.bytes(key)) return {};
      } else if (cursor.is(fields::key_value::kValue, WireType::Bytes)) {
        if (!cursor.bytes(value)) return {};
      } else if (!cursor.skip()) {
        return {};
      }
    }
    if (key != wanted) return {};
    WireCursor any(value);
    if (any.next() && any.is(fields::any_value::kStringValue, WireType::Bytes)) any.bytes(text);
    return text;
  }

  // One pass over the span's fields; the blob is written on the way and given back on failure.
  void readSpan(std::string_view message, uint32_t sourceIndex) {
    IncomingSpan span;
    SpanTraits traits;
    bool hasTraceId = false, hasSpanId = false, isParentBad = false, hasEnd = false;
    std::string_view text;
    uint64_t number = 0;
    KeptRuns kept(reserve(message.size()));
    WireCursor cursor(message);
    bool ok = true;
    while (ok && cursor.next()) {
      const uint8_t* start = cursor.fieldStart();
      switch (cursor.type() == WireType::Bytes ? cursor.field() : 0) {
        case fields::span::kTraceId:
          ok = cursor.bytes(text);
          hasTraceId = ok && text.size() == 16;
          if (hasTraceId) std::memcpy(span.traceId.bytes.data(), text.data(), 16);
          continue;
        case fields::span::kSpanId:
          ok = cursor.bytes(text);
          hasSpanId = ok && text.size() == 8;
          if (hasSpanId) span.spanId = loadId(text);
          continue;
        case fields::span::kParentSpanId:
          ok = cursor.bytes(text);
          isParentBad = ok && text.size() != 8 && !text.empty();
          span.parentSpanId = ok && text.size() == 8 ? loadId(text) : 0;
          continue;
        case fields::span::kName:
          ok = cursor.bytes(span.name);
          continue;
        case fields::span::kAttributes:
          ok = cursor.bytes(text);
          if (ok) traits.read(text);
          break;
        case fields::span::kEvents:
          ok = cursor.bytes(text);
          span.flags |= span_flag::kHasEvents;
          break;
        case fields::span::kLinks:
          ok = cursor.bytes(text);
          span.flags |= span_flag::kHasLinks;
          break;
        case fields::span::kStatus:
          ok = cursor.bytes(text);
          if (ok) span.status = statusCode(text, span.status);
          break;
        case fields::span::kTraceState:
          ok = cursor.bytes(text);
          break;
        default:
          if (cursor.is(fields::span::kStartTimeUnixNano, WireType::Fixed64)) {
            ok = cursor.fixed64(span.startTimeNs);
            continue;
          }
          if (cursor.is(fields::span::kEndTimeUnixNano, WireType::Fixed64)) {
            ok = cursor.fixed64(span.endTimeNs);
            hasEnd = span.endTimeNs != 0;
            continue;
          }
          if (cursor.is(fields::span::kKind, WireType::Varint)) {
            ok = cursor.varint(number);
            span.kind = number <= 5 ? static_cast<uint8_t>(number) : 0;
            continue;
          }
          if (cursor.is(fields::span::kDroppedAttributesCount, WireType::Varint) ||
              cursor.is(fields::span::kDroppedEventsCount, WireType::Varint) ||
              cursor.is(fields::span::kDroppedLinksCount, WireType::Varint)) {
            ok = cursor.varint(number);
            if (number != 0) span.flags |= span_flag::kHasDropped;
            break;
          }
          ok = cursor.skip();
          if (cursor.field() != fields::span::kFlags) continue;  // an unknown field
      }
      if (ok) kept.keep(start, cursor.position());
    }
    if (!ok || cursor.failed()) return refuse(cursor.code(), "a span cannot be read", message);
    if (!hasTraceId || !hasSpanId || span.spanId == 0 || span.traceId.isZero()) {
      return refuse(ErrorCode::InvalidParameterValue, "a span has no valid trace id or span id",
                    message);
    }
    if (isParentBad)
      note(ErrorCode::InvalidParameterValue, "a parent span id is not 8 bytes long", message);

    span.type = traits.type();
    if (!hasEnd || traits.isUnfinished()) span.flags |= span_flag::kOpen;
    if (traits.hasUsage()) span.flags |= span_flag::kHasUsage;
    if (traits.hasTraceAttributes()) span.flags |= span_flag::kHasTraceAttributes;
    ++report_.spans;
    if (store_ == nullptr) {
      ++report_.added;
      return;
    }
    const BlobRef blob = store_->blobs().commit(kept.finish());
    report_.count(store_->add(span, sourceIndex, blob));
  }

  static uint8_t statusCode(std::string_view message, uint8_t before) {
    WireCursor cursor(message);
    uint64_t code = before;
    while (cursor.next()) {
      if (cursor.is(fields::status::kCode, WireType::Varint)) {
        if (!cursor.varint(code)) break;
      } else if (!cursor.skip()) {
        break;
      }
    }
    return code <= 2 ? static_cast<uint8_t>(code) : 0;
  }

  uint8_t* reserve(size_t bytes) {
    if (store_ != nullptr) return store_->blobs().reserve(bytes);
    if (scratchBytes_ < bytes) {
      scratch_.reset(new uint8_t[bytes]);
      scratchBytes_ = bytes;
    }
    return scratch_.get();
  }

  void refuse(ErrorCode code, const char* message, std::string_view place) {
    if (store_ != nullptr) store_->blobs().commit(0);
    ++report_.broken;
    note(code, message, place);
  }
  void note(ErrorCode code, const char* message, std::string_view place) {
    report_.addError(code, message, offsetOf(reinterpret_cast<const uint8_t*>(place.data())));
  }
  void cut(const char* message) {
    if (hasReportedCut_) return;  // the innermost message says it best
    hasReportedCut_ = true;
    report_.addError(ErrorCode::Truncated, message, request_.size());
  }
  void fail(const WireCursor& cursor, const char* message) {
    if (hasReportedCut_) return;
    report_.addError(cursor.code(), message, offsetOf(cursor.fieldStart()));
  }
  size_t offsetOf(const uint8_t* place) const {
    return place == nullptr ? 0 : static_cast<size_t>(place - request_.data());
  }

  TraceStore* store_;
  Bytes request_;
  ImportReport report_;
  std::unique_ptr<uint8_t[]> scratch_;
  size_t scratchBytes_ = 0;
  bool hasReportedCut_ = false;
};

}  // namespace

void ImportReport::addError(ErrorCode code, const char* message, size_t offset) {
  if (errors.size() < kMaxErrors) errors.push_back({code, message, offset});
}

void ImportReport::count(TraceStore::Added result) {
  switch (result) {
    case TraceStore::Added::New:
      ++added;
      break;
    case TraceStore::Added::Replaced:
    case TraceStore::Added::Ignored:
      ++replaced;
      break;
    case TraceStore::Added::Duplicate:
      ++duplicates;
      break;
    case TraceStore::Added::Refused:
      ++refused;
      break;
  }
}

ImportReport importOtlpProtobuf(TraceStore& store, Bytes request) {
  ImportReport report = ProtobufImport(&store, request).run();
  store.settle();
  return report;
}

ImportReport checkOtlpProtobuf(Bytes request) {
  return ProtobufImport(nullptr, request).run();
}

}  // namespace spandrel::view
