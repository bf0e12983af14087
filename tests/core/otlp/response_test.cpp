#include "otlp/response.h"

#include "otlp/codec_shortcuts.h"
#include "otlp_response.pb.h"
#include "rpc_status.pb.h"

namespace spandrel::otlp {
namespace {

ExportAnswer fromHexBytes(const char* hex) {
  return parseExportAnswer(bytesOf(golden::bytesOfHex(hex)), false);
}
ExportAnswer fromText(std::string_view text) {
  return parseExportAnswer(bytesOf(text), true);
}

TEST(Response, EmptyAnswersOfAllKindsAreFullSuccess) {
  for (const char* hex : {"", "0a00", "0a020800", "1205", "ff"})
    EXPECT_EQ(fromHexBytes(hex).rejectedSpans, 0) << hex;
  for (const char* text : {"", "{}", "{\"partialSuccess\":{}}", "{\"partialSuccess\":null}", "null",
                           "[]", "<html>", "{", "{\"partialSuccess\":5}",
                           "{\"partialSuccess\":{\"rejectedSpans\":null}}", "\n\x02\x08\x01"}) {
    const ExportAnswer answer = fromText(text);
    EXPECT_EQ(answer.rejectedSpans, 0) << text;
    EXPECT_EQ(answer.errorMessage, "") << text;
  }
}

TEST(Response, PartialSuccessIsReadFromBytes) {
  const ExportAnswer answer = fromHexBytes("0a0808051204746f6f20");
  EXPECT_EQ(answer.rejectedSpans, 5);
  EXPECT_EQ(answer.errorMessage, "too ");
}

TEST(Response, PartialSuccessIsReadFromJsonWithNumbersAndStrings) {
  EXPECT_EQ(fromText(R"({"partialSuccess":{"rejectedSpans":"9007199254740993"}})").rejectedSpans,
            9007199254740993);
  EXPECT_EQ(fromText(R"({"partialSuccess":{"rejectedSpans":5,"errorMessage":"m","x":[{}]}})")
                .rejectedSpans,
            5);
  EXPECT_EQ(
      fromText(R"({"partial_success":{"rejected_spans":5,"error_message":"m"}})").errorMessage,
      "m");
  EXPECT_EQ(
      fromText(R"({"x":{"partialSuccess":1},"partialSuccess":{"errorMessage":"only a warning"}})")
          .errorMessage,
      "only a warning");
  EXPECT_EQ(fromText(R"({"partialSuccess":{"rejectedSpans":-1}})").rejectedSpans, 0);
  EXPECT_EQ(fromText(R"({"partialSuccess":{"rejectedSpans":"many"}})").rejectedSpans, 0);
}

TEST(Response, BadTextBesideTheCountDoesNotLoseTheCount) {
  const ExportAnswer answer = fromHexBytes("0a0508051201ff");
  EXPECT_EQ(answer.rejectedSpans, 5);
  EXPECT_EQ(answer.errorMessage, "\xEF\xBF\xBD");
}

TEST(Response, ErrorMessageIsTheStatusMessage) {
  EXPECT_EQ(parseErrorMessage(bytesOf(golden::bytesOfHex("080312036261641a00")), false), "bad");
  EXPECT_EQ(parseErrorMessage(bytesOf(R"({"code":3,"message":"bad","details":[]})"), true), "bad");
}

// The messages as protobuf's own classes write them.
TEST(Response, ReadsWhatProtobufWrites) {
  opentelemetry::proto::collector::trace::v1::ExportTraceServiceResponse response;
  response.mutable_partial_success()->set_rejected_spans(INT64_MAX);
  response.mutable_partial_success()->set_error_message("too many");
  google::rpc::Status status;
  status.set_code(14);
  status.set_message("unavailable");

  const ExportAnswer answer = parseExportAnswer(bytesOf(response.SerializeAsString()), false);

  EXPECT_EQ(answer.rejectedSpans, INT64_MAX);
  EXPECT_EQ(answer.errorMessage, "too many");
  EXPECT_EQ(parseErrorMessage(bytesOf(status.SerializeAsString()), false), "unavailable");
}

TEST(Response, RubbishGivesNoErrorMessage) {
  for (const bool isJson : {false, true}) {
    EXPECT_EQ(parseErrorMessage({}, isJson), "");
    EXPECT_EQ(parseErrorMessage(bytesOf("<html><body>502 Bad Gateway</body></html>"), isJson), "");
    EXPECT_EQ(parseErrorMessage(bytesOf(std::string(1 << 20, '\xff')), isJson), "");
    EXPECT_EQ(parseErrorMessage(bytesOf(std::string(1 << 20, '[')), isJson), "");
  }
  EXPECT_EQ(parseErrorMessage(bytesOf(R"({"message":["no"]})"), true), "");
}

TEST(Response, LongMessagesAreShortenedByCodePoints) {
  std::string smiles;
  for (int i = 0; i < 100000; ++i) smiles += "😀";
  const std::string message = parseErrorMessage(bytesOf("{\"message\":\"" + smiles + "\"}"), true);
  EXPECT_EQ(countCodePoints(message), kMaxMessageCodePoints);
  EXPECT_TRUE(message.ends_with("😀..."));
}

}  // namespace
}  // namespace spandrel::otlp
