// MLflow's search language: is this a filter, an order? js/load/query_core.ts.
#include "handover.h"
#include "query/filter_parser.h"

namespace spandrel::wasm {

SPANDREL_EXPORT int32_t checkFilter(uint32_t length) {
  return reply(query::checkFilter(inputText(length)));
}

SPANDREL_EXPORT int32_t checkOrderBy(uint32_t length) {
  return reply(query::checkOrderBy(inputText(length)));
}

}  // namespace spandrel::wasm
