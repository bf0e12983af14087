// The viewer module: one Viewer, its calls under the names they have in src/view/viewer.h.
//
// Ids, texts and bytes come through the input buffer, answers leave through the output buffer
// (handover.h); numbers are returned as they are.
#include <emscripten/bind.h>

#include "handover.h"
#include "view/viewer.h"

namespace spandrel::wasm {
namespace {

view::Viewer& viewer() {
  static view::Viewer instance;
  return instance;
}

void setMaxBytes(double maxBytes) {
  viewer().setMaxBytes(maxBytes);
}
int32_t importProtobuf(uint32_t length) {
  return reply(viewer().importProtobuf(inputBytes(length)));
}
int32_t importJson(uint32_t length) {
  return reply(viewer().importJson(inputText(length)));
}
int32_t checkProtobuf(uint32_t length) {
  return reply(view::Viewer::checkProtobuf(inputBytes(length)));
}
int32_t checkJson(uint32_t length) {
  return reply(view::Viewer::checkJson(inputText(length)));
}
int32_t stats() {
  return reply(viewer().stats());
}

uint32_t traceCount() {
  return viewer().traceCount();
}
int32_t traceWindow(uint32_t first, uint32_t count) {
  return reply(viewer().traceWindow(first, count));
}
int32_t traceIndex(uint32_t length) {
  return viewer().traceIndex(inputText(length));
}
int32_t openTrace(uint32_t length) {
  return reply(viewer().openTrace(inputText(length)));
}
int32_t traceHead() {
  return reply(viewer().traceHead());
}

int32_t traceFacts() {
  return reply(viewer().traceFacts());
}

int32_t rows(uint32_t first, uint32_t count) {
  const std::vector<view::LayoutRow>& window = viewer().rows(first, count);
  return reply(reinterpret_cast<const uint8_t*>(window.data()),
               window.size() * sizeof(view::LayoutRow));
}
int32_t strings(uint32_t length, uint32_t maxBytes) {
  return reply(viewer().strings(inputBytes(length), maxBytes));
}
uint32_t generation() {
  return viewer().generation();
}

int32_t reveal(uint32_t length) {
  return viewer().reveal(inputText(length));
}
int32_t visibleIndex(uint32_t length) {
  return viewer().visibleIndex(inputText(length));
}
int32_t setCollapsed(uint32_t length, bool isCollapsed) {
  return viewer().setCollapsed(inputText(length), isCollapsed);
}
uint32_t collapseAll() {
  return viewer().collapseAll();
}
uint32_t expandAll() {
  return viewer().expandAll();
}
int32_t nextError(uint32_t length, bool isForward) {
  return reply(viewer().nextError(inputText(length), isForward));
}

int32_t spanDetail(uint32_t length, uint32_t maxValueBytes) {
  return reply(viewer().spanDetail(inputText(length), maxValueBytes));
}
int32_t spanValue(uint32_t length, uint32_t number) {
  return reply(viewer().spanValueText(inputText(length), number));
}

}  // namespace

EMSCRIPTEN_BINDINGS(spandrel_viewer) {
  emscripten::function("setMaxBytes", &setMaxBytes);
  emscripten::function("importProtobuf", &importProtobuf);
  emscripten::function("importJson", &importJson);
  emscripten::function("checkProtobuf", &checkProtobuf);
  emscripten::function("checkJson", &checkJson);
  emscripten::function("stats", &stats);
  emscripten::function("traceCount", &traceCount);
  emscripten::function("traceWindow", &traceWindow);
  emscripten::function("traceIndex", &traceIndex);
  emscripten::function("openTrace", &openTrace);
  emscripten::function("traceHead", &traceHead);
  emscripten::function("traceFacts", &traceFacts);
  emscripten::function("rows", &rows);
  emscripten::function("strings", &strings);
  emscripten::function("generation", &generation);
  emscripten::function("reveal", &reveal);
  emscripten::function("visibleIndex", &visibleIndex);
  emscripten::function("setCollapsed", &setCollapsed);
  emscripten::function("collapseAll", &collapseAll);
  emscripten::function("expandAll", &expandAll);
  emscripten::function("nextError", &nextError);
  emscripten::function("spanDetail", &spanDetail);
  emscripten::function("spanValue", &spanValue);
}

}  // namespace spandrel::wasm
