// Recorded previews, sums of tokens and costs, prices, linked prompts and ids.
#include <gtest/gtest.h>

#include "golden_count.h"
#include "recorded_value.h"
#include "trace/finish_trace.h"
#include "trace/linked_prompts.h"
#include "trace/previews.h"
#include "trace/price_table.h"
#include "trace/token_usage.h"

namespace spandrel::golden {
namespace {

// "=attribute" and "=json_of_value" point to the stored text.
std::string expectedText(const Json& field, const std::string& stored) {
  if (field.is_null()) return "";
  if (!field.is_string()) return field.dump();
  const std::string text = field.get<std::string>();
  return text == "=attribute" || text == "=json_of_value" ? stored : text;
}

trace::SpanData rootWith(const Json& inputs, const Json& outputs, bool isNative) {
  trace::SpanData root;
  root.spanId.bytes[7] = 1;
  const auto add = [&](std::string_view key, const Json& tagged) {
    if (tagged.is_discarded()) return;
    AnyValue value = isNative ? recorded(tagged) : handedOver(tagged);
    value.isNative = isNative;
    root.attributes.push_back({std::string(key), std::move(value)});
  };
  add(trace::attribute_key::kInputs, inputs);
  add(trace::attribute_key::kOutputs, outputs);
  return root;
}

TEST(PreviewsGolden, PreviewsAndCopiesAreTheRecordedOnes) {
  const Json file = load("previews.json");
  const Json none = Json(Json::value_t::discarded);
  GoldenCount count("previews",
                    {{"attribute of another SDK: number",
                      "MLflow's own error: it cannot measure a number; here it is text"}});
  for (const Json& entry : file["cases"]) {
    const Json& input = entry["input"];
    const Json& expected = entry["expected"];
    count.begin(entry["name"].get<std::string>());
    const auto field = [&](const char* key) { return input.contains(key) ? input[key] : none; };
    const trace::SpanData root =
        input.contains("value") ? rootWith(input["value"], input["value"], false)
        : input.contains("raw_attribute")
            ? rootWith(input["raw_attribute"], input["raw_attribute"], true)
            : rootWith(field("inputs"), field("outputs"), false);
    trace::TraceInfo info;
    if (input.contains("request_preview")) info.requestPreview = input["request_preview"];
    if (input.contains("response_preview")) info.responsePreview = input["response_preview"];
    trace::finishTraceInfo(info, root);
    trace::setRequestResponsePreview(info, &root);

    const std::string json =
        input.contains("value") ? trace::dumpJson(recorded(input["value"])) : std::string();
    const std::string stored = expectedText(expected["attribute"], json);
    const AnyValue* inputs = root.find(trace::attribute_key::kInputs);
    count.compare("stored text", inputs ? trace::attributeText(*inputs) : "", stored);
    count.compare("request preview", *info.requestPreview,
                  expectedText(expected["request_preview"], stored));
    count.compare("response preview", *info.responsePreview,
                  expectedText(expected["response_preview"], stored));
    count.compare("copy of the inputs", info.traceMetadata["mlflow.traceInputs"],
                  expectedText(expected["metadata_inputs"], stored));
    count.end();
  }
}

std::vector<trace::SpanData> spansOf(const Json& list) {
  std::vector<trace::SpanData> spans;
  for (const Json& each : list) {
    trace::SpanData span;
    span.name = each["name"].get<std::string>();
    span.spanId = trace::parseSpanIdHex(each["span_id"].get<std::string>()).take();
    if (each["parent_id"].is_string()) {
      span.parentSpanId = trace::parseSpanIdHex(each["parent_id"].get<std::string>()).take();
    }
    const auto add = [&](std::string_view key, const Json& text) {
      if (text.is_null()) return;
      span.attributes.push_back(
          {std::string(key), trace::storedAttribute(text.get<std::string>())});
    };
    add(trace::attribute_key::kTokenUsage, each["usage_attribute"]);
    add(trace::attribute_key::kCost, each["cost_attribute"]);
    spans.push_back(std::move(span));
  }
  return spans;
}

// Both are maps of the same keys with numbers that are equal but for their last digits.
bool isNearlyEqual(const AnyValue& a, const AnyValue& b) {
  if (a.members.size() != b.members.size()) return false;
  for (size_t i = 0; i < a.members.size(); ++i) {
    const AnyValue& x = a.members[i].second;
    const AnyValue& y = b.members[i].second;
    if (a.members[i].first != b.members[i].first || x.kind != y.kind || x.integer != y.integer)
      return false;
    if (std::abs(x.number - y.number) > 1e-12 * std::abs(y.number)) return false;
  }
  return true;
}

void compareSum(GoldenCount& count, const char* what, const Result<std::optional<AnyValue>>& sum,
                const Json& expected) {
  if (expected.contains("error")) {
    count.expect("malformed values are an error", !sum.ok());
    return;
  }
  count.expect("there is no error", sum.ok());
  if (!sum.ok()) return;
  if (expected["value"].is_null()) {
    count.expect("there is no sum", !sum.value());
    return;
  }
  count.expect("there is a sum", sum.value().has_value());
  if (!sum.value()) return;
  const AnyValue value = recorded(expected["value"]);
  if (isNearlyEqual(*sum.value(), value)) return;
  count.compare(what, trace::dumpJson(*sum.value()), trace::dumpJson(value));
}

TEST(TokenCostGolden, SumsOverTheTreeAreTheRecordedOnes) {
  const Json file = load("token_cost.json");
  GoldenCount count("token_cost", {});
  for (const Json& entry : file["cases"]) {
    count.begin(entry["name"].get<std::string>());
    const std::vector<trace::SpanData> spans = spansOf(entry["spans"]);
    const Json& usage = entry["expected"]["usage"];
    compareSum(count, "usage", trace::aggregateTokenUsage(spans), usage);
    compareSum(count, "cost", trace::aggregateCost(spans), entry["expected"]["cost"]);
    trace::TraceInfo info;
    const bool isTaken = trace::setTokenUsageMetadata(info, spans).ok();
    count.expect("an error leaves the metadata alone", isTaken != usage.contains("error"));
    const bool hasText = usage.contains("metadata_text") && usage["metadata_text"].is_string();
    count.compare("metadata", info.traceMetadata["mlflow.trace.tokenUsage"],
                  hasText ? usage["metadata_text"].get<std::string>() : "");
    count.end();
  }
}

TEST(ModelCostGolden, CallsCostWhatWasRecorded) {
  const Json costs = load("token_cost.json")["model_costs"];
  Json table = Json::object();
  for (const auto& [model, prices] : costs["prices"].items()) {
    for (const auto& [key, price] : prices["catalog"].items()) {
      table[model][key] = recorded(price).number;
    }
  }
  const auto prices = trace::PriceTable::fromJson(table.dump());
  ASSERT_TRUE(prices.ok());
  GoldenCount count("model_costs", {});
  size_t index = 0;
  for (const Json& row : costs["rows"]) {
    count.begin("row " + std::to_string(index++));
    const auto text = [&](const char* key) {
      return row[key].is_string() ? row[key].get<std::string>() : std::string();
    };
    const auto cost =
        trace::callCost(prices.value(), text("model"), text("provider"), recorded(row["usage"]));
    const bool isSame = cost
                            ? row["cost"].is_object() && isNearlyEqual(*cost, recorded(row["cost"]))
                            : row["cost"].is_null();
    if (!isSame) count.compare("cost", cost ? trace::dumpJson(*cost) : "null", row["cost"].dump());
    count.end();
  }
}

trace::PromptVersion promptOf(const Json& prompt) {
  const AnyValue version = recorded(prompt["version"]);
  return {prompt["name"].get<std::string>(),
          version.kind == AnyValue::Kind::String ? version.text : trace::dumpJson(version)};
}

std::optional<std::string> textOf(const Json& field) {
  if (!field.is_string()) return std::nullopt;
  return field.get<std::string>();
}

std::optional<std::string_view> viewOfText(const std::optional<std::string>& text) {
  if (!text) return std::nullopt;
  return std::string_view(*text);
}

TEST(PromptsGolden, TheTagGrowsAsRecorded) {
  const Json file = load("prompts.json");
  GoldenCount count("prompts", {});
  for (const Json& entry : file["cases"]) {
    count.begin(entry["name"].get<std::string>());
    std::optional<std::string> tag = textOf(entry["tag_before"]);
    if (entry.contains("prompts")) {
      std::vector<trace::PromptVersion> prompts;
      for (const Json& prompt : entry["prompts"]) prompts.push_back(promptOf(prompt));
      const auto after = trace::linkedPromptsTag(viewOfText(tag), prompts);
      count.expect("it is taken", after.ok());
      if (after.ok()) {
        count.compare("tag", after.value().value_or("none"),
                      textOf(entry["expected"]["value"]).value_or("none"));
      }
    }
    for (const Json& step : entry.contains("steps") ? entry["steps"] : Json::array()) {
      // An unknown trace is the manager's business; the tag has no part in it.
      if (step.contains("error") && step["error"]["type"] == "KeyError") continue;
      const auto after = trace::linkedPromptsTag(viewOfText(tag), {promptOf(step["prompt"])});
      count.expect("refused as recorded", after.ok() != step.contains("error"));
      if (after.ok()) {
        tag = after.value();
      } else {
        count.compare("message", after.error().message,
                      step["error"]["message"].get<std::string>());
        count.compare("code", errorCodeName(after.error().code),
                      step["error"]["error_code"].get<std::string>());
      }
      count.compare("tag", tag.value_or("none"), textOf(step["tag_after"]).value_or("none"));
    }
    count.end();
  }
}

// Decimal digits of a big-endian number, as Python prints it.
template <size_t size>
std::string decimalOf(std::array<uint8_t, size> bytes) {
  std::string digits;
  bool isZero = false;
  while (!isZero) {
    uint32_t rest = 0;
    isZero = true;
    for (uint8_t& byte : bytes) {
      rest = rest << 8 | byte;
      byte = static_cast<uint8_t>(rest / 10);
      rest %= 10;
      isZero = isZero && byte == 0;
    }
    digits.insert(digits.begin(), static_cast<char>('0' + rest));
  }
  return digits;
}

void compareTraceId(GoldenCount& count, const Json& entry) {
  const auto id = trace::parseTraceIdHex(entry["hex"].get<std::string>());
  count.expect("it is read", id.ok());
  if (!id.ok()) return;
  count.compare("decimal", decimalOf(id.value().bytes), entry["decimal"].get<std::string>());
  count.compare("hex", id.value().hex(), entry["hex"].get<std::string>());
  count.compare("base64", toBase64(id.value().bytes), entry["base64"].get<std::string>());
  count.compare("v3", trace::generateTraceIdV3(id.value()),
                entry["trace_id_v3"].get<std::string>());
  const std::string v4 = entry["trace_id_v4"].get<std::string>();
  count.compare("v4", trace::generateTraceIdV4(id.value(), "catalog.schema"), v4);
  count.expect("the v4 id is read back", trace::otelTraceIdOf(v4).value() == id.value());
}

void compareSpanId(GoldenCount& count, const Json& entry) {
  const auto id = trace::parseSpanIdHex(entry["hex"].get<std::string>());
  count.expect("it is read", id.ok());
  if (!id.ok()) return;
  count.compare("decimal", decimalOf(id.value().bytes), entry["decimal"].get<std::string>());
  count.compare("hex", id.value().hex(), entry["hex"].get<std::string>());
  count.compare("base64", toBase64(id.value().bytes), entry["base64"].get<std::string>());
}

void compareParsedV4(GoldenCount& count, const Json& entry) {
  if (!entry["input"].is_string()) return;  // null never reaches the core
  const auto parts = trace::parseTraceIdV4(entry["input"].get<std::string>());
  const Json& expected = entry["expected"];
  count.expect("refused as recorded", parts.ok() != expected.contains("error"));
  if (!parts.ok()) {
    count.compare("code", errorCodeName(parts.error().code), "INVALID_PARAMETER_VALUE");
    return;
  }
  if (expected.contains("error")) return;
  const Json& location = expected["value"]["location"];
  count.compare("location", parts.value().location,
                location.is_string() ? location.get<std::string>() : "");
  count.compare("trace id", parts.value().traceId,
                expected["value"]["trace_id"].get<std::string>());
}

void compareDecoded(GoldenCount& count, const Json& entry) {
  const auto id = trace::traceIdOfHexDigits(entry["input"].get<std::string>());
  const Json& expected = entry["expected"];
  count.expect("refused as recorded", id.ok() != expected.contains("error"));
  if (id.ok() && !expected.contains("error")) {
    count.compare("decimal", decimalOf(id.value().bytes), expected["value"].get<std::string>());
  }
}

TEST(IdsGolden, AllSpellingsOfIdsAreTheRecordedOnes) {
  const Json file = load("ids.json");
  constexpr const char* kPythonDigits = "a spelling of Python's int() that no id has";
  GoldenCount count("ids", {{"decode_id ' 1 '", kPythonDigits},
                            {"decode_id '1_0'", kPythonDigits},
                            {"decode_id '-1'", kPythonDigits}});
  size_t index = 0;
  for (const Json& entry : file["cases"]) {
    const std::string kind = entry["kind"].get<std::string>();
    const bool isNamed = kind == "decode_id";
    count.begin(isNamed ? kind + " '" + entry["input"].get<std::string>() + "'"
                        : kind + "#" + std::to_string(index));
    ++index;
    if (kind == "trace") compareTraceId(count, entry);
    if (kind == "span") compareSpanId(count, entry);
    if (kind == "parse_trace_id_v4") compareParsedV4(count, entry);
    if (kind == "decode_id") compareDecoded(count, entry);
    if (kind == "construct_trace_id_v4") {
      count.compare("id",
                    std::string(trace::kTraceIdV4Prefix) + entry["location"].get<std::string>() +
                        "/" + entry["trace_id"].get<std::string>(),
                    entry["expected"].get<std::string>());
    }
    count.end();
  }
}

}  // namespace
}  // namespace spandrel::golden
