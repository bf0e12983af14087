#include "client/span_request.h"

#include "base/json_text.h"
#include "otlp/span_writer.h"
#include "record/portable.h"
#include "trace/attribute_text.h"

namespace spandrel::client {
namespace {

using trace::AnyValue;
using trace::Attribute;
using Kind = AnyValue::Kind;
using TokenKind = JsonScanner::Kind;

char firstOf(std::string_view text) {
  const size_t at = text.find_first_not_of(" \t\r\n");
  return at == std::string_view::npos ? '\0' : text[at];
}

bool isStructure(char first) {
  return first == '{' || first == '[';
}

// Whether a reader takes a structure as deep as this one.
bool fitsIntoMessages(std::string_view json) {
  JsonScanner scanner(json);
  for (;;) {
    const auto token = scanner.next();
    if (token.kind == TokenKind::End) return true;
    if (token.kind == TokenKind::Error || scanner.depth() > trace::kMaxWireDepth) return false;
  }
}

// Whether the server would take this string for the JSON value it holds.
bool looksLikeJson(std::string_view text) {
  const char first = firstOf(text);
  return (isStructure(first) || first == '"') && checkJson(text).ok();
}

void prepare(AnyValue& value, Strings strings) {
  const char first = value.kind == Kind::Json ? firstOf(value.text) : '\0';
  if (isStructure(first)) {
    if (!fitsIntoMessages(value.text)) value = AnyValue::string(std::move(value.text));
    return;
  }
  // What another instrumentation set as a string is the server's to judge.
  const bool isOurs = (value.kind == Kind::String && !value.isNative) || first == '"';
  if (!isOurs || strings == Strings::Kept) return;
  const AnyValue content = trace::attributeValue(value);
  if (content.kind == Kind::String && looksLikeJson(content.text)) {
    value = AnyValue::string(quoteJson(content.text));
  }
}

// The server makes the resource a tag of every trace: a name that nobody gave is left out, as
// MLflow's SDK does.
trace::Resource named(trace::Resource resource) {
  std::erase_if(resource.attributes, [](const Attribute& attribute) {
    return attribute.key == "service.name" && attribute.value.text.starts_with("unknown_service");
  });
  return resource;
}

}  // namespace

Result<std::vector<uint8_t>> spanRequest(Bytes records, const trace::Resource& resource,
                                         Strings strings) {
  otlp::ResourceSpans group{named(resource), {otlp::ScopeSpans()}};
  std::vector<trace::SpanData>& spans = group.scopes.front().spans;
  while (!records.empty()) {
    const Result<Bytes> record = record::firstPortable(records);
    if (!record.ok()) return record.error();
    Result<trace::SpanData> span = record::decodePortable(record.value());
    if (!span.ok()) return span.error();
    spans.push_back(span.take());
    for (Attribute& attribute : spans.back().attributes) prepare(attribute.value, strings);
    spans.back().flags = 0;  // MLflow neither sends nor keeps them
    if (spans.back().isOpen) {
      const std::string key(record::kUnfinishedAttribute);
      spans.back().attributes.push_back({key, AnyValue::of(true)});
    }
    records = records.subspan(record.value().size());
  }
  otlp::WireWriter out;
  otlp::encodeTraces(std::span(&group, 1), otlp::ValueForm::Reference, out);
  if (!out.ok()) return Error{ErrorCode::TooLarge, "the request is too large"};
  const Bytes bytes = out.bytes();
  return std::vector<uint8_t>(bytes.begin(), bytes.end());
}

}  // namespace spandrel::client
