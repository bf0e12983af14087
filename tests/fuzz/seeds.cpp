// Writes what the fuzz targets begin with: fuzz_seeds <folder> makes <folder>/<target>/<name>.
#include <filesystem>
#include <fstream>

#include "golden_count.h"
#include "mlflow/span_dict.h"
#include "mlflow/trace_dict.h"
#include "otlp/sample_traces.h"
#include "record/portable.h"
#include "record/sample_span.h"

using namespace spandrel;

namespace {

std::filesystem::path folder;

void seed(const char* target, const char* name, std::string_view content) {
  std::filesystem::create_directories(folder / target);
  std::ofstream(folder / target / name, std::ios::binary) << content;
}

std::string textOf(const std::vector<uint8_t>& bytes) {
  return {bytes.begin(), bytes.end()};
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) return 2;
  folder = arguments[1];
  const otlp::TracesData traces = otlp::fullTraces();
  seed("otlp_protobuf", "traces", otlp::encoded(traces));
  seed("otlp_protobuf", "bare", otlp::encoded({{{}, {{{}, {otlp::bareSpan()}}}}}));
  seed("otlp_protobuf", "span", otlp::encoded(otlp::fullSpan()));
  seed("otlp_json", "traces", otlp::jsonOf(traces));
  seed("otlp_json", "bare", otlp::jsonOf({{{}, {{{}, {otlp::bareSpan()}}}}}));
  seed("otlp_json", "lines", otlp::jsonOf(traces) + "\n" + otlp::jsonOf(traces));

  trace::Trace trace;
  trace.info.traceId = "tr-0af7651916cd43dd8448eb211c80319c";
  trace.info.tags = {{"mlflow.traceName", "a"}};
  trace.spans = {otlp::fullSpan(), otlp::bareSpan()};
  const std::string whole = mlflow::toTraceJson(trace);
  const std::string info = mlflow::toTraceInfoDictText(trace.info);
  const std::string span = mlflow::toDictText(otlp::fullSpan());
  seed("mlflow", "trace", whole);
  seed("mlflow", "info", info);
  seed("mlflow", "span", span);
  seed("mlflow", "answer", R"({"trace": {"trace_info": )" + info + R"(, "spans": []}})");
  seed("mlflow", "version2",
       R"({"name": "a", "context": {"trace_id": "0x1", "span_id": "0x2"}, "parent_id": null, )"
       R"("start_time": 1, "end_time": 2, "status_code": "OK", "status_message": "", )"
       R"("attributes": {"mlflow.traceRequestId": "\"tr-1\""}, "events": []})");

  seed("attachments", "uris",
       R"({"a":["data:image/png;base64,aGVsbG8=","data:a;spandrel-attachment=)"
       R"(0b8e8a7c-2f53-4b5e-9d36-0f6d1a2b3c4d;base64,aGVs\/G8="]})");
  seed("attachments", "shapes",
       R"([{"type":"input_audio","input_audio":{"data":"YQ==","format":"mp3"}},)"
       R"({"type":"image","source":{"type":"base64","data":"YWI="}},{"b64_json":"YWJj"},)"
       R"({"image":{"format":"gif","source":{"bytes":"YQ=="}},"inline_data":{"data":"YQ=="}}])");

  seed("filter", "one", "status = 'OK' AND tag.`a.b` LIKE '1.%' AND span.type IN ('LLM', \"x\")");
  seed("filter", "two", "timestamp_ms >= 1700000000000 AND trace.text RLIKE '^a' AND name != 'b'");
  seed("filter", "order", "timestamp_ms DESC");

  seed("record", "full", textOf(record::encodePortable(test::sampleSpan())));
  seed("record", "bare", textOf(record::encodePortable(otlp::bareSpan())));

  seed("json_text", "values", R"({"a\u00e9\n": [1.5e-3, true, null, -0, {"b": 1e400}], "c": "é"})");
  seed("json_text", "python", "[NaN, -Infinity, \"\\ud83d\\ude00\", 12345678901234567890]");
  return 0;
}
