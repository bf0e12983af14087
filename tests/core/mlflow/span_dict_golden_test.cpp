// Recorded spans as dictionaries, getters and OTLP values, in both directions.
#include <gtest/gtest.h>

#include "golden_count.h"
#include "mlflow/from_otlp.h"
#include "mlflow/span_dict.h"
#include "record/portable.h"
#include "recorded_value.h"
#include "span_builder.h"

namespace spandrel::golden {
namespace {

// The value of a field that may point to another one: "=to_dict_text".
const Json& resolved(const Json& expected, const Json& field) {
  const bool isPointer = field.is_string() && field.get<std::string>().starts_with("=");
  return isPointer ? expected[field.get<std::string>().substr(1)] : field;
}

trace::SpanData emptySpanOf(const Json& input) {
  trace::SpanData span;
  span.traceId = trace::parseTraceIdHex(input["trace_id_hex"].get<std::string>()).take();
  span.spanId = trace::parseSpanIdHex(input["span_id_hex"].get<std::string>()).take();
  if (input["parent_span_id_hex"].is_string()) {
    span.parentSpanId =
        trace::parseSpanIdHex(input["parent_span_id_hex"].get<std::string>()).take();
  }
  span.name = input["name"].get<std::string>();
  span.startTimeNs = std::stoull(input["start_time_ns"].get<std::string>());
  return span;
}

trace::SpanData liveSpan(const Json& input) {
  const Json& location = input["location"];
  SpanBuilder builder(emptySpanOf(input), location.is_string() ? location.get<std::string>() : "",
                      input["span_type"].get<std::string>());
  for (const Json& op : input["ops"]) builder.apply(op);
  return builder.span();
}

std::vector<trace::Attribute> nativeAttributes(const Json& dictionary) {
  std::vector<trace::Attribute> attributes;
  for (const auto& [key, value] : dictionary.items()) {
    AnyValue native = recorded(value);
    native.isNative = true;
    attributes.push_back({key, std::move(native)});
  }
  return attributes;
}

trace::SpanData spanOfAnotherSdk(const Json& input) {
  trace::SpanData span = emptySpanOf(input);
  span.isOpen = input["end_time_ns"].is_null();
  if (!span.isOpen) span.endTimeNs = std::stoull(input["end_time_ns"].get<std::string>());
  span.attributes = nativeAttributes(input["otel_attributes"]);
  const std::string code = input["status"]["code"].get<std::string>();
  span.status.code = code == "OK"      ? trace::StatusCode::Ok
                     : code == "ERROR" ? trace::StatusCode::Error
                                       : trace::StatusCode::Unset;
  const Json& message = input["status"]["message"];
  if (message.is_string()) span.status.description = message.get<std::string>();
  for (const Json& event : input["events"]) {
    span.events.push_back({event["name"].get<std::string>(),
                           std::stoull(event["timestamp"].get<std::string>()),
                           nativeAttributes(event["attributes"]), 0});
  }
  for (const Json& each : input["links"]) {
    trace::Link link;
    link.traceId = trace::parseTraceIdHex(each["trace_id_hex"].get<std::string>()).take();
    link.spanId = trace::parseSpanIdHex(each["span_id_hex"].get<std::string>()).take();
    link.attributes = nativeAttributes(each["attributes"]);
    span.links.push_back(std::move(link));
  }
  return span;
}

Json otlpJsonOf(const AnyValue& value);

Json otlpJsonOf(const std::string& key, const AnyValue& value) {
  Json pair = Json::object();
  if (!key.empty()) pair["key"] = key;
  if (value.kind != AnyValue::Kind::Empty) pair["value"] = otlpJsonOf(value);
  return pair;
}

Json otlpJsonOf(const AnyValue& value) {
  using Kind = AnyValue::Kind;
  Json list = Json::array();
  switch (value.kind) {
    case Kind::Bool:
      return {{"boolValue", value.boolean}};
    case Kind::Int:
      return {{"intValue", std::to_string(value.integer)}};
    case Kind::Double: {
      const std::string text = pythonDoubleText(value.number);
      const bool isFinite = text.find_first_of("Ny") == std::string::npos;
      return {{"doubleValue", isFinite ? Json(value.number) : Json(text)}};
    }
    case Kind::String:
      return {{"stringValue", value.text}};
    case Kind::Bytes:
      return {{"bytesValue",
               toBase64({reinterpret_cast<const uint8_t*>(value.text.data()), value.text.size()})}};
    case Kind::Array:
      for (const AnyValue& item : value.items) list.push_back(otlpJsonOf(item));
      return {{"arrayValue", list.empty() ? Json::object() : Json{{"values", list}}}};
    case Kind::Map:
      for (const auto& [key, member] : value.members) list.push_back(otlpJsonOf(key, member));
      return {{"kvlistValue", list.empty() ? Json::object() : Json{{"values", list}}}};
    default:
      return Json::object();
  }
}

Json otlpJsonOf(const std::vector<trace::Attribute>& attributes) {
  Json list = Json::array();
  for (const trace::Attribute& each : attributes) list.push_back(otlpJsonOf(each.key, each.value));
  return list;
}

Json attributesIn(const Json& message) {
  return message.contains("attributes") ? message["attributes"] : Json::array();
}

void compareOtlp(GoldenCount& count, const trace::SpanData& sent, const Json& expected) {
  if (expected.contains("to_otel_proto")) {
    count.expect("MLflow refuses to send this span", false);
    return;
  }
  const Json& message = expected["otlp_json"];
  count.compare("otlp attributes", otlpJsonOf(sent.attributes).dump(),
                attributesIn(message).dump());
  for (size_t i = 0; i < sent.events.size(); ++i) {
    count.compare("otlp event", otlpJsonOf(sent.events[i].attributes).dump(),
                  attributesIn(message["events"][i]).dump());
  }
  for (size_t i = 0; i < sent.links.size(); ++i) {
    count.compare("otlp link", otlpJsonOf(sent.links[i].attributes).dump(),
                  attributesIn(message["links"][i]).dump());
    count.compare("otlp link span id", sent.links[i].spanId.hex(),
                  message["links"][i]["spanId"].get<std::string>());
  }
}

void compareDictionary(GoldenCount& count, const std::string& dictText, const Json& expected) {
  const auto read = mlflow::fromDictText(dictText);
  count.expect("from_dict reads it", read.ok());
  if (!read.ok()) return;
  count.compare("view of from_dict", viewText(read.value()),
                trace::dumpJson(recorded(resolved(expected, expected["from_dict"]))));
  count.compare("to_dict of from_dict", mlflow::toDictText(read.value()),
                resolved(expected, expected["from_dict_to_dict_text"]).get<std::string>());
}

void compareRecord(GoldenCount& count, trace::SpanData span) {
  const auto record = record::decodePortable(record::encodePortable(span));
  count.expect("the record is read", record.ok());
  if (!record.ok()) return;
  // A record keeps the bytes of a link's span id, not how it was written.
  for (trace::Link& link : span.links) link.mlflowSpanId.clear();
  count.compare("to_dict of the record", mlflow::toDictText(record.value()),
                mlflow::toDictText(span));
}

void compareReceived(GoldenCount& count, const trace::SpanData& sent, const Json& expected) {
  if (!expected.contains("from_otel_proto")) return;
  const Json& plain = expected["from_otel_proto"];
  const auto received = mlflow::spanFromOtlp(sent);
  count.expect("from_otel_proto takes it", received.ok());
  if (!received.ok()) return;
  count.compare("view of from_otel_proto", viewText(received.value()),
                changedViewText(expected["view"], plain["view_changes"]));
  count.compare("to_dict of from_otel_proto", mlflow::toDictText(received.value()),
                resolved(expected, plain["to_dict_text"]).get<std::string>());
  const auto placed = mlflow::spanFromOtlp(sent, "catalog.schema");
  count.expect("from_otel_proto takes it with a location", placed.ok());
  count.compare("view of from_otel_proto with a location", viewText(placed.value()),
                changedViewText(expected["view"], expected["from_otel_proto_v4"]["view_changes"]));
}

constexpr const char* kBeyondInt64 = "features OP-13: an integer beyond int64 is sent as a string";
constexpr const char* kFalsy =
    "features SP-04: falsy native values are read as they are, not as null";
constexpr const char* kScalarText = "ruling 13: native text of a scalar stays a string";

TEST(SpanDictGolden, EverySpanIsWrittenReadAndSentAsRecorded) {
  const Json file = load("span_dict.json");
  GoldenCount count("span_dict", {{"value int_2_63", kBeyondInt64},
                                  {"value int_huge", kBeyondInt64},
                                  {"native zero int", kFalsy},
                                  {"native false", kFalsy},
                                  {"native empty string", kFalsy},
                                  {"native inputs empty", kFalsy},
                                  {"native 123", kScalarText},
                                  {"native null text", kScalarText},
                                  {"native NaN text", kScalarText},
                                  {"native Infinity text", kScalarText},
                                  {"native big int text", kScalarText},
                                  {"native exponent text", kScalarText},
                                  {"native spaces text", kScalarText},
                                  {"native bytes", "ruling 16: bytes in JSON text are base64"}});
  for (const Json& entry : file["cases"]) {
    const Json& expected = entry["expected"];
    count.begin(entry["name"].get<std::string>());
    const trace::SpanData span =
        entry["kind"] == "live" ? liveSpan(entry["input"]) : spanOfAnotherSdk(entry["input"]);

    const std::string dictText = mlflow::toDictText(span);
    count.compare("to_dict", dictText, expected["to_dict_text"].get<std::string>());
    count.compare("view", viewText(span), trace::dumpJson(recorded(expected["view"])));
    compareDictionary(count, dictText, expected);
    compareRecord(count, span);
    const trace::SpanData sent = mlflow::toOtlpForm(span);
    compareOtlp(count, sent, expected);
    compareReceived(count, sent, expected);
    count.end();
  }
}

TEST(SpanDictV2Golden, OldAndBrokenDictionariesAreReadAsRecorded) {
  const Json file = load("span_dict_v2.json");
  constexpr const char* kTimes = "ruling 17: times are integers, whatever form they were read from";
  constexpr const char* kNames = "names are text";
  constexpr const char* kFails = "MLflow makes an object whose getters fail";
  GoldenCount count("span_dict_v2", {{"v2 times as strings", kTimes},
                                     {"v2 times as floats", kTimes},
                                     {"v3 name null", kNames},
                                     {"v3 name a number", kNames},
                                     {"v2 event attributes null", kFails},
                                     {"v2 trace id too long", kFails},
                                     {"hex trace id without tr- is valid base64", kFails}});
  for (const Json& entry : file["cases"]) {
    const Json& expected = entry["expected"];
    count.begin(entry["name"].get<std::string>());
    const auto span = mlflow::fromDictText(entry["input_text"].get<std::string>());
    if (expected.contains("error")) {
      count.expect("it is refused", !span.ok());
      if (!span.ok()) {
        count.compare("error code", errorCodeName(span.error().code),
                      expected["error"]["error_code"].get<std::string>());
      }
    } else if (!span.ok()) {
      count.compare("error", span.error().message, "none");
    } else {
      count.compare("view", viewText(span.value()), trace::dumpJson(recorded(expected["view"])));
      const Json& text = expected["to_dict_text"];
      count.compare("to_dict", mlflow::toDictText(span.value()),
                    text.is_string() ? text.get<std::string>() : text.dump());
    }
    count.end();
  }
}

}  // namespace
}  // namespace spandrel::golden
