// MLflow's search language: is this a filter, an order? js/load/query_core.ts.
#include <emscripten/bind.h>

#include "handover.h"
#include "query/filter_parser.h"

namespace spandrel::wasm {
namespace {

int32_t checkFilter(uint32_t length) {
  return reply(query::checkFilter(inputText(length)));
}

int32_t checkOrderBy(uint32_t length) {
  return reply(query::checkOrderBy(inputText(length)));
}

}  // namespace

SPANDREL_LATE_BINDINGS(bindQuery) {
  emscripten::function("checkFilter", &checkFilter);
  emscripten::function("checkOrderBy", &checkOrderBy);
}

}  // namespace spandrel::wasm
