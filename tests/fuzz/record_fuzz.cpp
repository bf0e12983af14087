// Packed records of any origin.
#include <vector>

#include "fuzz.h"
#include "mlflow/record_codecs.h"
#include "otlp/span_codecs.h"
#include "record/portable.h"

using namespace spandrel;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Bytes input(data, size);
  const auto first = record::firstPortable(input);
  fuzz::claim(!first.ok() || first.value().size() <= size, "a record ends inside of its bytes");
  (void)record::validateRecord(input, record::TextTable()).ok();
  (void)mlflow::sizeStatsOfRecords("{}", input).ok();
  const auto span = record::decodePortable(input);
  fuzz::claim(record::decodePortable(input, record::Form::Wire).ok() == span.ok(),
              "both forms are read");
  if (!span.ok()) {
    fuzz::claimIsClear(span.error(), size);
  } else {
    const std::vector<uint8_t> written = record::encodePortable(span.value());
    const auto again = record::decodePortable(written);
    fuzz::claim(again.ok(), "our record can be read");
    fuzz::claim(record::encodePortable(again.value()) == written, "records are stable");
    fuzz::claim(mlflow::spanDictOfRecord(input).ok(), "a record has its dictionary");
    fuzz::claim(otlp::spanBytesOfRecord(input).ok(), "a record has its protobuf");
    fuzz::claim(otlp::spanJsonOfRecord(input).ok(), "a record has its JSON");
  }
  return 0;
}
