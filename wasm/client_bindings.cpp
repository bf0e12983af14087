// Requests to and answers of MLflow servers. js/load/client_core.ts.
#include "client/span_request.h"
#include "client/trace_answer.h"
#include "exporting/engine.h"
#include "handover.h"
#include "mlflow/attachments.h"

namespace spandrel::wasm {

// Portable records, back to back. `unquoted`: the server takes quotes off.
SPANDREL_EXPORT int32_t mlflowRequestOfRecords(uint32_t length, bool unquoted) {
  const auto strings = unquoted ? client::Strings::Unquoted : client::Strings::Kept;
  return reply(client::spanRequest(inputBytes(length), exporting::engine().resource(), strings));
}

// The first `locationLength` bytes of the input are the location, the rest is the answer.
SPANDREL_EXPORT int32_t tracesOfAnswer(uint32_t length, uint32_t locationLength) {
  return reply(
      client::tracesOfAnswer(inputText(length).substr(locationLength), inputText(locationLength)));
}

// Portable records, back to back. `maxBytes` 0: no limit.
SPANDREL_EXPORT int32_t detachContents(uint32_t length, bool takesBase64, double maxBytes,
                                       uint32_t previewLength) {
  return reply(mlflow::detachContentsOfRecords(
      inputBytes(length), {takesBase64, static_cast<uint64_t>(maxBytes), previewLength}));
}

}  // namespace spandrel::wasm
