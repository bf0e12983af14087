#include "manager/live_span.h"

#include <gtest/gtest.h>

#include "manager/span.h"
#include "record/portable.h"
#include "span_builder.h"
#include "trace/constants.h"

namespace spandrel::manager {
namespace {

using trace::AnyValue;
using trace::StatusCode;
namespace key = trace::attribute_key;

std::vector<std::string> keysOf(const trace::SpanData& span) {
  std::vector<std::string> keys;
  for (const trace::Attribute& each : span.attributes) keys.push_back(each.key);
  return keys;
}

std::shared_ptr<SpanRuntime> withLimits(SpanLimits limits) {
  auto runtime = std::make_shared<SpanRuntime>();
  runtime->limits = limits;
  return runtime;
}

AnyValue number(int64_t value) {
  return AnyValue::of(value);
}

TEST(LiveSpan, StartsWithTraceIdAndTypeAndEndsWithStatusAndLevel) {
  const auto span = makeSpan(traceId(1), 1);
  EXPECT_TRUE(span->end({}, 2'000'000'000));

  const trace::SpanData data = span->data();
  EXPECT_EQ(keysOf(data),
            (std::vector<std::string>{std::string(key::kTraceId), std::string(key::kSpanType),
                                      std::string(key::kLogLevel)}));
  EXPECT_EQ(data.find(key::kSpanType)->text, "UNKNOWN");
  EXPECT_EQ(data.find(key::kLogLevel)->integer, 10);
  EXPECT_EQ(data.status.code, StatusCode::Ok);
  EXPECT_EQ(data.endTimeNs, 2'000'000'000u);
}

TEST(LiveSpan, OkIsFinalErrorMayBecomeOkAndUnsetChangesNothing) {
  const auto span = makeSpan(traceId(1), 1);
  span->setStatus(StatusCode::Error, "broke");
  span->setStatus(StatusCode::Unset);
  EXPECT_EQ(span->status(), (trace::Status{StatusCode::Error, "broke"}));
  span->setStatus(StatusCode::Ok, "descriptions are for errors");
  EXPECT_EQ(span->status(), (trace::Status{StatusCode::Ok, ""}));
  span->setStatus(StatusCode::Error, "late");
  EXPECT_EQ(span->status().code, StatusCode::Ok);
}

TEST(LiveSpan, ErrorStaysAtTheEnd) {
  const auto span = makeSpan(traceId(1), 1);
  span->setStatus(StatusCode::Error, "broke");
  span->end({}, 5'000'000'000);
  EXPECT_EQ(span->status(), (trace::Status{StatusCode::Error, "broke"}));
}

TEST(LiveSpan, AnUnknownStatusIsRefusedAndChangesNothing) {
  const auto span = makeSpan(traceId(1), 1);
  EXPECT_EQ(span->setStatus("ok").error().code, ErrorCode::InvalidParameterValue);
  EXPECT_EQ(span->status().code, StatusCode::Unset);
}

TEST(LiveSpan, SettingAKeyAgainMovesItToTheEnd) {
  const auto span = makeSpan(traceId(1), 1);
  span->setAttribute("a", number(1));
  span->setAttribute("b", number(2));
  span->setAttribute("a", number(3));

  const trace::SpanData data = span->data();
  EXPECT_EQ(data.attributes[2].key, "b");
  EXPECT_EQ(data.attributes[3].key, "a");
  EXPECT_EQ(data.attributes[3].value, number(3));
}

TEST(LiveSpan, EndTakesTimeThenAttributesThenOutputsThenStatus) {
  const auto span = makeSpan(traceId(1), 1);
  EndOptions options;
  options.endTimeNs = 7'000'000'000;
  options.attributes = {{"k", number(1)}};
  options.outputsJson = R"({"a":1})";
  options.status = "ERROR";
  EXPECT_TRUE(span->end(options, 1));

  const trace::SpanData data = span->data();
  EXPECT_EQ(data.endTimeNs, 7'000'000'000u);
  EXPECT_EQ(data.attributes[2].key, "k");
  EXPECT_EQ(data.attributes[3].key, key::kOutputs);
  EXPECT_EQ(data.status.code, StatusCode::Error);
}

TEST(LiveSpan, WrongEndOptionsAreLoggedAndTheSpanEnds) {
  std::vector<std::string> messages;
  auto runtime = std::make_shared<SpanRuntime>();
  runtime->logger = [&](LogSeverity, const std::string& message) { messages.push_back(message); };
  const auto span = makeSpan(traceId(1), 1, 0, "span", runtime);
  EndOptions options;
  options.status = "BOGUS";
  options.outputsJson = "{half";
  EXPECT_TRUE(span->end(options, 5'000'000'000));
  EXPECT_EQ(messages.size(), 2u);
  EXPECT_EQ(span->status().code, StatusCode::Ok);
}

TEST(LiveSpan, AnEndedSpanIgnoresEverything) {
  const auto span = makeSpan(traceId(1), 1);
  span->end({}, 2'000'000'000);
  const trace::SpanData before = span->data();

  EXPECT_FALSE(span->end({}, 9'000'000'000));
  EXPECT_TRUE(span->setAttribute("late", number(1)).ok());
  EXPECT_TRUE(span->setInputs("1").ok());
  span->setStatus(StatusCode::Error, "late");
  span->setSpanType("LLM");
  span->addEvent({"late", 1, {}, 0});
  EXPECT_TRUE(span->addLink({"tr-1", "1", {}, "", 0}).ok());
  span->recordException("E", "late", "", 1);

  EXPECT_EQ(span->data(), before);
}

TEST(LiveSpan, AnEndBeforeTheStartGivesLengthZero) {
  const auto span = makeSpan(traceId(1), 1);
  span->end({}, 5);
  EXPECT_EQ(span->endTimeNs(), span->startTimeNs());
}

TEST(LiveSpan, StructuresBecomeTextAndArraysOfOneKindStay) {
  const auto span = makeSpan(traceId(1), 1);
  span->setAttribute("map", AnyValue::map({{"a", number(1)}, {"b", AnyValue::empty()}}));
  span->setAttribute("mixed", AnyValue::array({number(1), AnyValue::string("x")}));
  span->setAttribute("numbers", AnyValue::array({number(1), AnyValue::of(0.5)}));
  span->setAttribute("none", AnyValue::array({}));

  const trace::SpanData data = span->data();
  EXPECT_EQ(*data.find("map"), AnyValue::json(R"({"a":1,"b":null})"));
  EXPECT_EQ(*data.find("mixed"), AnyValue::json(R"([1,"x"])"));
  EXPECT_EQ(data.find("numbers")->kind, AnyValue::Kind::Array);
  EXPECT_EQ(data.find("none")->kind, AnyValue::Kind::Array);
}

TEST(LiveSpan, InputsThatAreNoJsonAreRefused) {
  const auto span = makeSpan(traceId(1), 1);
  EXPECT_EQ(span->setInputs("{").error().code, ErrorCode::InvalidParameterValue);
  EXPECT_EQ(span->data().find(key::kInputs), nullptr);
}

TEST(LiveSpan, AttributesOverTheLimitAreCountedAndReservedKeysAreNot) {
  const auto span = makeSpan(traceId(1), 1, 0, "span", withLimits({.attributes = 2}));
  span->setAttribute("a", number(1));
  span->setAttribute("b", number(1));
  span->setAttribute("c", number(1));
  span->setAttribute("a", number(2));  // known: no new one
  span->setInputs("{}");
  span->setAttribute("session.id", AnyValue::string("s"));
  span->setAttribute("user.id", AnyValue::string("u"));

  const trace::SpanData data = span->data();
  EXPECT_EQ(data.droppedAttributes, 1u);
  EXPECT_EQ(data.find("c"), nullptr);
  EXPECT_NE(data.find(key::kInputs), nullptr);
  EXPECT_NE(data.find("session.id"), nullptr);
  EXPECT_NE(data.find("user.id"), nullptr);
}

TEST(LiveSpan, TheNewestEventsAndTheFirstLinksAreKept) {
  const auto span = makeSpan(traceId(1), 1, 0, "span",
                             withLimits({.events = 2, .links = 2, .attributesPerEvent = 1}));
  for (uint64_t i = 1; i <= 3; ++i) {
    span->addEvent({"e" + std::to_string(i), i, {{"a", number(1)}, {"b", number(2)}}, 0});
    EXPECT_TRUE(span->addLink({std::to_string(i), "1", {}, "", 0}).ok());
  }

  const trace::SpanData data = span->data();
  EXPECT_EQ(data.events[0].name, "e2");
  EXPECT_EQ(data.events[0].droppedAttributes, 1u);
  EXPECT_EQ(data.droppedEvents, 1u);
  EXPECT_EQ(data.links[0].mlflowTraceId, "1");
  EXPECT_EQ(data.droppedLinks, 1u);
}

TEST(LiveSpan, LongValuesAreCutBetweenCharactersAndReservedOnesAreNot) {
  const auto span = makeSpan(traceId(1), 1, 0, "span", withLimits({.valueLength = 3}));
  span->setAttribute("ascii", AnyValue::string("abcdef"));
  span->setAttribute("astral",
                     AnyValue::string("ab\xF0\x9F\x98\x80"));  // the emoji takes two units
  span->setAttribute("list", AnyValue::array({AnyValue::string("abcdef")}));
  span->setDescription("longer than three");

  const trace::SpanData data = span->data();
  EXPECT_EQ(data.find("ascii")->text, "abc");
  EXPECT_EQ(data.find("astral")->text, "ab");
  EXPECT_EQ(data.find("list")->items[0].text, "abc");
  EXPECT_EQ(data.find(key::kDescription)->text, "longer than three");
}

TEST(LiveSpan, ExceptionsRaiseTheLevelToErrorAndLeaveCriticalAlone) {
  const auto plain = makeSpan(traceId(1), 1);
  plain->recordException("ValueError", "wrong", "at line 1", 5);
  EXPECT_EQ(plain->attribute(key::kLogLevel)->integer, 40);
  EXPECT_EQ(plain->status(), (trace::Status{StatusCode::Error, "ValueError: wrong"}));

  const auto critical = makeSpan(traceId(1), 2);
  critical->setLogLevel(50);
  critical->addEvent({"exception", 5, {}, 0});
  EXPECT_EQ(critical->attribute(key::kLogLevel)->integer, 50);
  EXPECT_EQ(critical->status().code, StatusCode::Unset);

  const auto info = makeSpan(traceId(1), 3);
  info->recordException("E", "m", "", 5);
  info->setLogLevel(20);
  info->end({}, 5'000'000'000);
  EXPECT_EQ(info->attribute(key::kLogLevel)->integer, 20);
}

TEST(LiveSpan, TheDefaultLevelFollowsTheType) {
  for (const char* type : {"LLM", "CHAT_MODEL", "TOOL", "RETRIEVER", "AGENT", "EMBEDDING"})
    EXPECT_EQ(defaultLogLevel(type), 20) << type;
  for (const char* type : {"CHAIN", "UNKNOWN", "", "own type"})
    EXPECT_EQ(defaultLogLevel(type), 10) << type;
}

TEST(LiveSpan, LevelsAreReadByNameInAnyCase) {
  EXPECT_EQ(parseLogLevel("warning").value(), 30);
  EXPECT_EQ(parseLogLevel("CRITICAL").value(), 50);
  EXPECT_FALSE(parseLogLevel("20").ok());
}

TEST(LiveSpan, LinksKeepWhatTheCallerWrote) {
  const auto span = makeSpan(traceId(1), 1);
  ASSERT_TRUE(
      span->addLink({"tr-3b732568182fefa857e0595d05e63834", "00f067aa0ba902b7", {}, "", 0}).ok());
  ASSERT_TRUE(span->addLink({"3b732568182fefa857e0595d05e63834", "2b7", {}, "", 0}).ok());

  const trace::SpanData data = span->data();
  EXPECT_EQ(data.links[0].mlflowTraceId, "");
  EXPECT_EQ(data.links[1].mlflowTraceId, "3b732568182fefa857e0595d05e63834");
  EXPECT_EQ(data.links[1].mlflowSpanId, "2b7");
  EXPECT_EQ(data.links[1].spanId.hex(), "00000000000002b7");
}

TEST(LiveSpan, InvalidLinksAreRefused) {
  const auto span = makeSpan(traceId(1), 1);
  for (const auto& [trace, id] : {std::pair<const char*, const char*>{"zz", "1"},
                                  {"tr-1", "zz"},
                                  {"", "1"},
                                  {"1", ""},
                                  {"0", "1"},
                                  {"1", "0"},
                                  {"100000000000000000000000000000000", "1"},
                                  {"1", "10000000000000000"},
                                  {"trace:/a.b", "1"},
                                  {"trace:/other/0000000000000000000000000000000a", "1"}}) {
    EXPECT_EQ(span->addLink({trace, id, {}, "", 0}).error().code, ErrorCode::InvalidParameterValue)
        << trace << " " << id;
  }
  EXPECT_TRUE(span->data().links.empty());
}

TEST(LiveSpan, ProcessorsMaySetValuesAndANestedEndIsIgnored) {
  auto runtime = std::make_shared<SpanRuntime>();
  bool nested = true;
  StatusCode seen = StatusCode::Ok;
  runtime->processors.push_back([&](LiveSpan& span) {
    seen = span.status().code;
    nested = span.end({}, 9'000'000'000);
    span.setAttribute("by", AnyValue::string("processor"));
    span.setStatus(StatusCode::Error, "found something");
  });
  const auto span = makeSpan(traceId(1), 1, 0, "span", runtime);
  span->end({}, 2'000'000'000);

  EXPECT_FALSE(nested);
  EXPECT_EQ(seen, StatusCode::Unset);
  EXPECT_EQ(span->attribute("by")->text, "processor");
  EXPECT_EQ(span->status(), (trace::Status{StatusCode::Error, "found something"}));
}

TEST(LiveSpan, AWithheldSpanMakesNoRecord) {
  auto runtime = std::make_shared<SpanRuntime>();
  runtime->beforeSeal = [](LiveSpan&) { return false; };
  std::vector<EndOutcome> outcomes;
  runtime->spanHasEnded = [&](const LiveSpan&, record::RecordRef record, EndOutcome outcome) {
    EXPECT_FALSE(record);
    outcomes.push_back(outcome);
  };
  makeSpan(traceId(1), 1, 0, "span", runtime)->end({}, 1);
  EXPECT_EQ(outcomes, std::vector<EndOutcome>{EndOutcome::Withheld});
}

TEST(LiveSpan, ItsRecordDecodesToItsData) {
  LiveSpanOptions options;
  options.traceId = traceId(1);
  options.spanId = spanId(2);
  options.parentSpanId = spanId(1);
  options.hasRemoteParent = true;
  options.traceIdText = "trace:/cat.sch/00000000000000000000000000000001";
  options.experimentId = "7";
  options.traceState = "a=b";
  options.name = "Grüße";
  options.kind = trace::SpanKind::Client;
  options.spanType = "LLM";
  options.startTimeNs = 1'700'000'000'123'456'789;
  options.startTimeWasGiven = true;
  options.ordinal = 3;
  record::RecordRef made;
  auto runtime = std::make_shared<SpanRuntime>();
  runtime->spanHasEnded = [&](const LiveSpan&, record::RecordRef record, EndOutcome) {
    made = std::move(record);
  };
  const auto span = LiveSpan::start(options, runtime);
  span->setInputs(R"({"q":[1,2]})");
  span->setAttribute("pi", AnyValue::of(3.5));
  span->addEvent({"e", 5, {{"k", AnyValue::string("v")}}, 0});
  ASSERT_TRUE(span->addLink({"tr-3b732568182fefa857e0595d05e63834",
                             "00f067aa0ba902b7",
                             {{"n", number(1)}},
                             "c=d",
                             1})
                  .ok());
  span->setStatus(StatusCode::Error, "broke");
  const trace::SpanData open = span->data();
  EXPECT_EQ(record::decodeRecord(span->snapshot().words(), record::TextTable()), open);
  span->end({}, 1'700'000'001'000'000'000);

  ASSERT_TRUE(made);
  EXPECT_EQ(record::decodeRecord(made.words(), record::TextTable()), span->data());
  EXPECT_EQ(made.flags() & record::flags::kTypeWasSet, record::flags::kTypeWasSet);
}

TEST(Span, DoesNotFollowTheLiveSpanItWasTakenFrom) {
  const auto live = makeSpan(traceId(1), 1);
  live->setInputs("1");
  const Span span = live->toImmutableSpan();
  live->setInputs("2");

  EXPECT_EQ(span.inputs()->integer, 1);
  EXPECT_EQ(span.endTimeNs(), std::nullopt);
  EXPECT_EQ(span.parentId(), std::nullopt);
  EXPECT_EQ(span.spanType(), "UNKNOWN");
  EXPECT_EQ(span.traceId(), trace::generateTraceIdV3(traceId(1)));
}

TEST(Span, ParsesAnAttributeOnceHoweverOftenItIsRead) {
  const auto live = makeSpan(traceId(1), 1);
  live->setInputs("[" + std::string(1000, '1') + "]");
  const Span span = live->toImmutableSpan();
  const trace::ValuePointer first = span.inputs();
  for (int i = 0; i < 100; ++i) EXPECT_EQ(span.inputs(), first);
  EXPECT_EQ(span.attributes().decodeCount(), 1u);
}

}  // namespace
}  // namespace spandrel::manager
