#include "view/span_columns.h"

namespace spandrel::view {

void SpanColumns::copyRow(Row from, Row to) {
  if (from == to) return;
  spanId(to) = spanId(from);
  parentSpanId(to) = parentSpanId(from);
  startTimeNs(to) = startTimeNs(from);
  endTimeNs(to) = endTimeNs(from);
  trace(to) = trace(from);
  nextInTrace(to) = nextInTrace(from);
  ordinal(to) = ordinal(from);
  source(to) = source(from);
  name(to) = name(from);
  type(to) = type(from);
  blob(to) = blob(from);
  kind(to) = kind(from);
  status(to) = status(from);
  flags(to) = flags(from);
}

}  // namespace spandrel::view
