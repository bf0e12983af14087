#include "view/span_detail.h"

#include <cstring>
#include <string_view>
#include <vector>

#include "base/json_text.h"
#include "otlp/fields.h"
#include "view/any_value_text.h"
#include "view/wire_cursor.h"

namespace spandrel::view {
namespace {

namespace fields = otlp::fields;
using otlp::WireType;

constexpr const char* kKinds[] = {"UNSPECIFIED", "INTERNAL", "SERVER",
                                  "CLIENT",      "PRODUCER", "CONSUMER"};
constexpr const char* kStatusCodes[] = {"UNSET", "OK", "ERROR"};

std::string hexOf(uint64_t id) {
  uint8_t bytes[8];
  std::memcpy(bytes, &id, 8);
  return toHex(bytes);
}

std::string hexOf(std::string_view bytes) {
  return toHex({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
}

class DetailWriter {
 public:
  DetailWriter(const TraceStore& store, Row row, size_t maxValueBytes)
      : store_(store), row_(row), maxValueBytes_(maxValueBytes) {}

  std::string write() {
    const SpanColumns& columns = store_.columns();
    const std::string_view blob = blobText();
    const uint8_t flags = columns.flags(row_);
    out_ = '{';
    textMember("traceId", store_.trace(columns.trace(row_)).id.hex());
    textMember("spanId", hexOf(columns.spanId(row_)));
    textMember("parentSpanId",
               columns.parentSpanId(row_) == 0 ? "" : hexOf(columns.parentSpanId(row_)));
    textMember("name", store_.strings().text(columns.name(row_)));
    textMember("type", store_.strings().text(columns.type(row_)));
    textMember("service", store_.serviceOf(row_));
    textMember("kind", kKinds[columns.kind(row_) <= 5 ? columns.kind(row_) : 0]);
    textMember("startTimeNs", std::to_string(columns.startTimeNs(row_)));
    textMember("endTimeNs", std::to_string(columns.endTimeNs(row_)));
    rawMember("isOpen", flags & span_flag::kOpen ? "true" : "false");
    rawMember("isDuplicate", flags & span_flag::kIsReplaced ? "true" : "false");
    writeStatus(blob, columns.status(row_));
    textMember("traceState", textField(blob, fields::span::kTraceState));
    writeFlags(blob);
    attributesMember("attributes", blob, fields::span::kAttributes);
    listMember("events", blob, fields::span::kEvents, &DetailWriter::writeEvent);
    listMember("links", blob, fields::span::kLinks, &DetailWriter::writeLink);
    key("dropped");
    out_ += '{';
    numberMember("attributes", blob, fields::span::kDroppedAttributesCount);
    numberMember("events", blob, fields::span::kDroppedEventsCount);
    numberMember("links", blob, fields::span::kDroppedLinksCount);
    out_ += '}';
    writeSource(store_.source(columns.source(row_)));
    out_ += '}';
    return std::move(out_);
  }

  // Walks the same way as write() and keeps the one value.
  bool find(uint32_t number, std::string& value) {
    wanted_ = number;
    found_ = &value;
    write();
    return wasFound_;
  }

 private:
  std::string_view blobText() const {
    const Bytes blob = store_.blobOf(row_);
    return {reinterpret_cast<const char*>(blob.data()), blob.size()};
  }

  void key(const char* name) {
    if (out_.back() != '{' && out_.back() != '[') out_ += ',';
    ((out_ += '"') += name) += "\":";
  }
  void textMember(const char* name, std::string_view text) {
    key(name);
    appendJsonString(out_, text);
  }
  void rawMember(const char* name, std::string_view json) {
    key(name);
    out_ += json;
  }

  void writeStatus(std::string_view blob, uint8_t code) {
    key("status");
    out_ += '{';
    textMember("code", kStatusCodes[code <= 2 ? code : 0]);
    std::string_view message;
    forEach(blob, fields::span::kStatus, [&](std::string_view status) {
      const std::string_view text = textField(status, fields::status::kMessage);
      if (!text.empty()) message = text;
    });
    textMember("message", message);
    out_ += '}';
  }

  void writeFlags(std::string_view blob) {
    uint64_t flags = 0;
    WireCursor cursor(blob);
    while (cursor.next()) {
      if (cursor.is(fields::span::kFlags, WireType::Fixed32) &&
          cursor.position() + 4 <= endOf(blob)) {
        uint32_t word;
        std::memcpy(&word, cursor.position(), 4);
        flags = word;
      }
      if (!cursor.skip()) break;
    }
    rawMember("flags", std::to_string(flags));
  }

  void writeEvent(std::string_view event) {
    textMember("name", textField(event, fields::event::kName));
    uint64_t time = 0;
    WireCursor cursor(event);
    while (cursor.next()) {
      if (cursor.is(fields::event::kTimeUnixNano, WireType::Fixed64)) {
        if (!cursor.fixed64(time)) break;
      } else if (!cursor.skip()) {
        break;
      }
    }
    textMember("timeNs", std::to_string(time));
    attributesMember("attributes", event, fields::event::kAttributes);
    numberMember("dropped", event, fields::event::kDroppedAttributesCount);
  }

  void writeLink(std::string_view link) {
    textMember("traceId", hexOf(textField(link, fields::link::kTraceId)));
    textMember("spanId", hexOf(textField(link, fields::link::kSpanId)));
    textMember("traceState", textField(link, fields::link::kTraceState));
    attributesMember("attributes", link, fields::link::kAttributes);
    numberMember("dropped", link, fields::link::kDroppedAttributesCount);
  }

  void writeSource(const SpanSource& source) {
    key("resource");
    out_ += '{';
    attributesMember("attributes", source.resource, fields::resource::kAttributes);
    numberMember("dropped", source.resource, fields::resource::kDroppedAttributesCount);
    textMember("schemaUrl", source.resourceSchemaUrl);
    out_ += '}';
    key("scope");
    out_ += '{';
    textMember("name", textField(source.scope, fields::scope::kName));
    textMember("version", textField(source.scope, fields::scope::kVersion));
    attributesMember("attributes", source.scope, fields::scope::kAttributes);
    numberMember("dropped", source.scope, fields::scope::kDroppedAttributesCount);
    textMember("schemaUrl", source.scopeSchemaUrl);
    out_ += '}';
  }

  void attributesMember(const char* name, std::string_view message, uint32_t field) {
    key(name);
    out_ += '[';
    forEach(message, field, [this](std::string_view keyValue) { writeAttribute(keyValue); });
    out_ += ']';
  }

  void writeAttribute(std::string_view keyValue) {
    if (out_.back() != '[') out_ += ',';
    std::string_view name, encoded;
    WireCursor cursor(keyValue);
    while (cursor.next()) {
      if (cursor.is(fields::key_value::kKey, WireType::Bytes)) {
        if (!cursor.bytes(name)) break;
      } else if (cursor.is(fields::key_value::kValue, WireType::Bytes)) {
        if (!cursor.bytes(encoded)) break;
      } else if (!cursor.skip()) {
        break;
      }
    }
    ValueText value = anyValueText(encoded);
    const uint32_t number = nextNumber_++;
    out_ += '{';
    textMember("key", name);
    textMember("type", value.type);
    rawMember("number", std::to_string(number));
    if (value.text.size() > maxValueBytes_) {
      rawMember("bytes", std::to_string(value.text.size()));
      size_t end = maxValueBytes_;
      while (end > 0 && (static_cast<uint8_t>(value.text[end]) & 0xc0) == 0x80) --end;
      textMember("value", std::string_view(value.text).substr(0, end));
    } else {
      textMember("value", value.text);
    }
    out_ += '}';
    if (found_ != nullptr && number == wanted_) {
      *found_ = std::move(value.text);
      wasFound_ = true;
    }
  }

  void listMember(const char* name, std::string_view message, uint32_t field,
                  void (DetailWriter::*writeItem)(std::string_view)) {
    key(name);
    out_ += '[';
    forEach(message, field, [&](std::string_view item) {
      out_ += out_.back() == '[' ? "{" : ",{";
      (this->*writeItem)(item);
      out_ += '}';
    });
    out_ += ']';
  }

  void numberMember(const char* name, std::string_view message, uint32_t field) {
    uint64_t number = 0;
    WireCursor cursor(message);
    while (cursor.next()) {
      if (cursor.is(field, WireType::Varint)) {
        if (!cursor.varint(number)) break;
      } else if (!cursor.skip()) {
        break;
      }
    }
    rawMember(name, std::to_string(static_cast<uint32_t>(number)));
  }

  static const uint8_t* endOf(std::string_view text) {
    return reinterpret_cast<const uint8_t*>(text.data()) + text.size();
  }

  static std::string_view textField(std::string_view message, uint32_t field) {
    std::string_view text;
    forEach(message, field, [&](std::string_view found) { text = found; });
    return text;
  }

  // Calls `visit` for each readable length-delimited `field` of the message.
  template <typename Visit>
  static void forEach(std::string_view message, uint32_t field, Visit visit) {
    WireCursor cursor(message);
    std::string_view content;
    while (cursor.next()) {
      if (!cursor.is(field, WireType::Bytes)) {
        if (!cursor.skip()) return;
      } else if (!cursor.bytes(content)) {
        return;
      } else {
        visit(content);
      }
    }
  }

  const TraceStore& store_;
  Row row_;
  size_t maxValueBytes_;
  std::string out_;
  uint32_t nextNumber_ = 0;
  uint32_t wanted_ = UINT32_MAX;
  std::string* found_ = nullptr;
  bool wasFound_ = false;
};

}  // namespace

std::string spanDetailJson(const TraceStore& store, Row row, size_t maxValueBytes) {
  return DetailWriter(store, row, maxValueBytes).write();
}

Result<std::string> spanValue(const TraceStore& store, Row row, uint32_t number) {
  std::string value;
  if (DetailWriter(store, row, 0).find(number, value)) return value;
  return Error{ErrorCode::ResourceDoesNotExist, "this span has no value of that number", number};
}

}  // namespace spandrel::view
