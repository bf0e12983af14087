// OTLP/JSON by the rules of the specification's JSON encoding, one table a rule.
#include <cmath>

#include "base/json_text.h"
#include "json_conformance.h"
#include "otlp/json_reader.h"
#include "otlp/sample_traces.h"

namespace spandrel::otlp {
namespace {

using trace::AnyValue;

struct Read {
  trace::SpanData span;
  ReadReport report;
};

Read readSpan(const std::string& members) {
  Read read;
  auto span = decodeSpanJson("{" + members + "}", read.report);
  EXPECT_TRUE(span.ok()) << members << ": " << (span.ok() ? "" : span.error().message);
  if (span.ok()) read.span = span.take();
  return read;
}

AnyValue readValue(const std::string& json, ReadReport& report) {
  auto value = decodeAnyValueJson(json, report);
  EXPECT_TRUE(value.ok()) << json;
  return value.ok() ? value.take() : AnyValue();
}

AnyValue readValue(const std::string& json) {
  ReadReport report;
  return readValue(json, report);
}

std::string oneSpan(const std::string& name) {
  return R"({"resourceSpans":[{"scopeSpans":[{"spans":[{"name":")" + name + R"("}]}]}]})";
}

std::vector<std::string> namesIn(const std::string& text, ReadReport& report) {
  CollectingSink sink;
  report = readTracesJson(text, sink);
  std::vector<std::string> names;
  for (const ResourceSpans& group : sink.take()) {
    for (const ScopeSpans& scope : group.scopes) {
      for (const trace::SpanData& span : scope.spans) names.push_back(span.name);
    }
  }
  return names;
}

TEST(JsonCases, WhatWeWriteIsWhatWeRead) {
  const TracesData traces = fullTraces();
  CollectingSink sink;
  const std::string text = jsonOf(traces);
  const ReadReport report = readTracesJson(text, sink);
  EXPECT_FALSE(report.failed) << report.error.message;
  EXPECT_FALSE(report.hasWarnings());
  EXPECT_EQ(report.spanCount, 4u);
  EXPECT_EQ(sink.take(), traces);
  EXPECT_EQ(text.find('\n'), std::string::npos);
}

TEST(JsonCases, WrittenTextIsExactlyThis) {
  trace::SpanData span = bareSpan();
  span.endTimeNs = 1581452772000000321;
  span.attributes = {{"d", AnyValue::of(std::nan(""))},
                     {"i", AnyValue::of(int64_t{9007199254740993})},
                     {"z", AnyValue::of(-0.0)},
                     {"b", AnyValue::bytes("\xfb\xff")},
                     {"n", AnyValue::empty()}};
  span.status = {trace::StatusCode::Ok, ""};
  std::string text;
  appendSpanJson(text, span, ValueForm::Wire);
  EXPECT_EQ(
      text,
      R"({"traceId":"00000000000000000000000000000001","spanId":"0000000000000002","name":"bare","kind":1,)"
      R"("startTimeUnixNano":"1","endTimeUnixNano":"1581452772000000321","attributes":[)"
      R"({"key":"d","value":{"doubleValue":"NaN"}},{"key":"i","value":{"intValue":"9007199254740993"}},)"
      R"({"key":"z","value":{"doubleValue":-0}},{"key":"b","value":{"bytesValue":"+/8="}},{"key":"n"}],)"
      R"("status":{"code":1}})");
}

TEST(JsonCases, J1IdsAreHexOfAnyCaseAndBase64WhereHexFails) {
  const std::string lower = "0af7651916cd43dd8448eb211c80319c";
  EXPECT_EQ(readSpan(R"("traceId":"0AF7651916CD43DD8448EB211C80319C","spanId":"B7aD6b7169203331")")
                .span.traceId.hex(),
            lower);
  EXPECT_EQ(readSpan(R"("traceId":"CvdlGRbNQ92ESOshHIAxnA==","spanId":"t61rcWkgMzE=")")
                .span.traceId.hex(),
            lower);
  EXPECT_EQ(readSpan(R"("spanId":"t61rcWkgMzE=")").span.spanId.hex(), "b7ad6b7169203331");
  for (const char* bad :
       {"0af", "0af7651916cd43dd8448eb211c80319", "0af7651916cd43dd8448eb211c80319cc",
        "zzf7651916cd43dd8448eb211c80319c", "\\u00000af7651916cd43dd8448eb211c8031", "=", "💥"}) {
    const Read read = readSpan(std::string(R"("traceId":")") + bad + '"');
    EXPECT_TRUE(read.span.traceId.isZero()) << bad;
    EXPECT_EQ(read.report.invalidIds, 1u) << bad;
  }
  for (const char* zero : {"\"\"", "null", "\"00000000000000000000000000000000\""}) {
    const Read read = readSpan(std::string(R"("traceId":)") + zero);
    EXPECT_TRUE(read.span.traceId.isZero());
    EXPECT_FALSE(read.report.hasWarnings()) << zero;
  }
  EXPECT_EQ(readSpan(R"("traceId":5,"spanId":[1],"parentSpanId":{"a":1})").report.unreadableValues,
            3u);
}

TEST(JsonCases, J2EnumsAreNumbersAndNamesAreTakenWithAWarning) {
  EXPECT_EQ(readSpan(R"("kind":3,"status":{"code":2})").report.enumNames, 0u);
  const Read named =
      readSpan(R"("kind":"SPAN_KIND_CLIENT","status":{"code":"STATUS_CODE_ERROR","message":"m"})");
  EXPECT_EQ(named.span.kind, trace::SpanKind::Client);
  EXPECT_EQ(named.span.status, (trace::Status{trace::StatusCode::Error, "m"}));
  EXPECT_EQ(named.report.enumNames, 2u);
  EXPECT_EQ(readSpan(R"("kind":"3")").span.kind, trace::SpanKind::Client);
  EXPECT_EQ(static_cast<int>(readSpan(R"("kind":99)").span.kind), 99);
  EXPECT_EQ(readSpan(R"("status":{"code":7})").span.status.code, trace::StatusCode::Unset);
  const Read wrong = readSpan(R"("kind":"NO_SUCH","status":{"code":[]})");
  EXPECT_EQ(wrong.span.kind, trace::SpanKind::Unspecified);
  EXPECT_EQ(wrong.report.unreadableValues, 2u);
}

TEST(JsonCases, J3SnakeCaseKeysAreTakenWithAWarning) {
  ReadReport report;
  const std::string text =
      R"({"resource_spans":[{"schema_url":"u","scope_spans":[{"spans":[{"start_time_unix_nano":"5","name":"s",)"
      R"("attributes":[{"key":"a","value":{"string_value":"x"}}],"no_such_key":{"a_b":1}}]}]}]})";
  CollectingSink sink;
  report = readTracesJson(text, sink);
  const TracesData traces = sink.take();
  ASSERT_EQ(traces.size(), 1u);
  const trace::SpanData& span = traces[0].scopes[0].spans[0];
  EXPECT_EQ(span.startTimeNs, 5u);
  EXPECT_EQ(span.attributes[0].value, AnyValue::string("x"));
  EXPECT_EQ(traces[0].resource.schemaUrl, "u");
  EXPECT_EQ(report.snakeCaseKeys, 5u);
}

TEST(JsonCases, J4IntegersAreExactFromStringsAndNumbers) {
  const struct {
    const char* json;
    AnyValue value;
    size_t unreadable;
  } cases[] = {
      {R"("9007199254740993")", AnyValue::of(int64_t{9007199254740993}), 0},
      {"9007199254740993", AnyValue::of(int64_t{9007199254740993}), 0},
      {"-9223372036854775808", AnyValue::of(INT64_MIN), 0},
      {R"("9223372036854775807")", AnyValue::of(INT64_MAX), 0},
      {R"("1e3")", AnyValue::of(int64_t{1000}), 0},
      {"1.0", AnyValue::of(int64_t{1}), 0},
      {"-0", AnyValue::of(int64_t{0}), 0},
      {R"("\u0031")", AnyValue::of(int64_t{1}), 0},
      // What is no 64-bit integer is kept as text.
      {R"(" 1")", AnyValue::string(" 1"), 1},
      {"9223372036854775808", AnyValue::string("9223372036854775808"), 1},
      {R"("-9223372036854775809")", AnyValue::string("-9223372036854775809"), 1},
      {"1.5", AnyValue::string("1.5"), 1},
      {"1e300", AnyValue::string("1e300"), 1},
      {R"("x")", AnyValue::string("x"), 1},
      {"true", AnyValue::string("true"), 1},
      {"[1]", AnyValue::empty(), 1},
      {"null", AnyValue::empty(), 0},
  };
  for (const auto& c : cases) {
    ReadReport report;
    EXPECT_EQ(readValue(std::string(R"({"intValue":)") + c.json + "}", report), c.value) << c.json;
    EXPECT_EQ(report.unreadableValues, c.unreadable) << c.json;
  }
}

TEST(JsonCases, J5DoublesRoundTripAndHaveNames) {
  const struct {
    const char* json;
    double value;
  } cases[] = {{"1.5", 1.5},
               {"\"1.5\"", 1.5},
               {"1", 1},
               {"-0", -0.0},
               {"\"-0\"", -0.0},
               {"1e300", 1e300},
               {"5e-324", 5e-324},
               {"0.1", 0.1},
               {"90.33333333333333", 90.33333333333333},
               {"\"Infinity\"", HUGE_VAL},
               {"\"-Infinity\"", -HUGE_VAL},
               {"1E400", HUGE_VAL},
               {"9007199254740993", 9007199254740992.0}};
  for (const auto& c : cases) {
    const AnyValue value = readValue(std::string(R"({"doubleValue":)") + c.json + "}");
    EXPECT_EQ(value, AnyValue::of(c.value)) << c.json;
    std::string text;
    appendAnyValueJson(text, value, ValueForm::Typed);
    EXPECT_EQ(readValue(text), value) << text;
  }
  EXPECT_TRUE(std::isnan(readValue(R"({"doubleValue":"NaN"})").number));
  EXPECT_EQ(readValue(R"({"doubleValue":"abc"})"), AnyValue::string("abc"));
  ReadReport report;
  for (const char* bare : {"NaN", "Infinity", "-Infinity"}) {
    EXPECT_FALSE(decodeAnyValueJson(std::string(R"({"doubleValue":)") + bare + "}", report).ok())
        << bare;
  }
}

TEST(JsonCases, J6BytesAreBase64OfEitherAlphabetWithOrWithoutPadding) {
  for (const char* text : {"+/8=", "-_8=", "+/8", "-_8", "-/8="}) {
    EXPECT_EQ(readValue(std::string(R"({"bytesValue":")") + text + "\"}"),
              AnyValue::bytes("\xfb\xff"))
        << text;
  }
  EXPECT_EQ(readValue(R"({"bytesValue":""})"), AnyValue::bytes(""));
  ReadReport report;
  EXPECT_EQ(readValue(R"({"bytesValue":"no base64!"})", report), AnyValue::string("no base64!"));
  EXPECT_EQ(report.unreadableValues, 1u);
}

TEST(JsonCases, J7UnknownMembersArePassedOverEverywhere) {
  std::string text = jsonOf(fullTraces());
  const TracesData expected = fullTraces();
  // Every object gets a first member nobody knows.
  std::string noisy;
  bool isInString = false;
  for (size_t i = 0; i < text.size(); ++i) {
    noisy += text[i];
    if (text[i] == '"' && (i == 0 || text[i - 1] != '\\')) isInString = !isInString;
    if (text[i] != '{' || isInString) continue;
    noisy += R"("x":{"y":[1,"}",null,{"spans":[{"name":"no"}]}],"traceId":5})";
    if (text[i + 1] != '}') noisy += ',';
  }
  CollectingSink sink;
  const ReadReport report = readTracesJson(noisy, sink);
  EXPECT_FALSE(report.failed) << report.error.message;
  EXPECT_FALSE(report.hasWarnings());
  EXPECT_EQ(sink.take(), expected);
}

TEST(JsonCases, J8NullIsAbsentForEveryMember) {
  const Read read = readSpan(
      R"("traceId":null,"spanId":null,"parentSpanId":null,"traceState":null,"name":null,"kind":null,)"
      R"("startTimeUnixNano":null,"endTimeUnixNano":null,"attributes":null,"droppedAttributesCount":null,"events":null,)"
      R"("droppedEventsCount":null,"links":null,"droppedLinksCount":null,"status":null,"flags":null)");
  trace::SpanData empty;
  empty.kind = trace::SpanKind::Unspecified;
  EXPECT_EQ(read.span, empty);
  EXPECT_FALSE(read.report.hasWarnings());

  const Read inner = readSpan(
      R"("attributes":[null,{"key":null,"value":null},{"key":"k","value":{"stringValue":null}}],"events":[null,{"name":null}],)"
      R"("links":[null,{"attributes":null}],"status":{"code":null,"message":null})");
  EXPECT_EQ(inner.span.attributes.size(), 2u);
  EXPECT_EQ(inner.span.events.size(), 1u);
  EXPECT_EQ(inner.span.links.size(), 1u);
  EXPECT_FALSE(inner.report.hasWarnings());

  ReadReport report;
  for (const char* text :
       {"null", R"({"resourceSpans":null})", R"({"resourceSpans":[null]})",
        R"({"resourceSpans":[{"resource":null,"scopeSpans":null,"schemaUrl":null}]})",
        R"({"resourceSpans":[{"scopeSpans":[null,{"scope":null,"spans":null}]}]})"}) {
    EXPECT_TRUE(namesIn(text, report).empty());
    EXPECT_FALSE(report.failed) << text;
    EXPECT_FALSE(report.hasWarnings()) << text;
  }
}

TEST(JsonCases, J9TimesKeepEveryNanosecond) {
  for (const char* time :
       {"\"1581452772000000321\"", "1581452772000000321", "1.581452772000000321e18"}) {
    EXPECT_EQ(readSpan(std::string(R"("startTimeUnixNano":)") + time).span.startTimeNs,
              1581452772000000321u)
        << time;
  }
  EXPECT_EQ(readSpan(R"("endTimeUnixNano":"18446744073709551615")").span.endTimeNs, UINT64_MAX);
  for (const char* bad :
       {"-1", "\"-1\"", "18446744073709551616", "1.5", "\"yesterday\"", "true", "{}"}) {
    const Read read = readSpan(std::string(R"("startTimeUnixNano":)") + bad);
    EXPECT_EQ(read.span.startTimeNs, 0u) << bad;
    EXPECT_EQ(read.report.unreadableValues, 1u) << bad;
  }
}

TEST(JsonCases, J10LastOfARepeatedMemberWins) {
  const Read read = readSpan(
      R"("name":"a","name":"b","attributes":[{"key":"x"},{"key":"y"}],"attributes":[{"key":"z","key":"w"}],)"
      R"("status":{"code":2},"status":{"message":"m"})");
  EXPECT_EQ(read.span.name, "b");
  ASSERT_EQ(read.span.attributes.size(), 1u);
  EXPECT_EQ(read.span.attributes[0].key, "w");
  EXPECT_EQ(read.span.status, (trace::Status{trace::StatusCode::Unset, "m"}));
  EXPECT_EQ(readValue(R"({"stringValue":"a","intValue":"1"})"), AnyValue::of(int64_t{1}));
}

TEST(JsonCases, J11TextsAreWellFormedAndEscapedWhereNeeded) {
  std::string text;
  appendAnyValueJson(text,
                     AnyValue::string(std::string("\0\x01\x1f\n\r\t\"\\/\x7f", 10) +
                                      "\xC2\x85\xE2\x80\xA8\xE2\x80\xA9"
                                      "é😀\xff\xed\xa0\x80"),
                     ValueForm::Typed);
  EXPECT_EQ(
      text,
      "{\"stringValue\":\"\\u0000\\u0001\\u001f\\n\\r\\t\\\"\\\\/\\u007f\\u0085\\u2028\\u2029é😀"
      "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"}");

  const struct {
    const char* json;
    std::string name;
    size_t repaired;
  } cases[] = {
      {R"(\ud83d\ude00)", "😀", 0},
      {R"(\ud800)", "\uFFFD", 1},
      {R"(a\udc00b)", "a\uFFFDb", 1},
      {R"(\ud800\u0041)", "\uFFFDA", 1},
      {R"(\ufffd)", "\uFFFD", 0},
      {"\xff", "\uFFFD", 1},
      {R"(\u0000)", std::string(1, '\0'), 0},
      {R"(\/\b\f)", "/\b\f", 0},
      {"\xC2\x80", "\xC2\x80", 0},
  };
  for (const auto& c : cases) {
    const Read read = readSpan(std::string(R"("name":")") + c.json + '"');
    EXPECT_EQ(read.span.name, c.name) << c.json;
    EXPECT_EQ(read.report.repairedTexts, c.repaired) << c.json;
  }
}

TEST(JsonCases, J11EveryCodePointSurvives) {
  std::string all;
  for (uint32_t codePoint = 0; codePoint < 0x3000; ++codePoint) appendUtf8(all, codePoint);
  for (uint32_t codePoint = 0xE000; codePoint < 0x110000; codePoint += 257)
    appendUtf8(all, codePoint);
  std::string text;
  appendAnyValueJson(text, AnyValue::string(all), ValueForm::Typed);
  EXPECT_EQ(readValue(text), AnyValue::string(all));
}

TEST(JsonCases, J12EmptyListsAreLeftOutAndZerosEqualAbsence) {
  std::string text;
  appendSpanJson(text, bareSpan(), ValueForm::Wire);
  for (const char* key :
       {"attributes", "events", "links", "dropped", "status", "flags", "endTime"}) {
    EXPECT_EQ(text.find(key), std::string::npos) << key;
  }
  const Read zeros = readSpan(
      R"("kind":0,"startTimeUnixNano":"0","endTimeUnixNano":0,"attributes":[],"droppedAttributesCount":0,"events":[],)"
      R"("links":[],"status":{},"flags":0,"name":"","traceState":"","parentSpanId":"")");
  EXPECT_EQ(zeros.span, readSpan("").span);
  EXPECT_EQ(readValue(R"({"arrayValue":{}})"), AnyValue::array({}));
  EXPECT_EQ(readValue(R"({"kvlistValue":{"values":[]}})"), AnyValue::map({}));
  EXPECT_EQ(readValue(R"({"stringValue":""})"), AnyValue::string(""));
  EXPECT_EQ(readValue("{}"), AnyValue::empty());
}

TEST(JsonCases, J13LinesConcatenationsAndArraysAreRead) {
  ReadReport report;
  const std::vector<std::string> both = {"a", "b"};
  EXPECT_EQ(namesIn(oneSpan("a") + "\n" + oneSpan("b") + "\n", report), both);
  EXPECT_EQ(namesIn(oneSpan("a") + "\r\n\r\n" + oneSpan("b"), report), both);
  EXPECT_EQ(namesIn(oneSpan("a") + oneSpan("b"), report), both);
  EXPECT_EQ(namesIn("[" + oneSpan("a") + "," + oneSpan("b") + "]", report), both);
  EXPECT_EQ(namesIn("\xEF\xBB\xBF" + oneSpan("a") + "[" + oneSpan("b") + "]", report), both);
  EXPECT_EQ(namesIn(R"({"result":)" + oneSpan("a") + "}\n" + R"({"result":)" + oneSpan("b") + "}",
                    report),
            both);
  EXPECT_FALSE(report.failed);
  EXPECT_EQ(report.spanCount, 2u);
}

TEST(JsonCases, J13ALastLineThatIsCutKeepsWhatCameBefore) {
  const std::string whole = oneSpan("a") + "\n" + oneSpan("b") + "\n";
  const std::string last = oneSpan("c");
  for (size_t length = 1; length < last.size(); ++length) {
    ReadReport report;
    const std::vector<std::string> names = namesIn(whole + last.substr(0, length), report);
    ASSERT_GE(names.size(), 2u) << length;
    EXPECT_TRUE(report.failed);
    EXPECT_EQ(report.error.code, ErrorCode::Truncated) << last.substr(0, length);
    EXPECT_GE(report.error.offset, whole.size());
    EXPECT_LE(report.error.offset, whole.size() + length);
  }
}

TEST(JsonCases, OldInstrumentationLibrarySpansAreRead) {
  CollectingSink sink;
  readTracesJson(
      R"({"resourceSpans":[{"instrumentationLibrarySpans":[{"spans":[{"name":"s"}],)"
      R"("instrumentationLibrary":{"name":"lib","version":"1"}}],"resource":{"attributes":[{"key":"k"}]}}]})",
      sink);
  const TracesData traces = sink.take();
  ASSERT_EQ(traces.size(), 1u);
  EXPECT_EQ(traces[0].scopes[0].scope.name, "lib");
  EXPECT_EQ(traces[0].scopes[0].spans[0].name, "s");
  EXPECT_EQ(traces[0].resource.attributes.size(), 1u);
}

TEST(JsonCases, EveryTruncationIsAnErrorAtAPlaceInTheInput) {
  const std::string text = jsonOf(fullTraces());
  for (size_t length = 0; length < text.size(); ++length) {
    CollectingSink sink;
    const ReadReport report = readTracesJson(std::string_view(text).substr(0, length), sink);
    EXPECT_TRUE(report.failed) << length;
    EXPECT_LE(report.error.offset, length);
  }
}

TEST(JsonCases, WhatIsNoJsonIsRefusedWithItsOffset) {
  const struct {
    const char* text;
    size_t offset;
  } cases[] = {{"", 0},
               {"  ", 2},
               {"x", 0},
               {"5", 0},
               {"\"text\"", 0},
               {"true", 0},
               {"{]", 1},
               {"{\"a\":1,}", 7},
               {"{} x", 3},
               {"[{},5]", 4},
               {"{'a':1}", 1},
               {"{\"a\":01}", 6},
               {"{\"a\":+1}", 5},
               {"{\"a\":NaN}", 5},
               {"\xff\xfe{\0}\0", 0},
               {"{\"a\":\"\x01\"}", 6}};
  for (const auto& c : cases) {
    CollectingSink sink;
    const ReadReport report = readTracesJson(c.text, sink);
    EXPECT_TRUE(report.failed) << c.text;
    EXPECT_EQ(report.error.offset, c.offset) << c.text << ": " << report.error.message;
    EXPECT_FALSE(report.error.message.empty());
  }
}

TEST(JsonConformance, AMemberOfAnyKindIsPassedOverAndNoneThatIsNoJson) {
  CollectingSink sink;
  for (const auto& [name, text] : test::jsonToTake()) {
    EXPECT_FALSE(readTracesJson("{\"x\":" + text + "}", sink).failed) << name;
  }
  for (const auto& [name, text] : test::jsonToRefuse()) {
    const std::string request = oneSpan("before") + "{\"x\":" + text + "}";
    const ReadReport report = readTracesJson(request, sink);
    EXPECT_TRUE(report.failed) << name;
    EXPECT_EQ(report.spanCount, 1u) << name;
    EXPECT_GE(report.error.offset, oneSpan("before").size()) << name;
    EXPECT_LE(report.error.offset, request.size()) << name;
  }
  EXPECT_FALSE(readTracesJson("\xEF\xBB\xBF" + oneSpan("a"), sink).failed);
}

}  // namespace
}  // namespace spandrel::otlp
