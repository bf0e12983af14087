// Traces in the answers of an MLflow server.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace spandrel::client {

// The JSON of `traces/get` ({"trace": …}) or of `traces/batchGet` ({"traces": […]}), each trace
// {"trace_info": …, "spans": […]} with spans as protobuf's JSON writes them. For each trace in
// order: four bytes with the length of its info, four with the length of its records
// (little-endian), the info's text as it stands, zeros up to the next multiple of four, the records
// of its spans back to back. 64-bit numbers never pass through a double.
//
// `location` makes trace ids of v4. A span that cannot be read is an error: half a trace looks like
// a whole one.
Result<std::vector<uint8_t>> tracesOfAnswer(std::string_view json, std::string_view location = {});

}  // namespace spandrel::client
