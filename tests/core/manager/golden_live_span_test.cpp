// The recorded live spans (tests/golden/span_dict.json, kind "live"): the operations are played to
// a LiveSpan of the core, and its dictionary must be the recorded text.

#include <gtest/gtest.h>

#include <map>

#include "golden.h"
#include "manager/live_span.h"
#include "mlflow/span_dict.h"
#include "trace/attribute_text.h"
#include "trace/json_value.h"

namespace spandrel::manager {
namespace {

using golden::Json;
using trace::AnyValue;

uint64_t nanosOf(const Json& text) {
  uint64_t nanos = 0;
  EXPECT_TRUE(parseUint64(text.get<std::string>(), nanos));
  return nanos;
}

// Python's json.dumps writes keys that are no strings as JSON would; golden.h reads them as str()
// does.
Json withJsonKeys(Json recorded) {
  for (Json& member : recorded) {
    if (member.is_structured()) member = withJsonKeys(member);
  }
  if (!recorded.is_object() || !recorded.contains("$dict")) return recorded;
  for (Json& pair : recorded["$dict"]) {
    if (pair[0].is_boolean() || pair[0].is_null()) pair[0] = pair[0].dump();
  }
  return recorded;
}

AnyValue valueOf(const Json& recorded) {
  return golden::untag(withJsonKeys(recorded));
}

std::vector<trace::Attribute> attributesOf(const Json& recorded) {
  std::vector<trace::Attribute> attributes;
  if (!recorded.is_object()) return attributes;
  const AnyValue value = valueOf(recorded);
  for (const auto& [key, each] : value.members) attributes.push_back({key, each});
  return attributes;
}

void play(LiveSpan& span, const Json& op) {
  const std::string name = op["op"];
  if (name == "set_inputs") span.setInputs(trace::dumpJson(valueOf(op["value"])));
  if (name == "set_outputs") span.setOutputs(trace::dumpJson(valueOf(op["value"])));
  if (name == "set_attribute" && op["key"].is_string())
    span.setAttribute(op["key"].get<std::string>(), valueOf(op["value"]));
  if (name == "set_attributes") span.setAttributes(attributesOf(op["value"]));
  if (name == "set_span_type") span.setSpanType(op["value"]);
  if (name == "set_status")
    span.setStatus(std::string_view(op["status_code"].get<std::string>()),
                   op["description"].get<std::string>());
  if (name == "add_event")
    span.addEvent({op["name"], nanosOf(op["timestamp"]), attributesOf(op["attributes"]), 0});
  if (name == "add_link")
    span.addLink({op["trace_id"], op["span_id"], attributesOf(op["attributes"]), "", 0});
  if (name != "end") return;
  EndOptions options;
  options.endTimeNs = nanosOf(op["end_time_ns"]);
  if (op.contains("attributes")) options.attributes = attributesOf(op["attributes"]);
  if (op.contains("outputs") && !op["outputs"].is_null())
    options.outputsJson = trace::dumpJson(valueOf(op["outputs"]));
  if (op.contains("status") && op["status"].is_string())
    options.status = op["status"].get<std::string>();
  span.end(std::move(options), 0);
}

std::string dictOf(const Json& input) {
  LiveSpanOptions options;
  options.traceId = trace::parseTraceIdHex(input["trace_id_hex"].get<std::string>()).value();
  options.spanId = trace::parseSpanIdHex(input["span_id_hex"].get<std::string>()).value();
  if (input["parent_span_id_hex"].is_string()) {
    options.parentSpanId =
        trace::parseSpanIdHex(input["parent_span_id_hex"].get<std::string>()).value();
  }
  if (input["location"].is_string())
    options.traceIdText =
        trace::generateTraceIdV4(options.traceId, input["location"].get<std::string>());
  options.name = input["name"];
  options.startTimeNs = nanosOf(input["start_time_ns"]);
  options.spanType = input["span_type"];
  const auto span = LiveSpan::start(options);
  for (const Json& op : input["ops"]) play(*span, op);
  return mlflow::toDictText(span->data());
}

// What differs on purpose; empty: nothing may.
std::string deviation(const std::string& name) {
  if (name == "end before start") return "an end before the start gives length zero";
  if (name == "value int_2_63" || name == "value int_huge")
    return "an integer beyond int64 is text";
  return "";
}

TEST(GoldenLiveSpans, TheirDictionariesAreTheRecordedTexts) {
  const Json file = golden::load("span_dict.json");
  int passed = 0;
  int total = 0;
  int deviations = 0;
  for (const Json& recorded : file["cases"]) {
    if (recorded["kind"] != "live") continue;
    ++total;
    const std::string actual = dictOf(recorded["input"]);
    if (actual == recorded["expected"]["to_dict_text"]) {
      ++passed;
      continue;
    }
    const std::string ruling = deviation(recorded["name"]);
    deviations += !ruling.empty();
    EXPECT_FALSE(ruling.empty()) << recorded["name"] << "\n"
                                 << recorded["expected"]["to_dict_text"].get<std::string>() << "\n"
                                 << actual;
  }
  std::printf("golden live spans: passed %d of %d, deviations %d\n", passed, total, deviations);
  EXPECT_EQ(passed + deviations, total);
}

}  // namespace
}  // namespace spandrel::manager
