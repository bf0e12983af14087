#include "query/filter_fields.h"

#include <initializer_list>

#include "trace/constants.h"

namespace spandrel::query {
namespace {

constexpr size_t kMaxExcerptBytes = 60;

struct NamedField {
  const char* name;
  Field field;
  const char* key;  // of fields that are stored as a tag or in the metadata
};

constexpr NamedField kTraceFields[] = {
    {"name", Field::Tag, trace::tag_key::kTraceName.data()},
    {"status", Field::Status, ""},
    {"timestamp_ms", Field::TimestampMs, ""},
    {"timestamp", Field::TimestampMs, ""},
    {"end_time_ms", Field::EndTimeMs, ""},
    {"end_time", Field::EndTimeMs, ""},
    {"execution_time_ms", Field::ExecutionTimeMs, ""},
    {"execution_time", Field::ExecutionTimeMs, ""},
    {"request_id", Field::RequestId, ""},
    {"client_request_id", Field::ClientRequestId, ""},
    {"run_id", Field::Metadata, trace::metadata_key::kSourceRun.data()},
    {"prompt", Field::Prompt, ""},
    {"experiment_id", Field::ExperimentId, ""},
};
constexpr const char* kTraceFieldNames =
    "name, status, timestamp_ms, end_time_ms, execution_time_ms, request_id, client_request_id, "
    "run_id, prompt, trace.text";
constexpr const char* kOrderNames =
    "timestamp_ms, end_time_ms, execution_time_ms, status, name, request_id, run_id, "
    "experiment_id, tag.<key>, metadata.<key>";

// Names that users try, and what stands for them.
const char* adviceFor(std::string_view name) {
  if (name == "state") return "the state is called status here";
  if (name == "trace_id") return "the trace id is called request_id here";
  if (name == "request_time") return "the start is called timestamp_ms here";
  if (name == "execution_duration" || name == "duration") {
    return "the duration is called execution_time_ms here";
  }
  if (name == "user") return "write metadata.`mlflow.trace.user`";
  if (name == "session") return "write metadata.`mlflow.trace.session`";
  if (name == "text" || name == "request" || name == "response") {
    return "write trace.text LIKE '%…%'";
  }
  return nullptr;
}

Result<Target> traceField(std::string_view name, size_t offset, bool isOrder) {
  for (const NamedField& known : kTraceFields) {
    if (name != known.name) continue;
    const bool isForOrderOnly = known.field == Field::ExperimentId;
    const bool isForFilterOnly =
        known.field == Field::ClientRequestId || known.field == Field::Prompt;
    if (isOrder ? isForFilterOnly : isForOrderOnly) break;
    return Target{known.field, known.key};
  }
  const char* advice = isOrder ? nullptr : adviceFor(name);
  const std::string names = isOrder ? kOrderNames : kTraceFieldNames;
  return refused("there is no " + quoted(name) +
                     (isOrder ? " to order by" : " in the search of traces") +
                     (advice ? std::string(": ") + advice : "; valid are " + names),
                 offset);
}

Result<Target> spanField(std::string_view name, size_t offset) {
  constexpr std::string_view kAttributes = "attributes.";
  if (name == "name") return Target{Field::SpanName, ""};
  if (name == "type") return Target{Field::SpanType, ""};
  if (name == "status") return Target{Field::SpanStatus, ""};
  if (name == "content") return Target{Field::SpanContent, ""};
  if (name.starts_with(kAttributes)) {
    const std::string_view key = withoutNameQuotes(name.substr(kAttributes.size()));
    if (!key.empty()) return Target{Field::SpanAttribute, std::string(key)};
  }
  return refused("there is no " + quoted("span." + std::string(name)) +
                     "; valid are span.name, span.type, span.status, span.content and "
                     "span.attributes.<key>",
                 offset);
}

}  // namespace

Error refused(std::string message, size_t offset) {
  return Error{ErrorCode::InvalidParameterValue, std::move(message), offset};
}

std::string quoted(std::string_view text) {
  if (text.size() > kMaxExcerptBytes) {
    size_t end = kMaxExcerptBytes;
    while (end > 0 && (static_cast<uint8_t>(text[end]) & 0xc0) == 0x80) --end;
    return "'" + std::string(text.substr(0, end)) + "…'";
  }
  return "'" + std::string(text) + "'";
}

Result<Target> targetOf(const Token& token, bool isOrder) {
  if (token.firstDot == Token::kNoDot) {
    return traceField(withoutNameQuotes(token.text), token.offset, isOrder);
  }
  const std::string_view entity = token.text.substr(0, token.firstDot);
  const std::string_view name = withoutNameQuotes(token.text.substr(token.firstDot + 1));
  const size_t offset = token.offset + token.firstDot + 1;
  if (entity == "tag" || entity == "tags") return Target{Field::Tag, std::string(name)};
  if (entity == "metadata" || entity == "request_metadata") {
    return Target{Field::Metadata, std::string(name)};
  }
  if (entity == "trace" && name == "text" && !isOrder) return Target{Field::SpanContent, ""};
  if (entity == "trace" || entity == "attribute" || entity == "attributes") {
    return traceField(name, offset, isOrder);
  }
  if (isOrder) {
    return refused("traces cannot be ordered by " + quoted(token.text) + "; valid are " +
                       std::string(kOrderNames),
                   token.offset);
  }
  if (entity == "span") return spanField(name, offset);
  if (entity == "feedback") return Target{Field::Feedback, std::string(name)};
  if (entity == "expectation") return Target{Field::Expectation, std::string(name)};
  if (entity == "issue") return Target{Field::Issue, std::string(name)};
  return refused("there is no " + quoted(entity) +
                     " to search in; valid before the dot are trace, attribute, tag, metadata, "
                     "span, feedback, expectation (in small letters)",
                 token.offset);
}

namespace {

bool isOneOf(Operator op, std::initializer_list<Operator> allowed) {
  for (const Operator each : allowed) {
    if (op == each) return true;
  }
  return false;
}

}  // namespace

const char* operatorsInsteadOf(Field field, Operator op) {
  using O = Operator;
  const bool isTextual = isOneOf(op, {O::Equal, O::NotEqual, O::Like, O::ILike, O::RLike});
  const bool isOrdering = isOneOf(op, {O::Greater, O::GreaterOrEqual, O::Less, O::LessOrEqual});
  const bool isList = isOneOf(op, {O::In, O::NotIn});
  const bool isPresence = isOneOf(op, {O::IsNull, O::IsNotNull});
  switch (field) {
    case Field::TimestampMs:
    case Field::EndTimeMs:
    case Field::ExecutionTimeMs:
      return isOrdering || isOneOf(op, {O::Equal, O::NotEqual}) ? nullptr : "=, !=, >, >=, <, <=";
    case Field::Tag:
    case Field::Metadata:
      return isTextual || isPresence ? nullptr : "=, !=, LIKE, ILIKE, RLIKE, IS NULL, IS NOT NULL";
    case Field::Feedback:
    case Field::Expectation:
      return isTextual || isPresence || isOrdering
                 ? nullptr
                 : "=, !=, >, >=, <, <=, LIKE, ILIKE, RLIKE, IS NULL, IS NOT NULL";
    case Field::SpanContent:
      return isOneOf(op, {O::Like, O::ILike}) ? nullptr : "LIKE, ILIKE";
    case Field::SpanAttribute:
      return isTextual ? nullptr : "=, !=, LIKE, ILIKE, RLIKE";
    case Field::Prompt:
    case Field::Issue:
      return op == O::Equal ? nullptr : "=";
    default:
      return isTextual || isList ? nullptr : "=, !=, LIKE, ILIKE, RLIKE, IN, NOT IN";
  }
}

}  // namespace spandrel::query
