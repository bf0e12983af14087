// The viewer module: one Viewer, its calls under the names they have in src/view/viewer.h.
//
// Ids, texts and bytes come through the input buffer, answers leave through the output buffer
// (handover.h); numbers are returned as they are.
#include "handover.h"
#include "view/viewer.h"

namespace spandrel::wasm {
namespace {

view::Viewer& viewer() {
  static view::Viewer instance;
  return instance;
}

}  // namespace

SPANDREL_EXPORT void setMaxBytes(double maxBytes) {
  viewer().setMaxBytes(maxBytes);
}
SPANDREL_EXPORT int32_t importProtobuf(uint32_t length) {
  return reply(viewer().importProtobuf(inputBytes(length)));
}
SPANDREL_EXPORT int32_t importJson(uint32_t length) {
  return reply(viewer().importJson(inputText(length)));
}
SPANDREL_EXPORT int32_t checkProtobuf(uint32_t length) {
  return reply(view::Viewer::checkProtobuf(inputBytes(length)));
}
SPANDREL_EXPORT int32_t checkJson(uint32_t length) {
  return reply(view::Viewer::checkJson(inputText(length)));
}
SPANDREL_EXPORT int32_t stats() {
  return reply(viewer().stats());
}

SPANDREL_EXPORT uint32_t traceCount() {
  return viewer().traceCount();
}
SPANDREL_EXPORT int32_t traceWindow(uint32_t first, uint32_t count) {
  return reply(viewer().traceWindow(first, count));
}
SPANDREL_EXPORT int32_t traceIndex(uint32_t length) {
  return viewer().traceIndex(inputText(length));
}
SPANDREL_EXPORT int32_t openTrace(uint32_t length) {
  return reply(viewer().openTrace(inputText(length)));
}
SPANDREL_EXPORT int32_t traceHead() {
  return reply(viewer().traceHead());
}

SPANDREL_EXPORT int32_t traceFacts() {
  return reply(viewer().traceFacts());
}

SPANDREL_EXPORT int32_t rows(uint32_t first, uint32_t count) {
  const std::vector<view::LayoutRow>& window = viewer().rows(first, count);
  return reply(reinterpret_cast<const uint8_t*>(window.data()),
               window.size() * sizeof(view::LayoutRow));
}
SPANDREL_EXPORT int32_t strings(uint32_t length, uint32_t maxBytes) {
  return reply(viewer().strings(inputBytes(length), maxBytes));
}
SPANDREL_EXPORT uint32_t generation() {
  return viewer().generation();
}

SPANDREL_EXPORT int32_t reveal(uint32_t length) {
  return viewer().reveal(inputText(length));
}
SPANDREL_EXPORT int32_t visibleIndex(uint32_t length) {
  return viewer().visibleIndex(inputText(length));
}
SPANDREL_EXPORT int32_t setCollapsed(uint32_t length, bool isCollapsed) {
  return viewer().setCollapsed(inputText(length), isCollapsed);
}
SPANDREL_EXPORT uint32_t collapseAll() {
  return viewer().collapseAll();
}
SPANDREL_EXPORT uint32_t expandAll() {
  return viewer().expandAll();
}
SPANDREL_EXPORT int32_t nextError(uint32_t length, bool isForward) {
  return reply(viewer().nextError(inputText(length), isForward));
}

SPANDREL_EXPORT int32_t spanDetail(uint32_t length, uint32_t maxValueBytes) {
  return reply(viewer().spanDetail(inputText(length), maxValueBytes));
}
SPANDREL_EXPORT int32_t spanValue(uint32_t length, uint32_t number) {
  return reply(viewer().spanValueText(inputText(length), number));
}

}  // namespace spandrel::wasm
