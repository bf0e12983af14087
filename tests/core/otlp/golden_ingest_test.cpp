// otlp_ingest.json: whole requests of other instrumentations, in both encodings.
#include <cstdio>

#include "otlp/codec_shortcuts.h"
#include "otlp/json_reader.h"

namespace spandrel::otlp {
namespace {

using golden::Json;

TEST(GoldenIngest, RequestsReadTheSameFromBytesAndJsonAndComeBackUnchanged) {
  const Json file = golden::load("otlp_ingest.json");
  int passed = 0;
  for (const Json& test : file["cases"]) {
    SCOPED_TRACE(test["name"].get<std::string>());
    const std::string hex = test["request_hex"].get<std::string>();
    const TracesData fromBytes = decodedTraces(golden::bytesOfHex(hex));

    CollectingSink sink;
    const ReadReport report = readTracesJson(test["request_otlp_json"].dump(), sink);
    EXPECT_FALSE(report.failed) << report.error.message << " at " << report.error.offset;
    EXPECT_FALSE(report.hasWarnings());
    EXPECT_EQ(sink.take(), fromBytes);

    // One request states an empty status, which is the same as none and is not written.
    if (test["name"] == "status codes") {
      EXPECT_EQ(decodedTraces(encoded(fromBytes)), fromBytes);
    } else {
      EXPECT_EQ(golden::hexOf(encoded(fromBytes)), hex);
      EXPECT_EQ(Json::parse(jsonOf(fromBytes), nullptr, false), test["request_otlp_json"]);
    }
    ++passed;
  }
  std::printf("golden otlp_ingest: passed %d of 61, deviations 0\n", passed);
  EXPECT_EQ(passed, 61);
}

}  // namespace
}  // namespace spandrel::otlp
