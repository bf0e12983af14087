// Decisions of the exporters and what they read in answers. js/load/export_core.ts.

#include <string>

#include "exporting/engine.h"
#include "exporting/retry_after.h"
#include "exporting/retry_policy.h"
#include "handover.h"
#include "otlp/response.h"

namespace spandrel::wasm {

SPANDREL_EXPORT int32_t nextStep(int32_t status, uint32_t spanCount, bool mayChangeEncoding) {
  return static_cast<int32_t>(exporting::nextStep(status, spanCount, mayChangeEncoding));
}

// Milliseconds as doubles: they are exact, and need no bigint on the way. −1: nothing.
SPANDREL_EXPORT double retryDelay(uint32_t attempts, double random, double retryAfterMillis,
                                  double firstAttemptAt, double now) {
  return static_cast<double>(
      exporting::retryDelay(attempts, random, static_cast<int64_t>(retryAfterMillis),
                            static_cast<int64_t>(firstAttemptAt), static_cast<int64_t>(now))
          .value_or(-1));
}

SPANDREL_EXPORT double parseRetryAfter(uint32_t length, double now) {
  return static_cast<double>(
      exporting::parseRetryAfterLines(inputText(length), static_cast<int64_t>(now)).value_or(-1));
}

// "<rejected spans> <message>"
SPANDREL_EXPORT int32_t readExportAnswer(uint32_t length, bool isJson) {
  const otlp::ExportAnswer answer = otlp::parseExportAnswer(inputBytes(length), isJson);
  return reply(std::to_string(answer.rejectedSpans) + " " + answer.errorMessage);
}

SPANDREL_EXPORT int32_t readErrorMessage(uint32_t length, bool isJson) {
  return reply(otlp::parseErrorMessage(inputBytes(length), isJson));
}

// Portable records, back to back, as one ExportTraceServiceRequest.
SPANDREL_EXPORT int32_t otlpRequestOfRecords(uint32_t length) {
  return reply(exporting::engine().encodeRecords(inputBytes(length)));
}

SPANDREL_EXPORT int32_t otlpJsonRequestOfRecords(uint32_t length) {
  return reply(exporting::engine().encodeRecordsJson(inputBytes(length)));
}

}  // namespace spandrel::wasm
