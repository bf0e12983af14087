// MLflow's filter language.
#include "fuzz.h"
#include "query/filter_parser.h"

using namespace spandrel;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = fuzz::textOf(data, size);
  const fuzz::MemoryWatch memory;
  const auto filter = query::parseFilter(text);
  fuzz::claim(filter.ok() == query::checkFilter(text).ok(), "a check says what the reader says");
  if (!filter.ok()) fuzz::claimIsClear(filter.error(), size);
  const auto order = query::parseOrderBy(text);
  fuzz::claim(order.ok() == query::checkOrderBy(text).ok(), "a check says what the reader says");
  if (!order.ok()) fuzz::claimIsClear(order.error(), size);
  memory.claimWithin(size);
  return 0;
}
