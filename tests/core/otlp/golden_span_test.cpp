// span_dict.json: spans built from their recorded dictionaries, encoded in the reference's form.
#include <cmath>
#include <cstdio>
#include <set>

#include "otlp/codec_shortcuts.h"
#include "otlp/json_reader.h"

namespace spandrel::otlp {
namespace {

using golden::Json;
using trace::AnyValue;

// Deviations on purpose: what another instrumentation set stays what it is. MLflow reads falsy
// values as null and scalars out of texts; we take a text as JSON only if it is an object, an array
// or a quoted string. (Two more cases, integers beyond int64, have no recorded bytes.)
bool deviates(const std::string& name) {
  static const std::set<std::string> kNames = {
      "native zero int",     "native false",         "native empty string", "native inputs empty",
      "native 123",          "native null text",     "native NaN text",     "native Infinity text",
      "native big int text", "native exponent text", "native spaces text",
  };
  return kNames.contains(name);
}

AnyValue plainValue(const Json& json) {
  return golden::untag(json);
}

std::vector<trace::Attribute> plainAttributes(const Json& object) {
  std::vector<trace::Attribute> attributes;
  for (const auto& [key, value] : object.items()) attributes.push_back({key, plainValue(value)});
  return attributes;
}

trace::SpanId spanIdOfBase64(const std::string& text) {
  trace::SpanId id;
  const auto bytes = fromBase64(text);
  EXPECT_TRUE(bytes.ok() && bytes.value().size() == 8);
  std::copy(bytes.value().begin(), bytes.value().end(), id.bytes.begin());
  return id;
}

trace::SpanData spanOf(const Json& test) {
  const Json dict =
      Json::parse(test["expected"]["to_dict_text"].get<std::string>(), nullptr, false);
  const bool isReadable = test["kind"] == "readable";
  trace::SpanData span;
  span.traceId = trace::parseTraceIdHex(test["input"]["trace_id_hex"].get<std::string>()).take();
  span.spanId = spanIdOfBase64(dict["span_id"].get<std::string>());
  if (dict["parent_span_id"].is_string())
    span.parentSpanId = spanIdOfBase64(dict["parent_span_id"].get<std::string>());
  span.name = dict["name"].get<std::string>();
  span.startTimeNs = dict["start_time_unix_nano"].get<uint64_t>();
  span.isOpen = dict["end_time_unix_nano"].is_null();
  if (!span.isOpen) span.endTimeNs = dict["end_time_unix_nano"].get<uint64_t>();
  const std::string code = dict["status"]["code"].get<std::string>();
  span.status.code = code == "STATUS_CODE_OK"      ? trace::StatusCode::Ok
                     : code == "STATUS_CODE_ERROR" ? trace::StatusCode::Error
                                                   : trace::StatusCode::Unset;
  span.status.description = dict["status"]["message"].get<std::string>();
  for (const auto& [key, value] :
       (isReadable ? test["input"]["otel_attributes"] : dict["attributes"]).items()) {
    AnyValue attribute = isReadable ? plainValue(value) : AnyValue::json(value.get<std::string>());
    attribute.isNative = isReadable;
    span.attributes.push_back({key, std::move(attribute)});
  }
  for (const Json& event : dict["events"]) {
    span.events.push_back({event["name"].get<std::string>(),
                           event["time_unix_nano"].get<uint64_t>(),
                           plainAttributes(event["attributes"]), 0});
  }
  for (const Json& link : dict["links"]) {
    trace::Link out;
    out.traceId = trace::otelTraceIdOf(link["trace_id"].get<std::string>()).take();
    const std::string spanId = link["span_id"].get<std::string>();  // one is shorter than an id
    out.spanId = trace::parseSpanIdHex(std::string(16 - spanId.size(), '0') + spanId).take();
    if (link["attributes"].is_object()) out.attributes = plainAttributes(link["attributes"]);
    span.links.push_back(std::move(out));
  }
  return span;
}

TEST(GoldenSpan, ReferenceFormHasTheRecordedBytesAndJson) {
  const Json file = golden::load("span_dict.json");
  int passed = 0;
  int deviating = 0;
  for (const Json& test : file["cases"]) {
    const std::string name = test["name"].get<std::string>();
    SCOPED_TRACE(name);
    if (!test["expected"].contains("otel_proto_hex") || deviates(name)) {
      ++deviating;
      continue;
    }
    const trace::SpanData span = spanOf(test);
    const std::string expected = test["expected"]["otel_proto_hex"].get<std::string>();
    EXPECT_EQ(golden::hexOf(encoded(span, ValueForm::Reference)), expected);
    std::string json;
    appendSpanJson(json, span, ValueForm::Reference);
    EXPECT_EQ(Json::parse(json, nullptr, false), test["expected"]["otlp_json"]) << json;
    ++passed;
  }
  std::printf("golden span_dict, OTLP bytes and JSON: passed %d of %d, deviations %d\n", passed,
              passed + deviating, deviating);
  EXPECT_EQ(passed, 190);
  EXPECT_EQ(deviating, 13);
}

TEST(GoldenSpan, RecordedBytesDecodeAndEncodeToThemselves) {
  const Json file = golden::load("span_dict.json");
  for (const Json& test : file["cases"]) {
    if (!test["expected"].contains("otel_proto_hex")) continue;
    SCOPED_TRACE(test["name"].get<std::string>());
    const std::string hex = test["expected"]["otel_proto_hex"].get<std::string>();
    const std::string bytes = golden::bytesOfHex(hex);

    ReadReport report;
    auto span = decodeSpan(bytesOf(bytes), report);
    ASSERT_TRUE(span.ok()) << span.error().message;
    EXPECT_FALSE(report.hasWarnings());
    EXPECT_EQ(golden::hexOf(encoded(span.value(), ValueForm::Reference)), hex);
  }
}

TEST(GoldenSpan, RecordedJsonReadsToTheSameSpanAsTheBytes) {
  const Json file = golden::load("span_dict.json");
  for (const Json& test : file["cases"]) {
    if (!test["expected"].contains("otlp_json")) continue;
    SCOPED_TRACE(test["name"].get<std::string>());
    const std::string bytes =
        golden::bytesOfHex(test["expected"]["otel_proto_hex"].get<std::string>());
    ReadReport report;
    auto fromBytes = decodeSpan(bytesOf(bytes), report);
    ASSERT_TRUE(fromBytes.ok());

    auto fromJson = decodeSpanJson(test["expected"]["otlp_json"].dump(), report);
    ASSERT_TRUE(fromJson.ok()) << fromJson.error().message;
    EXPECT_FALSE(report.hasWarnings());
    EXPECT_EQ(fromJson.value(), fromBytes.value());
  }
}

}  // namespace
}  // namespace spandrel::otlp
