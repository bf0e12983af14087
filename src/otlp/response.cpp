#include "otlp/response.h"

#include "base/number_text.h"
#include "otlp/fields.h"
#include "otlp/json_cursor.h"
#include "otlp/wire_reader.h"

namespace spandrel::otlp {
namespace {

// The two small messages are read field by field: the classes protobuf generates for them add
// about 7 kB (gzip) more to a module.

std::string shortened(std::string_view text) {
  // Four bytes a code point at most: what lies behind them need not be looked at.
  const bool isLong = text.size() > 4 * kMaxMessageCodePoints;
  std::string whole = sanitizeUtf8(isLong ? text.substr(0, 4 * kMaxMessageCodePoints + 4) : text);
  if (countCodePoints(whole) <= kMaxMessageCodePoints) return whole;
  return std::string(takeCodePoints(whole, kMaxMessageCodePoints - 3)) + "...";
}

std::string_view textOf(Bytes body) {
  return {reinterpret_cast<const char*>(body.data()), body.size()};
}

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

void readPartialSuccess(WireReader& reader, ExportAnswer& out) {
  while (reader.next()) {
    std::string_view text;
    switch (reader.field()) {
      case fields::partial_success::kRejectedSpans:
        reader.readInt64(out.rejectedSpans);
        break;
      case fields::partial_success::kErrorMessage:
        if (reader.readBytes(text)) out.errorMessage = shortened(text);
        break;
      default:
        reader.skip();
    }
  }
}

ExportAnswer answerFromProtobuf(Bytes body) {
  ExportAnswer answer;
  WireReader response(body);
  while (response.next()) {
    WireReader nested = response;
    if (response.field() != fields::export_response::kPartialSuccess) {
      response.skip();
    } else if (response.readMessage(nested)) {
      readPartialSuccess(nested, answer);
      response.adopt(nested);
    }
  }
  return response.failed() ? ExportAnswer{} : answer;
}

std::string statusMessageFromProtobuf(Bytes body) {
  std::string_view message;
  WireReader status(body);
  while (status.next()) {
    if (status.field() == fields::rpc_status::kMessage) {
      status.readBytes(message);
    } else {
      status.skip();
    }
  }
  return status.failed() ? std::string() : shortened(message);
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
  return isJson ? shortened(statusMessageFromJson(body)) : statusMessageFromProtobuf(body);
}

}  // namespace spandrel::otlp
