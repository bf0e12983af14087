#include "otlp/response.h"

#include <climits>

#include "base/number_text.h"
#include "otlp/json_cursor.h"
#include "otlp_response.pb.h"
#include "rpc_status.pb.h"

namespace spandrel::otlp {
namespace {

using opentelemetry::proto::collector::trace::v1::ExportTraceServiceResponse;

std::string shortened(std::string_view text) {
  // Four bytes a code point at most: what lies behind them need not be looked at.
  const bool isLong = text.size() > 4 * kMaxMessageCodePoints;
  const std::string whole = sanitizeUtf8(isLong ? text.substr(0, 4 * kMaxMessageCodePoints + 4) : text);
  if (countCodePoints(whole) <= kMaxMessageCodePoints) return whole;
  return std::string(takeCodePoints(whole, kMaxMessageCodePoints - 3)) + "...";
}

template <typename Message>
bool parse(Bytes body, Message& message) {
  return body.size() <= INT_MAX && message.ParseFromArray(body.data(), static_cast<int>(body.size()));
}

std::string_view textOf(Bytes body) { return {reinterpret_cast<const char*>(body.data()), body.size()}; }

// Calls `onMember(cursor, key)` for each member of the object the cursor stands on.
template <typename OnMember>
void forEachMember(JsonCursor& cursor, OnMember onMember) {
  std::string_view key;
  if (!cursor.beginObject()) return;
  while (cursor.nextMember(key)) onMember(cursor, key);
}

void readRejected(JsonCursor& cursor, int64_t& out) {
  std::string_view text;
  if (!cursor.scalarText(text) || !parseInt64(text, out)) cursor.skipUnreadable();
}

ExportAnswer answerFromJson(Bytes body) {
  ExportAnswer answer;
  ReadReport ignored;
  JsonCursor cursor(textOf(body), 0, ignored);
  cursor.advance();
  forEachMember(cursor, [&](JsonCursor& outer, std::string_view key) {
    if (key != "partialSuccess") return outer.skipValue();
    forEachMember(outer, [&](JsonCursor& inner, std::string_view name) {
      if (name == "rejectedSpans") {
        readRejected(inner, answer.rejectedSpans);
      } else if (name == "errorMessage") {
        inner.readText(answer.errorMessage);
      } else {
        inner.skipValue();
      }
    });
  });
  return cursor.failed() ? ExportAnswer{} : answer;
}

ExportAnswer answerFromProtobuf(Bytes body) {
  ExportTraceServiceResponse response;
  if (!parse(body, response)) return {};
  return {response.partial_success().rejected_spans(), response.partial_success().error_message()};
}

std::string statusMessageFromJson(Bytes body) {
  std::string message;
  ReadReport ignored;
  JsonCursor cursor(textOf(body), 0, ignored);
  cursor.advance();
  forEachMember(cursor, [&](JsonCursor& status, std::string_view key) {
    if (key == "message") {
      status.readText(message);
    } else {
      status.skipValue();
    }
  });
  return cursor.failed() ? std::string() : message;
}

}  // namespace

ExportAnswer parseExportAnswer(Bytes body, bool isJson) {
  ExportAnswer answer = isJson ? answerFromJson(body) : answerFromProtobuf(body);
  if (answer.rejectedSpans < 0) answer.rejectedSpans = 0;
  answer.errorMessage = shortened(answer.errorMessage);
  return answer;
}

std::string parseErrorMessage(Bytes body, bool isJson) {
  if (isJson) return shortened(statusMessageFromJson(body));
  google::rpc::Status status;
  return parse(body, status) ? shortened(status.message()) : std::string();
}

}  // namespace spandrel::otlp
