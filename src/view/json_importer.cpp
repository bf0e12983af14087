#include "view/json_importer.h"

#include <utility>

#include "otlp/fields.h"
#include "otlp/json_reader.h"
#include "otlp/span_writer.h"

namespace spandrel::view {
namespace {

namespace fields = otlp::fields;

// Gathers one ResourceSpans at a time: what the resource is comes after its spans.
class TranscodingSink : public otlp::TraceSink {
 public:
  TranscodingSink(TraceStore* store, ImportReport& report) : store_(store), report_(report) {}

  void beginResource() override {
    out_.clear();
    resource_ = out_.open(fields::traces_data::kResourceSpans);
  }
  void beginScope() override { scope_ = out_.open(fields::resource_spans::kScopeSpans); }

  bool onSpan(trace::SpanData&& span) override {
    const auto message = out_.open(fields::scope_spans::kSpans);
    // What came from a file is text already and must not be quoted once more.
    for (trace::Attribute& attribute : span.attributes) attribute.value.isNative = true;
    otlp::encodeSpan(span, otlp::ValueForm::Wire, out_);
    out_.close(message);
    return out_.ok();
  }

  void endScope(trace::Scope&& scope) override {
    const auto message = out_.open(fields::scope_spans::kScope);
    otlp::encodeScope(scope, out_);
    out_.close(message);
    if (!scope.schemaUrl.empty())
      out_.stringField(fields::scope_spans::kSchemaUrl, scope.schemaUrl);
    out_.close(scope_);
  }

  void endResource(trace::Resource&& resource) override {
    const auto message = out_.open(fields::resource_spans::kResource);
    otlp::encodeResource(resource, out_);
    out_.close(message);
    if (!resource.schemaUrl.empty())
      out_.stringField(fields::resource_spans::kSchemaUrl, resource.schemaUrl);
    out_.close(resource_);
    if (!out_.ok()) {
      report_.addError(ErrorCode::TooLarge, "no memory for the spans of one resource", 0);
      return;
    }
    merge(store_ != nullptr ? importOtlpProtobuf(*store_, out_.bytes())
                            : checkOtlpProtobuf(out_.bytes()));
  }

 private:
  void merge(const ImportReport& part) {
    report_.spans += part.spans;
    report_.added += part.added;
    report_.replaced += part.replaced;
    report_.duplicates += part.duplicates;
    report_.refused += part.refused;
    report_.broken += part.broken;
    // Offsets into our own encoding mean nothing to the reader of the file.
    for (const Error& error : part.errors) report_.addError(error.code, error.message.c_str(), 0);
  }

  TraceStore* store_;
  ImportReport& report_;
  otlp::WireWriter out_;
  otlp::WireWriter::OpenMessage resource_{0};
  otlp::WireWriter::OpenMessage scope_{0};
};

ImportReport readJson(TraceStore* store, std::string_view text) {
  ImportReport report;
  TranscodingSink sink(store, report);
  const otlp::ReadReport read = otlp::readTracesJson(text, sink);
  if (read.failed) report.addError(read.error.code, read.error.message.c_str(), read.error.offset);
  return report;
}

}  // namespace

ImportReport importOtlpJson(TraceStore& store, std::string_view text) {
  return readJson(&store, text);
}

ImportReport checkOtlpJson(std::string_view text) {
  return readJson(nullptr, text);
}

}  // namespace spandrel::view
