// Portable records that come from outside the queues: a batch built from spans somebody holds.
#pragma once

#include <vector>

#include "base/result.h"
#include "base/text.h"
#include "record/record_ref.h"

namespace spandrel::exporting {

// Takes portable records (record/portable.h), back to back, into a block of their own. Bytes of any
// origin: the structure of each record is checked, and the error's offset counts from the first.
Result<std::vector<record::RecordRef>> adoptPortable(Bytes records);

}  // namespace spandrel::exporting
