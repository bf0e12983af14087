#include "manager/live_span.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "base/json_text.h"
#include "manager/link_ids.h"
#include "manager/span.h"
#include "record/grammar.h"
#include "record/portable.h"
#include "trace/attribute_text.h"
#include "trace/constants.h"
#include "trace/json_value.h"

namespace spandrel::manager {
namespace {

using trace::AnyValue;
using trace::Attribute;
namespace key = trace::attribute_key;

bool isPrimitive(AnyValue::Kind kind) {
  using Kind = AnyValue::Kind;
  return kind == Kind::Bool || kind == Kind::Int || kind == Kind::Double || kind == Kind::String;
}

AnyValue frozen(AnyValue value) {
  using Kind = AnyValue::Kind;
  const bool isStructure =
      value.kind == Kind::Map || (value.kind == Kind::Array && !isHomogeneous(value.items));
  if (!isStructure) return value;
  Result<std::string> json = minifyJson(trace::dumpJson(value));
  return AnyValue::json(json.ok() ? json.take() : std::string("null"));
}

// Fills attributes of an event or a link; the first `limit` stay.
std::vector<Attribute> limited(std::vector<Attribute> attributes, uint32_t limit,
                               uint32_t valueLength, uint32_t& dropped) {
  std::vector<Attribute> kept;
  for (Attribute& attribute : attributes) {
    if (attribute.key.empty()) continue;
    if (kept.size() >= limit) {
      ++dropped;
      continue;
    }
    attribute.value = frozen(std::move(attribute.value));
    truncateValue(attribute.value, valueLength);
    kept.push_back(std::move(attribute));
  }
  return kept;
}

std::shared_ptr<const SpanRuntime> runtimeOrDefault(std::shared_ptr<const SpanRuntime> runtime) {
  static const auto plain = std::make_shared<const SpanRuntime>();
  if (!runtime) return plain;
  return runtime;
}

LiveSpanOptions completed(LiveSpanOptions options) {
  if (options.traceIdText.empty()) options.traceIdText = trace::generateTraceIdV3(options.traceId);
  return options;
}

}  // namespace

std::shared_ptr<LiveSpan> LiveSpan::start(LiveSpanOptions options,
                                          std::shared_ptr<const SpanRuntime> runtime) {
  return std::shared_ptr<LiveSpan>(
      new LiveSpan(completed(std::move(options)), runtimeOrDefault(std::move(runtime))));
}

LiveSpan::LiveSpan(LiveSpanOptions options, std::shared_ptr<const SpanRuntime> runtime)
    : options_(std::move(options)), runtime_(std::move(runtime)), spanType_(options_.spanType) {}

// --- reading ------------------------------------------------------------------------------------

uint64_t LiveSpan::endTimeNs() const {
  const std::lock_guard guard(lock_);
  return endTimeNs_;
}

trace::Status LiveSpan::status() const {
  const std::lock_guard guard(lock_);
  return status_;
}

std::string LiveSpan::spanType() const {
  const std::lock_guard guard(lock_);
  return typeLocked();
}

std::optional<AnyValue> LiveSpan::attribute(std::string_view name) const {
  const trace::SpanData now = data();
  const AnyValue* found = now.find(name);
  return found == nullptr ? std::nullopt : std::optional<AnyValue>(*found);
}

bool LiveSpan::hasEnded() const {
  const std::lock_guard guard(lock_);
  return state_ == State::Ended;
}

trace::SpanData LiveSpan::data() const {
  const std::lock_guard guard(lock_);
  return dataLocked();
}

Span LiveSpan::toImmutableSpan() const {
  return Span(data());
}

// Attributes that the record keeps in its header stand where decodeRecord() puts them.
trace::SpanData LiveSpan::dataLocked() const {
  trace::SpanData span = ownDataLocked();
  std::vector<Attribute> all;
  if (options_.startTimeWasGiven) {
    all.push_back(
        {std::string(key::kStartTimeNs), AnyValue::of(static_cast<int64_t>(options_.startTimeNs))});
  }
  if (!options_.experimentId.empty()) {
    all.push_back({std::string(key::kExperimentId), AnyValue::string(options_.experimentId)});
  }
  all.push_back({std::string(key::kTraceId), AnyValue::string(options_.traceIdText)});
  all.push_back({std::string(key::kSpanType), AnyValue::string(typeLocked())});
  std::move(span.attributes.begin(), span.attributes.end(), std::back_inserter(all));
  if (defaultLogLevel_ > 0) {
    all.push_back(
        {std::string(key::kLogLevel), AnyValue::of(static_cast<int64_t>(defaultLogLevel_))});
  }
  span.attributes = std::move(all);
  return span;
}

// With the attributes that the user set, no others.
trace::SpanData LiveSpan::ownDataLocked() const {
  trace::SpanData span;
  span.traceId = options_.traceId;
  span.spanId = options_.spanId;
  span.parentSpanId = options_.parentSpanId;
  span.traceState = options_.traceState;
  span.name = options_.name;
  span.kind = options_.kind;
  span.flags =
      options_.traceFlags | trace::kHasIsRemote | (options_.hasRemoteParent ? trace::kIsRemote : 0);
  span.startTimeNs = options_.startTimeNs;
  span.isOpen = state_ == State::Open;
  span.endTimeNs = span.isOpen ? 0 : endTimeNs_;
  span.status = status_;
  span.attributes = attributes_;
  span.events = events_;
  span.links = links_;
  span.droppedAttributes = droppedAttributes_;
  span.droppedEvents = droppedEvents_;
  span.droppedLinks = droppedLinks_;
  span.ordinal = options_.ordinal;
  return span;
}

std::string LiveSpan::typeLocked() const {
  return spanType_.empty() ? std::string(trace::kUnknownSpanType) : spanType_;
}

record::RecordRef LiveSpan::recordLocked() const {
  record::RecordHead head;
  head.spanType = spanType_;
  if (options_.traceIdText != trace::generateTraceIdV3(options_.traceId))
    head.traceIdText = options_.traceIdText;
  head.experimentId = options_.experimentId;
  head.startTimeWasGiven = options_.startTimeWasGiven;
  const uint32_t routing = static_cast<uint32_t>(defaultLogLevel_) | options_.destinations << 8;
  return record::adoptSpan(ownDataLocked(), head, routing,
                           options_.isLocalRoot ? record::flags::kRoot : 0);
}

record::RecordRef LiveSpan::snapshot() const {
  const std::lock_guard guard(lock_);
  return recordLocked();
}

// --- setting ------------------------------------------------------------------------------------

Result<Done> LiveSpan::setAttribute(std::string_view name, AnyValue value) {
  if (name.empty()) return Error{ErrorCode::InvalidParameterValue, "an attribute key is empty"};
  const std::lock_guard guard(lock_);
  if (state_ == State::Ended) return Done{};
  put(name, frozen(std::move(value)));
  return Done{};
}

Result<Done> LiveSpan::setAttributes(std::vector<Attribute> attributes) {
  Result<Done> first = Done{};
  for (Attribute& attribute : attributes) {
    const Result<Done> set = setAttribute(attribute.key, std::move(attribute.value));
    if (!set.ok() && first.ok()) first = set;
  }
  return first;
}

Result<Done> LiveSpan::setInputs(std::string json) {
  return putJson(key::kInputs, std::move(json));
}
Result<Done> LiveSpan::setOutputs(std::string json) {
  return putJson(key::kOutputs, std::move(json));
}

Result<Done> LiveSpan::putJson(std::string_view name, std::string json) {
  const Result<Done> checked = checkJson(json);
  if (!checked.ok())
    return Error{ErrorCode::InvalidParameterValue, checked.error().message, checked.error().offset};
  const std::lock_guard guard(lock_);
  if (state_ != State::Ended) put(name, AnyValue::json(std::move(json)));
  return Done{};
}

void LiveSpan::put(std::string_view name, AnyValue value) {
  if (name == key::kSpanType) {
    spanType_ =
        value.kind == AnyValue::Kind::String ? std::move(value.text) : trace::attributeText(value);
    return;
  }
  if (name == key::kLogLevel) defaultLogLevel_ = 0;
  const bool isReserved = isReservedKey(name);
  if (!isReserved) truncateValue(value, runtime_->limits.valueLength);

  const auto found = std::find_if(attributes_.begin(), attributes_.end(),
                                  [&](const Attribute& a) { return a.key == name; });
  if (found != attributes_.end()) {
    found->value = std::move(value);
    std::rotate(found, found + 1, attributes_.end());
    return;
  }
  if (!isReserved && ordinaryAttributes_ >= runtime_->limits.attributes) {
    ++droppedAttributes_;
    return;
  }
  if (!isReserved) ++ordinaryAttributes_;
  attributes_.push_back({std::string(name), std::move(value)});
}

void LiveSpan::setSpanType(std::string spanType) {
  const std::lock_guard guard(lock_);
  if (state_ != State::Ended) spanType_ = std::move(spanType);
}

void LiveSpan::setDescription(std::string description) {
  setAttribute(key::kDescription, AnyValue::string(std::move(description)));
}

void LiveSpan::setLogLevel(int level) {
  setAttribute(key::kLogLevel, AnyValue::of(static_cast<int64_t>(level)));
}

void LiveSpan::setStatus(trace::StatusCode code, std::string description) {
  const std::lock_guard guard(lock_);
  if (state_ == State::Ended || code == trace::StatusCode::Unset ||
      status_.code == trace::StatusCode::Ok)
    return;
  status_.code = code;
  status_.description = code == trace::StatusCode::Error ? std::move(description) : std::string();
}

Result<Done> LiveSpan::setStatus(std::string_view code, std::string description) {
  const Result<trace::StatusCode> parsed = parseStatusCode(code);
  if (!parsed.ok()) return parsed.error();
  setStatus(parsed.value(), std::move(description));
  return Done{};
}

void LiveSpan::addEvent(trace::Event event) {
  const std::lock_guard guard(lock_);
  if (state_ == State::Ended) return;
  const SpanLimits& limits = runtime_->limits;
  event.attributes = limited(std::move(event.attributes), limits.attributesPerEvent,
                             limits.valueLength, event.droppedAttributes);
  if (events_.size() >= limits.events) {
    ++droppedEvents_;
    if (limits.events == 0) return;
    events_.erase(events_.begin());
  }
  if (event.name == "exception") raiseLogLevel();
  events_.push_back(std::move(event));
}

void LiveSpan::raiseLogLevel() {
  const auto set = std::find_if(attributes_.begin(), attributes_.end(),
                                [](const Attribute& a) { return a.key == key::kLogLevel; });
  if (set == attributes_.end()) {
    defaultLogLevel_ = kLogLevelError;
  } else if (set->value.kind == AnyValue::Kind::Int && set->value.integer < kLogLevelError) {
    set->value.integer = kLogLevelError;
  }
}

Result<Done> LiveSpan::addLink(LinkInput input) {
  Result<trace::Link> ids = linkWithIds(input.traceId, input.spanId, options_.traceIdText);
  if (!ids.ok()) return ids.error();

  const std::lock_guard guard(lock_);
  if (state_ == State::Ended) return Done{};
  const SpanLimits& limits = runtime_->limits;
  if (links_.size() >= limits.links) {
    ++droppedLinks_;
    return Done{};
  }
  trace::Link link = ids.take();
  link.traceState = std::move(input.traceState);
  link.flags = input.flags & 0xFF;
  link.attributes = limited(std::move(input.attributes), limits.attributesPerLink,
                            limits.valueLength, link.droppedAttributes);
  links_.push_back(std::move(link));
  return Done{};
}

void LiveSpan::recordException(std::string_view type, std::string_view message,
                               std::string_view stacktrace, uint64_t timeNs) {
  trace::Event event;
  event.name = "exception";
  event.timeNs = timeNs;
  event.attributes = {{"exception.type", AnyValue::string(std::string(type))},
                      {"exception.message", AnyValue::string(std::string(message))},
                      {"exception.stacktrace", AnyValue::string(std::string(stacktrace))}};
  addEvent(std::move(event));
  setStatus(trace::StatusCode::Error, std::string(type) + ": " + std::string(message));
}

// --- ending -------------------------------------------------------------------------------------

bool LiveSpan::end(EndOptions end, uint64_t nowNs) {
  {
    const std::lock_guard guard(lock_);
    if (state_ != State::Open) return false;
    state_ = State::Ending;
    endTimeNs_ = std::max(end.endTimeNs.value_or(nowNs), options_.startTimeNs);
  }
  logRefusal(setAttributes(std::move(end.attributes)));
  if (end.outputsJson) logRefusal(setOutputs(std::move(*end.outputsJson)));
  if (end.status) logRefusal(setStatus(*end.status));
  {
    const std::lock_guard guard(lock_);
    const bool hasLevel = std::any_of(attributes_.begin(), attributes_.end(),
                                      [](const Attribute& a) { return a.key == key::kLogLevel; });
    if (defaultLogLevel_ == 0 && !hasLevel) defaultLogLevel_ = defaultLogLevel(spanType_);
  }
  for (const auto& process : runtime_->processors) process(*this);
  {
    const std::lock_guard guard(lock_);
    if (status_.code == trace::StatusCode::Unset) status_.code = trace::StatusCode::Ok;
  }
  const bool isWithheld = runtime_->beforeSeal && !runtime_->beforeSeal(*this);

  record::RecordRef made;
  {
    const std::lock_guard guard(lock_);
    state_ = State::Ended;
    if (runtime_->spanHasEnded && !isWithheld) made = recordLocked();
  }
  if (!runtime_->spanHasEnded) return true;
  const EndOutcome outcome = isWithheld ? EndOutcome::Withheld
                             : made     ? EndOutcome::Recorded
                                        : EndOutcome::NoMemory;
  runtime_->spanHasEnded(*this, std::move(made), outcome);
  return true;
}

void LiveSpan::log(LogSeverity severity, const std::string& message) const {
  if (runtime_->logger) runtime_->logger(severity, message);
}

void LiveSpan::logRefusal(const Result<Done>& result) const {
  if (!result.ok()) log(LogSeverity::Warning, "while a span ended: " + result.error().message);
}

// --- values -------------------------------------------------------------------------------------

bool isHomogeneous(const std::vector<AnyValue>& items) {
  using Kind = AnyValue::Kind;
  const auto family = [](Kind kind) { return kind == Kind::Double ? Kind::Int : kind; };
  return std::all_of(items.begin(), items.end(), [&](const AnyValue& item) {
    return isPrimitive(item.kind) && family(item.kind) == family(items.front().kind);
  });
}

// --- names --------------------------------------------------------------------------------------

Result<int> parseLogLevel(std::string_view name) {
  static constexpr std::array<std::pair<std::string_view, int>, 5> kLevels = {
      {{"DEBUG", 10}, {"INFO", 20}, {"WARNING", 30}, {"ERROR", 40}, {"CRITICAL", 50}}};
  std::string upper(name);
  for (char& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  for (const auto& [level, number] : kLevels) {
    if (upper == level) return number;
  }
  return Error{
      ErrorCode::InvalidParameterValue,
      "'" + std::string(name) + "' is no log level: DEBUG, INFO, WARNING, ERROR or CRITICAL"};
}

int defaultLogLevel(std::string_view spanType) {
  static constexpr std::array<std::string_view, 6> kInfoTypes = {
      "LLM", "CHAT_MODEL", "TOOL", "RETRIEVER", "AGENT", "EMBEDDING"};
  return std::find(kInfoTypes.begin(), kInfoTypes.end(), spanType) == kInfoTypes.end()
             ? kLogLevelDebug
             : kLogLevelInfo;
}

Result<trace::StatusCode> parseStatusCode(std::string_view name) {
  if (name == "UNSET") return trace::StatusCode::Unset;
  if (name == "OK") return trace::StatusCode::Ok;
  if (name == "ERROR") return trace::StatusCode::Error;
  return Error{ErrorCode::InvalidParameterValue,
               "'" + std::string(name) + "' is no status: OK, ERROR or UNSET"};
}

}  // namespace spandrel::manager
