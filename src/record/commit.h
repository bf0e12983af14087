// Taking a staged chunk over into memory of the core.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "record/record_ref.h"

namespace spandrel::record {

// Copies the records of a staged chunk into one block and appends a reference to each.
//
// `words` is `wordBytes` long and holds `recordCount` records back to back; `rope` holds their
// strings as UTF-8, `ropeUnits` UTF-16 code units of text. Where both lengths are equal the text is
// ASCII and lengths stay as they are; otherwise they are turned from units into bytes.
// The chunk is the recorder's own: lengths that do not fit are an InternalError, and the records
// before them are kept. TooLarge: memory could not be had, nothing was taken over.
Result<Done> commitChunk(const uint32_t* words, uint32_t wordBytes, std::string_view rope,
                         uint32_t ropeUnits, uint32_t recordCount, std::vector<RecordRef>& out);

// The same without a copy, for ASCII text: the chunk's words stand at the beginning of `block`,
// which holds the records from now on. The caller gives its reference away.
Result<Done> adoptChunk(Block* block, uint32_t wordBytes, std::string_view rope,
                        uint32_t recordCount, std::vector<RecordRef>& out);

}  // namespace spandrel::record
