// Single spans and whole traces between their forms: record, MLflow dictionary, OTLP.
// js/load/codec_core.ts.
//
// Names say what comes out of what: spanDictOfRecord takes a portable record and gives JSON text.
#include <emscripten/bind.h>

#include "handover.h"
#include "mlflow/record_codecs.h"
#include "otlp/span_codecs.h"
#include "trace/ids.h"
#include "trace/json_value.h"
#include "trace/previews.h"

namespace spandrel::wasm {
namespace {

int32_t spanDictOfRecord(uint32_t length) {
  return reply(mlflow::spanDictOfRecord(inputBytes(length)));
}

int32_t recordOfSpanDict(uint32_t length) {
  return reply(mlflow::recordOfSpanDict(inputText(length)));
}

int32_t otlpSpanOfRecord(uint32_t length) {
  return reply(otlp::spanBytesOfRecord(inputBytes(length)));
}

int32_t otlpJsonSpanOfRecord(uint32_t length) {
  return reply(otlp::spanJsonOfRecord(inputBytes(length)));
}

// Protobuf bytes or JSON text, known by its first character.
int32_t recordOfOtlpSpan(uint32_t length) {
  return reply(mlflow::recordOfOtlpSpan(otlp::decodeSpanOfEither(inputBytes(length))));
}

int32_t recordOfOtherSdkSpan(uint32_t length) {
  return reply(mlflow::recordOfOtherSdkSpan(otlp::decodeSpanOfEither(inputBytes(length))));
}

// The first `locationLength` bytes of the input are the location, the rest is the span.
int32_t recordOfOtlpSpanAt(uint32_t length, uint32_t locationLength) {
  return reply(
      mlflow::recordOfOtlpSpan(otlp::decodeSpanOfEither(inputBytes(length).subspan(locationLength)),
                               inputText(locationLength)));
}

// The first `infoLength` bytes of the input are the info dictionary, the rest are the records.
int32_t traceJsonOfRecords(uint32_t length, uint32_t infoLength, bool withSizeStats) {
  return reply(mlflow::traceJsonOfRecords(inputText(infoLength),
                                          inputBytes(length).subspan(infoLength), withSizeStats));
}

int32_t sizeStatsOfRecords(uint32_t length, uint32_t infoLength) {
  return reply(
      mlflow::sizeStatsOfRecords(inputText(infoLength), inputBytes(length).subspan(infoLength)));
}

int32_t recordsOfTraceJson(uint32_t length) {
  return reply(mlflow::recordsOfTraceJson(inputText(length)));
}

int32_t anyValueOfJson(uint32_t length) {
  return reply(otlp::anyValueBytesOfJson(inputText(length)));
}

int32_t jsonOfAnyValue(uint32_t length) {
  return reply(otlp::jsonOfAnyValueBytes(inputBytes(length)));
}

// The stored text of inputs or outputs.
int32_t requestPreview(uint32_t length, uint32_t maxLength) {
  return reply(trace::previewOf(inputText(length), "user", maxLength));
}

int32_t responsePreview(uint32_t length, uint32_t maxLength) {
  return reply(trace::previewOf(inputText(length), "assistant", maxLength));
}

// 32 hex digits of an id in any spelling of MLflow's.
int32_t hexOfTraceId(uint32_t length) {
  return reply(trace::hexOfTraceId(inputText(length)));
}

// "location/trace id"; nothing before the slash for an id that is not of v4.
int32_t partsOfTraceId(uint32_t length) {
  return reply(trace::partsOfTraceId(inputText(length)));
}

}  // namespace

SPANDREL_LATE_BINDINGS(bindCodecs) {
  emscripten::function("spanDictOfRecord", &spanDictOfRecord);
  emscripten::function("recordOfSpanDict", &recordOfSpanDict);
  emscripten::function("otlpSpanOfRecord", &otlpSpanOfRecord);
  emscripten::function("otlpJsonSpanOfRecord", &otlpJsonSpanOfRecord);
  emscripten::function("recordOfOtlpSpan", &recordOfOtlpSpan);
  emscripten::function("recordOfOtherSdkSpan", &recordOfOtherSdkSpan);
  emscripten::function("recordOfOtlpSpanAt", &recordOfOtlpSpanAt);
  emscripten::function("traceJsonOfRecords", &traceJsonOfRecords);
  emscripten::function("sizeStatsOfRecords", &sizeStatsOfRecords);
  emscripten::function("recordsOfTraceJson", &recordsOfTraceJson);
  emscripten::function("anyValueOfJson", &anyValueOfJson);
  emscripten::function("jsonOfAnyValue", &jsonOfAnyValue);
  emscripten::function("requestPreview", &requestPreview);
  emscripten::function("responsePreview", &responsePreview);
  emscripten::function("hexOfTraceId", &hexOfTraceId);
  emscripten::function("partsOfTraceId", &partsOfTraceId);
}

}  // namespace spandrel::wasm
