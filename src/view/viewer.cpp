#include "view/viewer.h"

#include <cstring>

#include "base/json_text.h"
#include "view/json_importer.h"
#include "view/mlflow_importer.h"
#include "view/span_detail.h"
#include "view/trace_facts.h"

namespace spandrel::view {
namespace {

std::string reportJson(const ImportReport& report) {
  std::string out = "{\"spans\":" + std::to_string(report.spans) +
                    ",\"added\":" + std::to_string(report.added) +
                    ",\"replaced\":" + std::to_string(report.replaced) +
                    ",\"duplicates\":" + std::to_string(report.duplicates) +
                    ",\"refused\":" + std::to_string(report.refused) +
                    ",\"broken\":" + std::to_string(report.broken) + ",\"errors\":[";
  for (size_t i = 0; i < report.errors.size(); ++i) {
    const Error& error = report.errors[i];
    out += i > 0 ? ",{\"code\":\"" : "{\"code\":\"";
    (out += errorCodeName(error.code)) += "\",\"message\":";
    appendJsonString(out, error.message);
    out += ",\"offset\":" + std::to_string(error.offset) + "}";
  }
  return out + "]}";
}

bool spanIdWord(std::string_view hex, uint64_t& word) {
  const Result<trace::SpanId> id = trace::parseSpanIdHex(hex);
  if (!id.ok()) return false;
  std::memcpy(&word, id.value().bytes.data(), 8);
  return true;
}

std::string_view cutText(std::string_view text, size_t maxBytes) {
  if (text.size() <= maxBytes) return text;
  while (maxBytes > 0 && (static_cast<uint8_t>(text[maxBytes]) & 0xc0) == 0x80) --maxBytes;
  return text.substr(0, maxBytes);
}

}  // namespace

void Viewer::setMaxBytes(double maxBytes) {
  if (maxBytes >= 0 && maxBytes < 4e9) store_.setMaxBytes(static_cast<size_t>(maxBytes));
}

std::string Viewer::importProtobuf(Bytes request) {
  return reportJson(importOtlpProtobuf(store_, request));
}
std::string Viewer::importJson(std::string_view text) {
  return reportJson(looksLikeMlflow(text) ? importMlflowJson(store_, text)
                                          : importOtlpJson(store_, text));
}
std::string Viewer::checkProtobuf(Bytes request) {
  return reportJson(checkOtlpProtobuf(request));
}
std::string Viewer::checkJson(std::string_view text) {
  return reportJson(looksLikeMlflow(text) ? checkMlflowJson(text) : checkOtlpJson(text));
}

std::string Viewer::stats() const {
  const StoreStats s = store_.stats();
  return "{\"spans\":" + std::to_string(s.spans) + ",\"traces\":" + std::to_string(s.traces) +
         ",\"bytes\":" + std::to_string(s.bytes) +
         ",\"evictedTraces\":" + std::to_string(s.evictedTraces) +
         ",\"evictedSpans\":" + std::to_string(s.evictedSpans) +
         ",\"duplicates\":" + std::to_string(s.duplicates) +
         ",\"refusedSpans\":" + std::to_string(s.refusedSpans) +
         ",\"generation\":" + std::to_string(store_.generation()) + "}";
}

uint32_t Viewer::traceCount() {
  list_.refresh();
  return static_cast<uint32_t>(list_.size());
}

std::string Viewer::traceWindow(uint32_t first, uint32_t count) {
  list_.refresh();
  return list_.window(first, count);
}

int32_t Viewer::traceIndex(std::string_view traceId) {
  list_.refresh();
  const Result<trace::TraceId> id = trace::parseTraceIdHex(traceId);
  return id.ok() ? static_cast<int32_t>(list_.indexOf(id.value())) : -1;
}

Result<std::string> Viewer::openTrace(std::string_view traceId) {
  const Result<trace::TraceId> id = trace::parseTraceIdHex(traceId);
  if (!id.ok()) return id.error();
  if (!layout_.open(id.value())) {
    return Error{ErrorCode::ResourceDoesNotExist, "no spans of this trace are here", 0};
  }
  return traceHead();
}

Result<std::string> Viewer::traceHead() {
  layout_.refresh();
  if (!layout_.isOpen())
    return Error{ErrorCode::ResourceDoesNotExist, "the trace shown is not here any more", 0};
  const TraceTree& tree = layout_.tree();
  std::string out = list_.summaryJson(layout_.traceSlot());
  out.pop_back();
  out += ",\"rows\":" + std::to_string(layout_.visibleCount()) +
         ",\"rootCount\":" + std::to_string(tree.rootCount) +
         ",\"maxDepth\":" + std::to_string(tree.maxDepth) +
         ",\"cycles\":" + std::to_string(tree.brokenCycles) +
         ",\"endsBeforeStart\":" + std::to_string(tree.endsBeforeStart) +
         ",\"collapsed\":" + std::to_string(layout_.collapsedCount()) + ",\"treeStartNs\":\"" +
         std::to_string(tree.startTimeNs) +
         "\",\"treeDurationNs\":" + std::to_string(tree.endTimeNs - tree.startTimeNs) + "}";
  return out;
}

std::string Viewer::traceFacts() {
  layout_.refresh();
  return layout_.isOpen() ? view::traceFacts(store_, layout_.traceSlot()) : std::string();
}

const std::vector<LayoutRow>& Viewer::rows(uint32_t first, uint32_t count) {
  layout_.refresh();
  layout_.window(first, count, window_);
  return window_;
}

std::string Viewer::strings(Bytes ids, uint32_t maxBytes) const {
  std::string out = "[";
  for (size_t at = 0; at + 4 <= ids.size(); at += 4) {
    uint32_t id;
    std::memcpy(&id, ids.data() + at, 4);
    if (at > 0) out += ',';
    appendJsonString(out, cutText(store_.strings().text(id), maxBytes));
  }
  return out + "]";
}

int32_t Viewer::reveal(std::string_view spanId) {
  layout_.refresh();
  uint64_t word;
  return spanIdWord(spanId, word) ? static_cast<int32_t>(layout_.reveal(word)) : -1;
}

int32_t Viewer::visibleIndex(std::string_view spanId) {
  layout_.refresh();
  uint64_t word;
  return spanIdWord(spanId, word) ? static_cast<int32_t>(layout_.visibleIndexOf(word)) : -1;
}

int32_t Viewer::setCollapsed(std::string_view spanId, bool isCollapsed) {
  layout_.refresh();
  uint64_t word;
  if (!spanIdWord(spanId, word) || !layout_.setCollapsed(word, isCollapsed)) return -1;
  return static_cast<int32_t>(layout_.visibleCount());
}

uint32_t Viewer::collapseAll() {
  layout_.refresh();
  layout_.collapseAll();
  return static_cast<uint32_t>(layout_.visibleCount());
}

uint32_t Viewer::expandAll() {
  layout_.refresh();
  layout_.expandAll();
  return static_cast<uint32_t>(layout_.visibleCount());
}

std::string Viewer::nextError(std::string_view spanId, bool isForward) {
  layout_.refresh();
  if (!layout_.isOpen()) return "";
  const int64_t size = static_cast<int64_t>(layout_.tree().size());
  uint64_t word = 0;
  const int64_t from = spanIdWord(spanId, word) ? layout_.positionIndex(word) : -1;
  const int64_t start = from >= 0 ? from : (isForward ? -1 : size);
  int64_t found = layout_.nextError(start, isForward);
  if (found < 0) found = layout_.nextError(isForward ? -1 : size, isForward);  // round once
  if (found < 0) return "";
  const uint64_t id = store_.columns().spanId(layout_.tree().rows[static_cast<size_t>(found)]);
  uint8_t bytes[8];
  std::memcpy(bytes, &id, 8);
  return toHex(bytes);
}

Result<Row> Viewer::shownSpan(std::string_view spanId) {
  layout_.refresh();
  uint64_t word;
  const Row row = layout_.isOpen() && spanIdWord(spanId, word)
                      ? store_.findSpan(layout_.traceSlot(), word)
                      : kNoRow;
  if (row == kNoRow)
    return Error{ErrorCode::ResourceDoesNotExist, "no such span in the trace shown", 0};
  return row;
}

Result<std::string> Viewer::spanDetail(std::string_view spanId, uint32_t maxValueBytes) {
  const Result<Row> row = shownSpan(spanId);
  if (!row.ok()) return row.error();
  return spanDetailJson(store_, row.value(), maxValueBytes);
}

Result<std::string> Viewer::spanValueText(std::string_view spanId, uint32_t number) {
  const Result<Row> row = shownSpan(spanId);
  if (!row.ok()) return row.error();
  return spanValue(store_, row.value(), number);
}

}  // namespace spandrel::view
