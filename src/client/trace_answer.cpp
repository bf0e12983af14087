#include "client/trace_answer.h"

#include "base/json_members.h"
#include "mlflow/record_codecs.h"
#include "otlp/json_reader.h"

namespace spandrel::client {
namespace {

Error malformed(std::string message, size_t offset) {
  return Error{ErrorCode::Malformed, std::move(message), offset};
}

class AnswerReader {
 public:
  AnswerReader(std::string_view json, std::string_view location)
      : json_(json), location_(location) {}

  Result<std::vector<uint8_t>> read() {
    JsonMembers members(json_);
    if (!members.isObject()) return malformed("the answer is no object", 0);
    while (members.next()) {
      if (members.key() == "trace") readTrace(members.value());
      if (members.key() == "traces") readTraces(members.value());
      if (failed_) return error_;
    }
    if (!members.ok()) return members.error();
    return std::move(out_);
  }

 private:
  size_t offsetOf(std::string_view part) const {
    return static_cast<size_t>(part.data() - json_.data());
  }
  void fail(Error error, std::string_view part) {
    if (failed_) return;
    failed_ = true;
    error.offset += offsetOf(part);
    error_ = std::move(error);
  }

  void readTraces(std::string_view list) {
    JsonMembers elements(list);
    while (!failed_ && elements.next()) readTrace(elements.value());
    if (!elements.ok()) fail(elements.error(), list);
  }

  void readTrace(std::string_view trace) {
    std::string_view info;
    std::vector<uint8_t> records;
    JsonMembers members(trace);
    if (!members.isObject()) return fail(malformed("a trace is no object", 0), trace);
    while (!failed_ && members.next()) {
      if (isEither(members.key(), "trace_info", "traceInfo")) info = members.value();
      if (members.key() == "spans") readSpans(members.value(), records);
    }
    if (!members.ok()) return fail(members.error(), trace);
    if (info.empty()) return fail(malformed("a trace has no trace_info", 0), trace);
    if (!failed_) append(info, records);
  }

  void readSpans(std::string_view list, std::vector<uint8_t>& records) {
    JsonMembers elements(list);
    while (!failed_ && elements.next()) {
      otlp::ReadReport report;
      const auto record =
          mlflow::recordOfOtlpSpan(otlp::decodeSpanJson(elements.value(), report), location_);
      if (!record.ok()) return fail(record.error(), elements.value());
      records.insert(records.end(), record.value().begin(), record.value().end());
    }
    if (!elements.ok()) fail(elements.error(), list);
  }

  static bool isEither(std::string_view key, std::string_view snake, std::string_view camel) {
    return key == snake || key == camel;
  }

  void append(std::string_view info, const std::vector<uint8_t>& records) {
    appendLength(info.size());
    appendLength(records.size());
    out_.insert(out_.end(), info.begin(), info.end());
    out_.resize((out_.size() + 3) & ~size_t{3});
    out_.insert(out_.end(), records.begin(), records.end());
  }

  void appendLength(size_t length) {
    for (int shift = 0; shift < 32; shift += 8)
      out_.push_back(static_cast<uint8_t>(length >> shift));
  }

  std::string_view json_;
  std::string_view location_;
  std::vector<uint8_t> out_;
  bool failed_ = false;
  Error error_;
};

}  // namespace

Result<std::vector<uint8_t>> tracesOfAnswer(std::string_view json, std::string_view location) {
  return AnswerReader(json, location).read();
}

}  // namespace spandrel::client
