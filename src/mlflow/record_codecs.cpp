#include "mlflow/record_codecs.h"

#include "mlflow/from_otlp.h"
#include "mlflow/size_stats.h"
#include "mlflow/span_dict.h"
#include "mlflow/trace_dict.h"
#include "record/portable.h"

namespace spandrel::mlflow {
namespace {

void append(std::vector<uint8_t>& out, std::string_view text) {
  out.insert(out.end(), text.begin(), text.end());
}

}  // namespace

Result<std::string> spanDictOfRecord(Bytes record) {
  const Result<trace::SpanData> span = record::decodePortable(record);
  if (!span.ok()) return span.error();
  return toDictText(span.value());
}

Result<std::vector<uint8_t>> recordOfSpanDict(std::string_view json) {
  const Result<trace::SpanData> span = fromDictText(json);
  if (!span.ok()) return span.error();
  return record::encodePortable(span.value());
}

Result<std::vector<uint8_t>> recordOfOtlpSpan(const Result<trace::SpanData>& decoded,
                                              std::string_view location) {
  if (!decoded.ok()) return decoded.error();
  const Result<trace::SpanData> span = spanFromOtlp(decoded.value(), location);
  if (!span.ok()) return span.error();
  return record::encodePortable(span.value());
}

Result<std::vector<uint8_t>> recordOfOtherSdkSpan(Result<trace::SpanData> decoded) {
  if (!decoded.ok()) return decoded.error();
  return record::encodePortable(spanOfOtherSdk(decoded.take()));
}

namespace {

Result<trace::Trace> traceOf(std::string_view info, Bytes records) {
  trace::Trace trace;
  Result<trace::TraceInfo> read = fromTraceInfoDictText(info);
  if (!read.ok()) return read.error();
  trace.info = read.take();
  while (!records.empty()) {
    const Result<Bytes> record = record::firstPortable(records);
    if (!record.ok()) return record.error();
    Result<trace::SpanData> span = record::decodePortable(record.value());
    if (!span.ok()) return span.error();
    trace.spans.push_back(span.take());
    records = records.subspan(record.value().size());
  }
  return trace;
}

}  // namespace

Result<std::string> traceJsonOfRecords(std::string_view info, Bytes records, bool withSizeStats) {
  Result<trace::Trace> trace = traceOf(info, records);
  if (!trace.ok()) return trace.error();
  if (withSizeStats) addSizeStats(trace.value());
  return toTraceJson(trace.value());
}

Result<std::string> sizeStatsOfRecords(std::string_view info, Bytes records) {
  const Result<trace::Trace> trace = traceOf(info, records);
  if (!trace.ok()) return trace.error();
  return sizeStatsObject(trace.value());
}

Result<std::vector<uint8_t>> recordsOfTraceJson(std::string_view json) {
  const Result<trace::Trace> trace = fromTraceJson(json);
  if (!trace.ok()) return trace.error();
  const std::string info = toTraceInfoDictText(trace.value().info, JsonEscapes::Needed);
  const uint32_t length = static_cast<uint32_t>(info.size());
  std::vector<uint8_t> out;
  for (int shift = 0; shift < 32; shift += 8) out.push_back(static_cast<uint8_t>(length >> shift));
  append(out, info);
  out.resize((out.size() + 3) & ~size_t{3});
  for (const trace::SpanData& span : trace.value().spans) {
    const std::vector<uint8_t> record = record::encodePortable(span);
    out.insert(out.end(), record.begin(), record.end());
  }
  return out;
}

}  // namespace spandrel::mlflow
