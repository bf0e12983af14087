#include "trace/token_usage.h"

#include <unordered_map>

#include "trace/attribute_text.h"
#include "trace/constants.h"
#include "trace/json_value.h"

namespace spandrel::trace {
namespace {

struct Key {
  const char* name;
  bool isOptional;
};

constexpr Key kUsageKeys[] = {{"input_tokens", false},
                              {"output_tokens", false},
                              {"total_tokens", false},
                              {"cache_read_input_tokens", true},
                              {"cache_creation_input_tokens", true},
                              {"cache_creation_input_tokens_above_1hr", true}};
constexpr Key kCostKeys[] = {{"input_cost", false}, {"output_cost", false}, {"total_cost", false}};

const AnyValue* member(const AnyValue& map, std::string_view key) {
  for (const auto& [name, value] : map.members) {
    if (name == key) return &value;
  }
  return nullptr;
}

double asDouble(const AnyValue& number) {
  return number.kind == AnyValue::Kind::Int ? static_cast<double>(number.integer) : number.number;
}

// Integers stay integers until they overflow or meet a double.
AnyValue sum(const AnyValue& a, const AnyValue& b) {
  int64_t total = 0;
  if (a.kind == AnyValue::Kind::Int && b.kind == AnyValue::Kind::Int &&
      !__builtin_add_overflow(a.integer, b.integer, &total)) {
    return AnyValue::of(total);
  }
  return AnyValue::of(asDouble(a) + asDouble(b));
}

bool isNumber(const AnyValue& value) {
  return value.kind == AnyValue::Kind::Int || value.kind == AnyValue::Kind::Double;
}

// The decoded attribute of each span; Empty where it counts as absent.
std::vector<AnyValue> reportsOf(const std::vector<SpanData>& spans, std::string_view key) {
  std::vector<AnyValue> reports;
  reports.reserve(spans.size());
  for (const SpanData& span : spans) reports.push_back(attributeValue(span, key));
  return reports;
}

// For each span whether an ancestor in the trace reports. Parents that form a ring, as only broken
// input has them, cover nobody.
std::vector<bool> coveredSpans(const std::vector<SpanData>& spans,
                               const std::vector<AnyValue>& reports) {
  enum class Cover : uint8_t { Unknown, Walking, No, Yes };
  std::unordered_map<SpanId, size_t, SpanIdHash> places;
  for (size_t i = 0; i < spans.size(); ++i) places.emplace(spans[i].spanId, i);
  std::vector<Cover> covers(spans.size(), Cover::Unknown);
  std::vector<size_t> path;
  for (size_t i = 0; i < spans.size(); ++i) {
    path.clear();
    Cover result = Cover::No;
    for (size_t at = i;;) {
      if (covers[at] != Cover::Unknown) {
        result = covers[at] == Cover::Yes ? Cover::Yes : Cover::No;
        break;
      }
      covers[at] = Cover::Walking;
      path.push_back(at);
      const auto parent = places.find(spans[at].parentSpanId);
      if (spans[at].parentSpanId.isZero() || parent == places.end()) break;
      at = parent->second;
      if (reports[at].kind != AnyValue::Kind::Empty) {
        result = Cover::Yes;
        break;
      }
    }
    for (size_t place : path) covers[place] = result;
  }
  std::vector<bool> covered;
  covered.reserve(spans.size());
  for (Cover cover : covers) covered.push_back(cover == Cover::Yes);
  return covered;
}

Error malformed(const SpanData& span, std::string_view key) {
  return Error{ErrorCode::InvalidParameterValue,
               "span '" + span.name + "': " + std::string(key) + " is no object of numbers"};
}

template <size_t count>
Result<std::optional<AnyValue>> aggregate(const std::vector<SpanData>& spans,
                                          std::string_view attribute, const Key (&keys)[count],
                                          const AnyValue& zero) {
  const std::vector<AnyValue> reports = reportsOf(spans, attribute);
  const std::vector<bool> covered = coveredSpans(spans, reports);
  AnyValue sums[count];
  bool isPresent[count] = {};
  for (AnyValue& each : sums) each = zero;
  bool isReported = false;
  for (size_t i = 0; i < spans.size(); ++i) {
    if (covered[i] || reports[i].kind == AnyValue::Kind::Empty) continue;
    if (reports[i].kind != AnyValue::Kind::Map) return malformed(spans[i], attribute);
    isReported = true;
    for (size_t k = 0; k < count; ++k) {
      const AnyValue* value = member(reports[i], keys[k].name);
      if (!value) continue;
      if (!isNumber(*value)) return malformed(spans[i], attribute);
      sums[k] = sum(sums[k], *value);
      isPresent[k] = true;
    }
  }
  if (!isReported) return std::optional<AnyValue>();
  std::vector<AnyValue::Member> members;
  for (size_t k = 0; k < count; ++k) {
    if (isPresent[k] || !keys[k].isOptional) members.emplace_back(keys[k].name, std::move(sums[k]));
  }
  return std::optional<AnyValue>(AnyValue::map(std::move(members)));
}

Result<Done> setMetadata(TraceInfo& info, std::string_view key,
                         const Result<std::optional<AnyValue>>& total) {
  if (!total.ok()) return total.error();
  if (total.value()) info.traceMetadata[std::string(key)] = dumpJson(*total.value());
  return Done{};
}

}  // namespace

Result<std::optional<AnyValue>> aggregateTokenUsage(const std::vector<SpanData>& spans) {
  return aggregate(spans, attribute_key::kTokenUsage, kUsageKeys, AnyValue::of(int64_t{0}));
}

Result<std::optional<AnyValue>> aggregateCost(const std::vector<SpanData>& spans) {
  return aggregate(spans, attribute_key::kCost, kCostKeys, AnyValue::of(0.0));
}

Result<Done> setTokenUsageMetadata(TraceInfo& info, const std::vector<SpanData>& spans) {
  return setMetadata(info, metadata_key::kTokenUsage, aggregateTokenUsage(spans));
}

Result<Done> setCostMetadata(TraceInfo& info, const std::vector<SpanData>& spans) {
  return setMetadata(info, metadata_key::kCost, aggregateCost(spans));
}

}  // namespace spandrel::trace
