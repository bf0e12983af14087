// Times of traces: their text, and what the root gives.
#include <gtest/gtest.h>

#include "trace/finish_trace.h"
#include "trace/utc_time.h"

namespace spandrel::trace {
namespace {

TEST(UtcTime, WritesThreeDigitsOrNone) {
  EXPECT_EQ(utcTimeText(0), "1970-01-01T00:00:00Z");
  EXPECT_EQ(utcTimeText(1700000000123), "2023-11-14T22:13:20.123Z");
  EXPECT_EQ(utcTimeText(1700000000000), "2023-11-14T22:13:20Z");
  EXPECT_EQ(utcTimeText(1709208000005), "2024-02-29T12:00:00.005Z");
  EXPECT_EQ(utcTimeText(-1), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(utcTimeText(INT64_MAX), "9999-12-31T23:59:59.999Z");
  EXPECT_EQ(utcTimeText(INT64_MIN), "0001-01-01T00:00:00Z");
}

TEST(UtcTime, ReadsWhatItWrites) {
  for (int64_t millis = -62135596800000; millis < 253402300799999;
       millis += 86399999 * int64_t{97}) {
    const auto read = parseUtcTime(utcTimeText(millis));
    ASSERT_TRUE(read.ok()) << millis;
    ASSERT_EQ(read.value(), millis);
  }
}

TEST(UtcTime, ReadsOffsetsAndLongerFractions) {
  EXPECT_EQ(parseUtcTime("2023-11-14T23:13:20.123+01:00").value(), 1700000000123);
  EXPECT_EQ(parseUtcTime("2023-11-14T16:43:20.123999-05:30").value(), 1700000000123);
  EXPECT_EQ(parseUtcTime("2023-11-14T22:13:20.1Z").value(), 1700000000100);
}

TEST(UtcTime, RefusesEverythingElse) {
  const std::string text = "2023-11-14T22:13:20.123+01:00";
  for (size_t length = 0; length < text.size(); ++length) {
    EXPECT_FALSE(parseUtcTime(text.substr(0, length)).ok()) << length;
  }
  for (const char* each : {"2023-13-14T22:13:20Z", "2023-11-32T22:13:20Z", "2023-11-14T24:13:20Z",
                           "2023-11-14T22:60:20Z", "2023-11-14T22:13:20.Z", "2023-11-14T22:13:20Zx",
                           "1700000000123", "2023-11-14 ", "20231114T221320Z"}) {
    EXPECT_FALSE(parseUtcTime(each).ok()) << each;
  }
}

TEST(FinishTrace, TimesAreFloorsOfExactIntegers) {
  EXPECT_EQ(millisOfNanos(1234567890123456789), 1234567890123);
  EXPECT_EQ(durationMillis(1234567890123999999, 1234567890125000000), 1);
  EXPECT_EQ(durationMillis(10, 9), -1);
  EXPECT_EQ(durationMillis(5000000, 0), -5);
}

TEST(FinishTrace, OnlyAStateInProgressIsReplaced) {
  SpanData root;
  root.spanId.bytes[0] = 1;
  root.endTimeNs = 1;
  for (const auto& [code, state] :
       {std::pair{StatusCode::Unset, TraceState::Ok}, std::pair{StatusCode::Ok, TraceState::Ok},
        std::pair{StatusCode::Error, TraceState::Error}}) {
    root.status.code = code;
    TraceInfo fresh;
    TraceInfo decided;
    decided.state = TraceState::Ok;

    finishTraceInfo(fresh, root);
    finishTraceInfo(decided, root);

    EXPECT_EQ(fresh.state, state);
    EXPECT_EQ(decided.state, TraceState::Ok);
  }
}

TEST(FinishTrace, AnOpenRootKeepsTheTraceInProgress) {
  Trace trace;
  trace.spans.emplace_back();
  trace.spans[0].isOpen = true;
  trace.spans[0].startTimeNs = 5000000;

  EXPECT_TRUE(finishTrace(trace).ok());

  EXPECT_EQ(trace.info.state, TraceState::InProgress);
  EXPECT_FALSE(trace.info.executionDurationMillis);
  EXPECT_EQ(trace.info.requestTimeMillis, 5);
  EXPECT_EQ(trace.info.requestPreview, "");
}

TEST(FinishTrace, ParentsInARingAreSurvived) {
  Trace trace;
  trace.spans.resize(3);
  for (uint8_t i = 0; i < 3; ++i) {
    trace.spans[i].spanId.bytes[7] = static_cast<uint8_t>(i + 1);
    trace.spans[i].parentSpanId.bytes[7] = static_cast<uint8_t>((i + 1) % 3 + 1);
  }

  EXPECT_TRUE(finishTrace(trace).ok());
  EXPECT_EQ(trace.root(), nullptr);
}

}  // namespace
}  // namespace spandrel::trace
