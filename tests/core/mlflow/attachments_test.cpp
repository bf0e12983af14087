#include "mlflow/attachments.h"

#include <gtest/gtest.h>

#include "base/json_members.h"
#include "golden.h"
#include "golden_count.h"
#include "mlflow/attachment_finder.h"
#include "record/portable.h"
#include "trace/attribute_text.h"
#include "trace/constants.h"

namespace spandrel::mlflow {
namespace {

using trace::AnyValue;
using trace::SpanData;
namespace key = trace::attribute_key;

constexpr const char* kHello = "aGVsbG8=";  // "hello"

SpanData spanOf(std::string inputs, const char* name = "mlflow.spanInputs") {
  SpanData span;
  span.traceId.bytes[15] = 7;
  span.spanId.bytes[7] = 9;
  span.parentSpanId.bytes[7] = 1;
  span.name = "ask";
  span.startTimeNs = 1000;
  span.endTimeNs = 2000;
  span.status.code = trace::StatusCode::Ok;
  span.attributes.push_back(
      {std::string(key::kTraceId), AnyValue::string(trace::generateTraceIdV3(span.traceId))});
  span.attributes.push_back({name, AnyValue::json(std::move(inputs))});
  span.attributes.push_back({std::string(key::kLogLevel), AnyValue::of(int64_t{20})});
  return span;
}

std::string textOf(const SpanData& span, std::string_view name = key::kInputs) {
  return trace::attributeText(*span.find(name));
}

void replaceAll(std::string& text, const std::string& what, const std::string& by) {
  for (size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size()) {
    text.replace(at, what.size(), by);
  }
}

// --- recorded ------------------------------------------------------------------------------------

golden::Json resultOf(const golden::Json& recorded) {
  SpanData span = spanOf(recorded["value"].dump());
  AttachmentRules rules;
  if (recorded.contains("max_bytes")) rules.maxBytes = recorded["max_bytes"].get<uint64_t>();
  DetachedContents detached = detachContents(span, rules);
  std::string text = textOf(span);
  golden::Json result;
  // In the order in which the text names them.
  std::sort(detached.attachments.begin(), detached.attachments.end(),
            [&](const auto& a, const auto& b) { return text.find(a.id) < text.find(b.id); });
  result["attachments"] = golden::Json::array();
  for (size_t i = 0; i < detached.attachments.size(); ++i) {
    const Attachment& each = detached.attachments[i];
    replaceAll(text, each.id, "<" + std::to_string(i) + ">");
    result["attachments"].push_back(
        {{"content_type", each.contentType}, {"content", toBase64(each.content)}});
  }
  replaceAll(text, trace::generateTraceIdV3(span.traceId), "<trace>");
  result["text"] = text;
  if (span.status.code == trace::StatusCode::Error) {
    result["status"] = {{"code", "STATUS_CODE_ERROR"}, {"message", span.status.description}};
    result["log_level"] = textOf(span, key::kLogLevel);
    result["events"] = golden::Json::array();
    for (const trace::Event& event : span.events) {
      golden::Json attributes = golden::Json::object();
      for (const auto& [name, value] : event.attributes) attributes[name] = value.text;
      result["events"].push_back({{"name", event.name}, {"attributes", attributes}});
    }
  }
  return result;
}

TEST(GoldenAttachments, RecordedValues) {
  golden::GoldenCount count("attachments.json", {});
  const golden::Json file = golden::load("attachments.json");
  for (const golden::Json& recorded : file["cases"]) {
    count.begin(recorded["name"].get<std::string>());
    const golden::Json result = resultOf(recorded);
    for (const char* field : {"text", "attachments", "status", "log_level", "events"}) {
      count.compare(field, result.contains(field) ? result[field].dump() : "",
                    recorded.contains(field) ? recorded[field].dump() : "");
    }
    count.end();
  }
}

// --- one span ------------------------------------------------------------------------------------

TEST(Attachments, KeepTheRestOfTheTextAsItIs) {
  SpanData span = spanOf(R"({"n":12345678901234567890,"a":"data:a/b;base64,YQ==","n":1e999})");
  EXPECT_TRUE(detachContents(span, {}).isChanged);
  const std::string& text = span.find(key::kInputs)->text;
  EXPECT_TRUE(text.starts_with(R"({"n":12345678901234567890,"a":"mlflow-attachment://)")) << text;
  EXPECT_TRUE(text.ends_with(R"(&size=1","n":1e999})")) << text;
}

TEST(Attachments, HaveTheSameIdsWheneverTheSpanIsSent) {
  const std::string inputs = R"(["data:a/b;base64,YQ==","data:a/b;base64,YQ=="])";
  SpanData first = spanOf(inputs);
  SpanData again = spanOf(inputs);
  SpanData other = spanOf(inputs);
  other.spanId.bytes[0] = 1;
  const auto a = detachContents(first, {}).attachments;
  const auto b = detachContents(again, {}).attachments;
  const auto c = detachContents(other, {}).attachments;
  ASSERT_EQ(a.size(), 2u);
  EXPECT_EQ(a[0].id, b.at(0).id);
  EXPECT_EQ(a[1].id, b.at(1).id);
  EXPECT_NE(a[0].id, a[1].id);
  EXPECT_NE(a[0].id, c.at(0).id);
  EXPECT_EQ(a[0].id.size(), 36u);
  EXPECT_EQ(a[0].id[14], '8');
}

TEST(Attachments, LeaveInputsAndOutputsAndNothingElse) {
  SpanData span = spanOf("\"data:a/b;base64,YQ==\"", "mlflow.spanOutputs");
  span.attributes.push_back({"other", AnyValue::json("\"data:a/b;base64,YQ==\"")});
  EXPECT_EQ(detachContents(span, {}).attachments.size(), 1u);
  EXPECT_EQ(textOf(span, "other"), "\"data:a/b;base64,YQ==\"");
  EXPECT_TRUE(textOf(span, key::kOutputs).starts_with("\"mlflow-attachment://"));
}

TEST(Attachments, StayWhereAnotherInstrumentationSetTheValue) {
  SpanData span = spanOf("1");
  span.attributes[1].value = AnyValue::string("data:a/b;base64,YQ==");
  span.attributes[1].value.isNative = true;
  EXPECT_FALSE(detachContents(span, {}).isChanged);
}

TEST(Attachments, OfAStringWithoutQuotesAreTakenToo) {
  SpanData span = spanOf("1");
  span.attributes[1].value = AnyValue::string("data:a/b;base64,YQ==");
  EXPECT_TRUE(detachContents(span, {}).isChanged);
  EXPECT_TRUE(textOf(span).starts_with("\"mlflow-attachment://"));
}

TEST(Attachments, WithTheSwitchOffOnlyExplicitOnesLeave) {
  const std::string id = "0b8e8a7c-2f53-4b5e-9d36-0f6d1a2b3c4d";
  SpanData span = spanOf("[\"data:image/png;base64,YQ==\",{\"b64_json\":\"" + std::string(kHello) +
                         "\"},\"data:image/png;spandrel-attachment=" + id + ";base64,YQ==\"]");
  const DetachedContents detached = detachContents(span, {.takesBase64 = false});
  ASSERT_EQ(detached.attachments.size(), 1u);
  EXPECT_EQ(detached.attachments[0].id, id);
  EXPECT_EQ(detached.attachments[0].contentType, "image/png");
  EXPECT_NE(textOf(span).find("data:image/png;base64,YQ=="), std::string::npos);
}

TEST(Attachments, WithAnIdThatIsNoneStay) {
  for (const char* id : {"", "../../../etc/passwd", "0B8E8A7C-2F53-4B5E-9D36-0F6D1A2B3C4D",
                         "0b8e8a7c-2f53-4b5e-9d36-0f6d1a2b3c4d0"}) {
    SpanData span = spanOf("\"data:a/b;spandrel-attachment=" + std::string(id) + ";base64,YQ==\"");
    EXPECT_FALSE(detachContents(span, {}).isChanged) << id;
  }
}

TEST(Attachments, KnowTheShapeOfGeminisJavaScript) {
  SpanData span = spanOf(R"({"inlineData":{"mimeType":"image/webp","data":"aGVsbG8="}})");
  const auto attachments = detachContents(span, {}).attachments;
  ASSERT_EQ(attachments.size(), 1u);
  EXPECT_EQ(attachments[0].contentType, "image/webp");
}

TEST(Attachments, AreReadThroughEscapes) {
  SpanData span = spanOf(R"(["data:image\/png;base64,aGVs\/G8=",{"b64_json":"\u0061GVsbG8="}])");
  const auto attachments = detachContents(span, {}).attachments;
  ASSERT_EQ(attachments.size(), 2u);
  EXPECT_EQ(attachments[0].contentType, "image/png");
  EXPECT_EQ(toBase64(attachments[0].content), "aGVs/G8=");
  EXPECT_EQ(toBase64(attachments[1].content), kHello);
}

TEST(Attachments, BeyondTheMostOfASpanStay) {
  std::string list = "[";
  for (size_t i = 0; i < kMaxAttachments + 1; ++i) list += "\"data:a/b;base64,YQ==\",";
  list.back() = ']';
  SpanData span = spanOf(list);
  EXPECT_EQ(detachContents(span, {}).attachments.size(), kMaxAttachments);
  EXPECT_NE(textOf(span).find("data:a/b"), std::string::npos);
}

TEST(Attachments, AreNotLookedForInTextThatIsNoJsonOrTooDeep) {
  const std::string content = "\"data:a/b;base64,YQ==\"";
  for (const std::string& text : {"[" + content, content + "]", "{" + content + "}",
                                  std::string(600, '[') + content + std::string(600, ']')}) {
    SpanData span = spanOf(text);
    EXPECT_FALSE(detachContents(span, {}).isChanged) << text.substr(0, 40);
  }
}

TEST(AttachmentFinder, LooksOnlyWhereOneOfItsShapesCanBe) {
  for (const char* text :
       {"data:a/b;base64,YQ==", R"({"type":"base64"})", "b64_json", "input_audio", "inline_data",
        "inlineData", "image_generation_call", R"({"audio":1})", R"({"bytes":1})"}) {
    EXPECT_TRUE(mayHoldContents(text)) << text;
    EXPECT_TRUE(mayHoldContents("before" + std::string(text) + "after")) << text;
    EXPECT_FALSE(mayHoldContents(std::string_view(text).substr(0, 4))) << text;
  }
  EXPECT_FALSE(mayHoldContents("base64 data, \"audio, bytes\", in_put D6_ ;base64 ,"));
  EXPECT_FALSE(mayHoldContents(""));
}

TEST(AttachmentFinder, EachCutOfATextIsTakenCalmly) {
  const std::string text =
      R"({"type":"image","source":{"type":"base64","data":"aGVsbG8="},"u":"data:a/b;base64,YQ=="})";
  for (size_t length = 0; length < text.size(); ++length) {
    EXPECT_TRUE(findContents(text.substr(0, length), false, 10).empty()) << length;
  }
  EXPECT_EQ(findContents(text, false, 10).size(), 2u);
}

// --- records -------------------------------------------------------------------------------------

std::vector<uint8_t> recordsOf(const std::vector<SpanData>& spans) {
  std::vector<uint8_t> records;
  for (const SpanData& span : spans) {
    const auto record = record::encodePortable(span);
    records.insert(records.end(), record.begin(), record.end());
  }
  return records;
}

golden::Json listOf(const std::vector<uint8_t>& answer) {
  const size_t length = answer[0] | answer[1] << 8 | answer[2] << 16;
  return golden::Json::parse(std::string(answer.begin() + 4, answer.begin() + 4 + length), nullptr,
                             false);
}

TEST(DetachedRecords, AreThoseThatChangedWithTheirContents) {
  const auto answer = detachContentsOfRecords(
      recordsOf({spanOf("{\"a\":1}"), spanOf("\"data:image/png;base64,aGVsbG8=\"")}), {});
  ASSERT_TRUE(answer.ok());
  const std::vector<uint8_t>& bytes = answer.value();
  const golden::Json list = listOf(bytes);
  ASSERT_EQ(list.size(), 1u);
  EXPECT_EQ(list[0]["index"], 1);
  EXPECT_EQ(list[0]["attachments"][0]["contentType"], "image/png");
  EXPECT_FALSE(list[0].contains("root"));
  const size_t jsonBytes = (bytes[0] | bytes[1] << 8) + 4u;
  const size_t at = (jsonBytes + 3) & ~size_t{3};
  const size_t recordBytes = list[0]["recordBytes"].get<size_t>();
  const auto span = record::decodePortable(Bytes(bytes).subspan(at, recordBytes));
  ASSERT_TRUE(span.ok());
  EXPECT_TRUE(textOf(span.value()).starts_with("\"mlflow-attachment://"));
  EXPECT_EQ(std::string(bytes.begin() + static_cast<long>(at + recordBytes),
                        bytes.begin() + static_cast<long>(at + recordBytes) + 5),
            "hello");
}

TEST(DetachedRecords, OfARootSayWhatItsTraceShows) {
  SpanData root = spanOf("\"data:image/png;base64,aGVsbG8=\"");
  root.parentSpanId = {};
  const auto answer = detachContentsOfRecords(recordsOf({root}), {.maxBytes = 2});
  ASSERT_TRUE(answer.ok());
  const golden::Json span = listOf(answer.value())[0];
  EXPECT_EQ(span["tooLarge"], 1);
  EXPECT_EQ(span["root"][0]["requestPreview"], "\"data:image/png;base64,aGVsbG8=\"");
  EXPECT_EQ(span["root"][0]["responsePreview"], "");
  EXPECT_FALSE(span["root"][0].contains("error"));
  EXPECT_EQ(span["root"][1]["traceInputs"],
            "\"[Attachment too large: 5 bytes exceeds 2 bytes limit]\"");
  EXPECT_TRUE(span["root"][1].contains("error"));
}

TEST(DetachedRecords, AreNoneWhereNothingIsFound) {
  const auto answer = detachContentsOfRecords(recordsOf({spanOf("{\"audio\":1}")}), {});
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(listOf(answer.value()).size(), 0u);
}

TEST(DetachedRecords, RefuseEachCut) {
  const auto records = recordsOf({spanOf("\"data:a/b;base64,YQ==\"")});
  for (size_t length = 1; length < records.size(); ++length) {
    EXPECT_FALSE(detachContentsOfRecords(Bytes(records.data(), length), {}).ok()) << length;
  }
}

}  // namespace
}  // namespace spandrel::mlflow
