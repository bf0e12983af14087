// Requests to and answers of MLflow servers. js/load/client_core.ts.
#include <emscripten/bind.h>

#include "client/span_request.h"
#include "client/trace_answer.h"
#include "exporting/engine.h"
#include "handover.h"

namespace spandrel::wasm {
namespace {

// Portable records, back to back. `unquoted`: the server takes quotes off.
int32_t mlflowRequestOfRecords(uint32_t length, bool unquoted) {
  const auto strings = unquoted ? client::Strings::Unquoted : client::Strings::Kept;
  return reply(client::spanRequest(inputBytes(length), exporting::engine().resource(), strings));
}

// The first `locationLength` bytes of the input are the location, the rest is the answer.
int32_t tracesOfAnswer(uint32_t length, uint32_t locationLength) {
  return reply(
      client::tracesOfAnswer(inputText(length).substr(locationLength), inputText(locationLength)));
}

}  // namespace

EMSCRIPTEN_BINDINGS(spandrel_client) {
  emscripten::function("mlflowRequestOfRecords", &mlflowRequestOfRecords);
  emscripten::function("tracesOfAnswer", &tracesOfAnswer);
}

}  // namespace spandrel::wasm
