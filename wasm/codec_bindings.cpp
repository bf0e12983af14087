// Single spans and whole traces between their forms: record, MLflow dictionary, OTLP.
// js/load/codec_core.ts.
//
// Names say what comes out of what: spanDictOfRecord takes a portable record and gives JSON text.
#include "handover.h"
#include "mlflow/record_codecs.h"
#include "otlp/span_codecs.h"
#include "trace/ids.h"
#include "trace/json_value.h"
#include "trace/previews.h"

namespace spandrel::wasm {

SPANDREL_EXPORT int32_t spanDictOfRecord(uint32_t length) {
  return reply(mlflow::spanDictOfRecord(inputBytes(length)));
}

SPANDREL_EXPORT int32_t recordOfSpanDict(uint32_t length) {
  return reply(mlflow::recordOfSpanDict(inputText(length)));
}

SPANDREL_EXPORT int32_t otlpSpanOfRecord(uint32_t length) {
  return reply(otlp::spanBytesOfRecord(inputBytes(length)));
}

SPANDREL_EXPORT int32_t otlpJsonSpanOfRecord(uint32_t length) {
  return reply(otlp::spanJsonOfRecord(inputBytes(length)));
}

// Protobuf bytes or JSON text, known by its first character.
SPANDREL_EXPORT int32_t recordOfOtlpSpan(uint32_t length) {
  return reply(mlflow::recordOfOtlpSpan(otlp::decodeSpanOfEither(inputBytes(length))));
}

SPANDREL_EXPORT int32_t recordOfOtherSdkSpan(uint32_t length) {
  return reply(mlflow::recordOfOtherSdkSpan(otlp::decodeSpanOfEither(inputBytes(length))));
}

// The first `locationLength` bytes of the input are the location, the rest is the span.
SPANDREL_EXPORT int32_t recordOfOtlpSpanAt(uint32_t length, uint32_t locationLength) {
  return reply(
      mlflow::recordOfOtlpSpan(otlp::decodeSpanOfEither(inputBytes(length).subspan(locationLength)),
                               inputText(locationLength)));
}

// The first `infoLength` bytes of the input are the info dictionary, the rest are the records.
SPANDREL_EXPORT int32_t traceJsonOfRecords(uint32_t length, uint32_t infoLength,
                                           bool withSizeStats) {
  return reply(mlflow::traceJsonOfRecords(inputText(infoLength),
                                          inputBytes(length).subspan(infoLength), withSizeStats));
}

SPANDREL_EXPORT int32_t sizeStatsOfRecords(uint32_t length, uint32_t infoLength) {
  return reply(
      mlflow::sizeStatsOfRecords(inputText(infoLength), inputBytes(length).subspan(infoLength)));
}

SPANDREL_EXPORT int32_t recordsOfTraceJson(uint32_t length) {
  return reply(mlflow::recordsOfTraceJson(inputText(length)));
}

SPANDREL_EXPORT int32_t anyValueOfJson(uint32_t length) {
  return reply(otlp::anyValueBytesOfJson(inputText(length)));
}

SPANDREL_EXPORT int32_t jsonOfAnyValue(uint32_t length) {
  return reply(otlp::jsonOfAnyValueBytes(inputBytes(length)));
}

// The stored text of inputs or outputs.
SPANDREL_EXPORT int32_t requestPreview(uint32_t length, uint32_t maxLength) {
  return reply(trace::previewOf(inputText(length), "user", maxLength));
}

SPANDREL_EXPORT int32_t responsePreview(uint32_t length, uint32_t maxLength) {
  return reply(trace::previewOf(inputText(length), "assistant", maxLength));
}

// 32 hex digits of an id in any spelling of MLflow's.
SPANDREL_EXPORT int32_t hexOfTraceId(uint32_t length) {
  return reply(trace::hexOfTraceId(inputText(length)));
}

// "location/trace id"; nothing before the slash for an id that is not of v4.
SPANDREL_EXPORT int32_t partsOfTraceId(uint32_t length) {
  return reply(trace::partsOfTraceId(inputText(length)));
}

}  // namespace spandrel::wasm
