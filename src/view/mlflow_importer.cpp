#include "view/mlflow_importer.h"

#include <cstring>

#include "base/json_members.h"
#include "otlp/fields.h"
#include "otlp/json_reader.h"
#include "otlp/span_writer.h"
#include "trace/constants.h"
#include "view/mlflow_span.h"
#include "view/trace_facts.h"

namespace spandrel::view {
namespace {

namespace fields = otlp::fields;
using Kind = JsonScanner::Kind;
using Token = JsonScanner::Token;

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
// Objects inside each other that are searched for traces: {"traces": [{"trace": {"data": …
constexpr int kMaxLevels = 6;
constexpr size_t kFreeBytes = size_t{1} << 20;

size_t skipSpace(std::string_view text, size_t at) {
  const size_t next = text.find_first_not_of(" \t\r\n", at);
  return next == std::string_view::npos ? text.size() : next;
}

size_t startOf(std::string_view text) {
  return skipSpace(text, text.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0);
}

bool isInputsOrOutputs(const std::string& key) {
  return key == trace::attribute_key::kInputs || key == trace::attribute_key::kOutputs;
}

class MlflowImport {
 public:
  MlflowImport(TraceStore* store, std::string_view text) : store_(store), text_(text) {}

  ImportReport run() {
    size_t at = startOf(text_);
    while (at < text_.size()) {
      base_ = at;
      if (readDocument()) {
        at = skipSpace(text_, at + scanner_.offset());
      } else if (!nextLine(at)) {
        break;
      }
    }
    if (store_ != nullptr) store_->settle();
    return std::move(report_);
  }

 private:
  // What one object says about a trace, until it ends.
  struct Parts {
    std::string_view info;
    size_t offset = 0;
    bool hasInfo = false;
    bool hasSpans = false;  // readable ones
    bool hasTried = false;
    trace::TraceId firstTrace;
  };

  bool readDocument() {
    scanner_ = JsonScanner(text_.substr(base_));
    const Token token = next();
    if (token.kind == Kind::BeginArray) {
      readList(0);
    } else if (token.kind == Kind::BeginObject) {
      readObject(0, nullptr);
    } else if (!failed_) {
      fail(ErrorCode::Malformed, "expected an object or a list with traces", base_);
    }
    if (!failed_) return true;
    failed_ = false;
    return false;
  }

  // One broken line does not cost the ones after it; a document of several lines is one whole.
  bool nextLine(size_t& at) {
    const size_t end = text_.find('\n', at);
    if (end == std::string_view::npos) return false;
    at = skipSpace(text_, end);
    return failedAt_ <= at;  // a line that ends too early is noticed at the next one
  }

  void readList(int level) {
    for (Token token = next(); token.kind != Kind::EndArray && !failed_; token = next()) {
      if (token.kind == Kind::BeginObject && level < kMaxLevels) {
        readObject(level + 1, nullptr);
      } else {
        skip(token);
      }
    }
  }

  // `outer`: the trace this object is a part of ("data"); null: it may be one itself.
  void readObject(int level, Parts* outer) {
    Parts own;
    Parts& parts = outer ? *outer : own;
    const size_t start = position() - 1;
    for (Token token = next(); token.kind == Kind::Key && !failed_; token = next()) {
      const std::string_view key = token.text.substr(1, token.text.size() - 2);
      token = next();
      const bool isObject = token.kind == Kind::BeginObject;
      const bool isList = token.kind == Kind::BeginArray;
      if (isObject && (key == "info" || key == "trace_info")) {
        parts.offset = position() - 1;
        parts.info = skip(token);
        parts.hasInfo = !failed_;
      } else if (isObject && key == "data" && level < kMaxLevels) {
        readObject(level + 1, &parts);
      } else if (isObject && key == "trace" && level < kMaxLevels) {
        readObject(level + 1, nullptr);
      } else if (isList && key == "traces" && level < kMaxLevels) {
        readList(level + 1);
      } else if (isList && key == "spans") {
        readSpans(parts);
      } else {
        // An answer of a search lists infos alone.
        if (!parts.hasInfo && (key == "trace_location" || key == "request_id")) {
          parts.hasInfo = true;
          parts.offset = start;
        }
        skip(token);
      }
    }
    if (!outer) finish(own);
  }

  void readSpans(Parts& parts) {
    for (Token token = next(); token.kind != Kind::EndArray && !failed_; token = next()) {
      const size_t offset = position() - token.text.size();
      const std::string_view span = skip(token);
      if (!failed_) addSpan(span, offset, parts);
    }
  }

  void finish(const Parts& parts) {
    if (!parts.hasInfo) return;
    if (!parts.hasSpans) {
      if (parts.hasTried || failed_) return;  // the error is told already
      return report_.addError(ErrorCode::InvalidParameterValue,
                              "a trace without spans has nothing to show", parts.offset);
    }
    if (store_ == nullptr || parts.info.empty()) return;
    const uint32_t slot = store_->findTrace(parts.firstTrace);
    if (slot != kNoTrace) keepFacts(*store_, slot, parts.info);
  }

  // --- spans ---

  void addSpan(std::string_view json, size_t offset, Parts& parts) {
    parts.hasTried = true;
    out_.clear();
    // Bytes of a span are at most twice its text: the buffer needs no second one to grow into.
    out_.reserve(2 * json.size() + 64);
    const auto resource = out_.open(fields::traces_data::kResourceSpans);
    const auto scope = out_.open(fields::resource_spans::kScopeSpans);
    const auto message = out_.open(fields::scope_spans::kSpans);
    const Result<trace::TraceId> written =
        hasListOfAttributes(json) ? writeOtlpSpan(json) : writeMlflowSpan(json, out_);
    out_.close(message);
    out_.close(scope);
    out_.close(resource);
    if (!written.ok() || !out_.ok()) {
      ++report_.broken;
      const Error error =
          written.ok() ? Error{ErrorCode::TooLarge, "no memory for a span"} : written.error();
      return report_.addError(error.code, error.message.c_str(), offset + error.offset);
    }
    if (!parts.hasSpans) parts.firstTrace = written.value();
    merge(store_ != nullptr ? importOtlpProtobuf(*store_, out_.bytes())
                            : checkOtlpProtobuf(out_.bytes()),
          offset, parts);
    if (out_.size() > kFreeBytes) out_.releaseMemory();
  }

  static bool hasListOfAttributes(std::string_view json) {
    bool isList = false;
    JsonMembers span(json);
    while (span.isObject() && span.next()) {
      if (span.key() == "attributes") isList = span.kind() == Kind::BeginArray;
    }
    return isList;
  }

  Result<trace::TraceId> writeOtlpSpan(std::string_view json) {
    otlp::ReadReport ignored;
    Result<trace::SpanData> span = otlp::decodeSpanJson(json, ignored);
    if (!span.ok()) return span.error();
    for (trace::Attribute& attribute : span.value().attributes) {
      // The server answers values; inputs and outputs are shown as JSON text, all else as it is.
      attribute.value.isNative = !isInputsOrOutputs(attribute.key);
    }
    otlp::encodeSpan(span.value(), otlp::ValueForm::Wire, out_);
    return span.value().traceId;
  }

  void merge(const ImportReport& part, size_t offset, Parts& parts) {
    report_.spans += part.spans;
    report_.added += part.added;
    report_.replaced += part.replaced;
    report_.duplicates += part.duplicates;
    report_.refused += part.refused;
    report_.broken += part.broken;
    parts.hasSpans |= part.spans > 0;
    for (const Error& error : part.errors) {
      report_.addError(error.code, error.message.c_str(), offset);
    }
  }

  // --- tokens ---

  Token next() {
    const Token token = scanner_.next();
    if (token.kind == Kind::Error && !failed_) {
      const Error& error = scanner_.error();
      fail(error.code, error.message.c_str(), base_ + error.offset);
    }
    return token;
  }

  // Passes over the value that begins with this token and gives its text.
  std::string_view skip(const Token& first) {
    const bool isContainer = first.kind == Kind::BeginObject || first.kind == Kind::BeginArray;
    const char* start = first.text.data();
    if (isContainer) {
      for (const int depth = scanner_.depth(); scanner_.depth() >= depth && !failed_;) next();
    }
    return failed_
               ? std::string_view()
               : std::string_view(start, static_cast<size_t>(text_.data() + position() - start));
  }

  void fail(ErrorCode code, const char* message, size_t offset) {
    failed_ = true;
    failedAt_ = offset;
    report_.addError(code, message, offset);
  }

  // Behind the current token, in the whole text.
  size_t position() const { return base_ + scanner_.offset(); }

  TraceStore* store_;
  std::string_view text_;
  ImportReport report_;
  JsonScanner scanner_{{}};
  otlp::WireWriter out_;
  size_t base_ = 0;
  size_t failedAt_ = 0;
  bool failed_ = false;
};

bool isOneOf(std::string_view key, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    if (key == name) return true;
  }
  return false;
}

}  // namespace

bool looksLikeMlflow(std::string_view text) {
  const size_t start = startOf(text);
  JsonScanner scanner(text.substr(start));
  Token token = scanner.next();
  while (token.kind != Kind::End && token.kind != Kind::Error && scanner.depth() > 0) {
    if (token.kind == Kind::Key) {
      const std::string_view key = token.text.substr(1, token.text.size() - 2);
      token = scanner.next();
      const bool isObject = token.kind == Kind::BeginObject;
      if (isOneOf(key, {"resourceSpans", "resource_spans", "traceID", "traceId", "traceEvents",
                        "batches"})) {
        return false;
      }
      if ((isObject && isOneOf(key, {"info", "trace_info", "trace_location"})) ||
          (token.kind == Kind::BeginArray && key == "spans") || key == "request_id") {
        return true;
      }
      continue;
    }
    token = scanner.next();
  }
  return false;
}

ImportReport importMlflowJson(TraceStore& store, std::string_view text) {
  return MlflowImport(&store, text).run();
}

ImportReport checkMlflowJson(std::string_view text) {
  return MlflowImport(nullptr, text).run();
}

}  // namespace spandrel::view
